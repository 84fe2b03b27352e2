package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/api"
	"github.com/clinker-io/clinker/api/standalone"
	"github.com/clinker-io/clinker/internal/config"
)

func apiCommand() *cobra.Command {
	return role("api", "Run an API server",
		"Answers the Block Storage API v3. Any number may run behind a load balancer.",
		func(ctx context.Context, b *base) error { return b.runAPI(ctx) })
}

func (b *base) runAPI(ctx context.Context) error {
	d := b.cfg.Default
	ln, err := listen("the API", "osapi_volume_listen and osapi_volume_listen_port", joinHostPort(d.Listen, d.ListenPort), "")
	if err != nil {
		return err
	}
	b.log.Info("the API listens", "address", ln.Addr().String())
	if b.access, err = openAccess(b.cfg, b.log); err != nil {
		return err
	}
	asked, err := compute(b.cfg)
	if err != nil {
		return err
	}
	replies := replyQueue()
	handler, err := b.apiHandler(replies, asked)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	b.ready()
	return together(ctx, map[string]func(context.Context) error{
		"replies": func(ctx context.Context) error { return b.serveReplies(ctx, replies) },
		"api":     func(ctx context.Context) error { return serveHTTP(ctx, ln, handler, b.log) },
	})
}

// apiHandler is the API with this node's configuration.
func (b *base) apiHandler(replies string, compute api.Compute) (http.Handler, error) {
	d := b.cfg.Default
	filters, err := resourceFilters(d.ResourceFilters)
	if err != nil {
		return nil, err
	}
	choice, ratio, err := schedulerConfig(b.cfg)
	if err != nil {
		return nil, err
	}
	images, err := openGlance(b.cfg)
	if err != nil {
		return nil, err
	}
	keys, err := openKeys(b.cfg, b.log)
	if err != nil {
		return nil, err
	}
	levels := newLevels(d.Debug)
	zone := d.DefaultZone
	if zone == "" {
		zone = d.Zone
	}
	return api.New(api.Config{Store: b.store, Auth: b.who, Policy: b.rules, Logger: levels.Logger("clinker.api"), Logs: levels, Host: b.host,
		ResourceFilters: filters, PoolsOfType: poolsOfType(choice, ratio),
		PublicEndpoint: d.PublicEndpoint, MaxLimit: d.MaxLimit,
		DefaultVolumeType: d.DefaultVolumeType, DefaultGroupType: d.DefaultGroupType, DefaultAvailabilityZone: zone, ZoneFallback: d.ZoneFallback,
		ClonesAcrossZones: !d.ClonedSameZone, WaitLimit: config.Seconds(d.RPCTimeout), ReplyTo: replies,
		Compute: compute, Images: images, ImageOptions: imageOptions(d.Images), Keys: keys, VolumeName: d.VolumeName,
		TransferKeyLength: d.TransferKeyLength, TransferSaltLength: d.TransferSaltLength}), nil
}

// shutdownLimit is how long requests under way get when the service stops.
const shutdownLimit = 10 * time.Second

// serveHTTP serves until ctx ends, then lets requests under way finish.
func serveHTTP(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second, ReadTimeout: 2 * time.Minute, WriteTimeout: 5 * time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
		defer cancel()
		stopped <- srv.Shutdown(limited)
	})
	err := srv.Serve(ln)
	if stop() { // it ended by itself
		return err
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("requests were cut off: %w", err)
	}
	return nil
}

// handler is the API of `clinker all`, with the identity and image endpoints
// that clients ask for.
func (s *standaloneService) handler(replies string) (http.Handler, error) {
	h, err := s.apiHandler(replies, nil)
	if err != nil {
		return nil, err
	}
	return standalone.New(s.user, h), nil
}

// cloudsYAML tells clients how to log in.
func (s *standaloneService) cloudsYAML() []byte {
	return []byte(standalone.CloudsYAML("clinker", "http://"+s.api.Addr().String(), s.user))
}

// volumeURL is the endpoint with the project in it.
func (s *standaloneService) volumeURL() string {
	return fmt.Sprintf("http://%s/v3/%s", s.api.Addr(), s.user.ProjectID)
}

// theUser is the one user of the state folder, made at its first start.
func theUser(dir *stateDir) (standalone.Config, error) {
	var u standalone.Config
	raw, err := os.ReadFile(dir.join("user.json"))
	if err == nil {
		if err := json.Unmarshal(raw, &u); err != nil {
			return u, fmt.Errorf("user.json in the state folder: %w", err)
		}
		return u, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return u, fmt.Errorf("state folder: %w", err)
	}
	u = standalone.Config{UserID: hexID(), UserName: "demo", Password: rand.Text(), ProjectID: hexID(), ProjectName: "demo"}
	if raw, err = json.Marshal(u); err != nil {
		return u, err
	}
	if err := dir.writeFile("user.json", raw); err != nil {
		return u, fmt.Errorf("state folder: %w", err)
	}
	return u, nil
}

// hexID is an id in the form of Keystone's.
func hexID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
