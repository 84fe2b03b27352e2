package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/internal/loglevel"
	"github.com/clinker-io/clinker/scheduler"
	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/volume"
	"github.com/clinker-io/clinker/volume/driver/all"
)

func volumeCommand() *cobra.Command {
	return role("volume", "Run the volume workers of this node and their iSCSI target",
		"Runs one worker for each backend that enabled_backends names, and one iSCSI target for each\naddress that they export on.",
		func(ctx context.Context, b *base) error { return b.runVolumeAlone(ctx) })
}

// runVolumeAlone is the role in a process of its own.
func (b *base) runVolumeAlone(ctx context.Context) error {
	ready := make(chan struct{})
	return together(ctx, map[string]func(context.Context) error{
		"volume": func(ctx context.Context) error { return b.runVolume(ctx, nil, ready) },
		"ready": func(ctx context.Context) error {
			select {
			case <-ready:
				b.ready()
			case <-ctx.Done():
			}
			return nil
		},
	})
}

// portal is one iSCSI server with the workers that export on it.
type portal struct {
	server    *target.Server
	addresses []string // as configured; the first one names the portal
	listeners []net.Listener
	workers   []*volume.Worker
	levels    []*loglevel.Set // of each worker
}

// stopLimit is how long initiators get to end their sessions.
const stopLimit = 5 * time.Second

// runVolume opens the portals, prepares every backend, closes ready, and serves
// until ctx ends. ln, when given, is the listener to use in the place of what
// the backends configure.
func (b *base) runVolume(ctx context.Context, ln net.Listener, ready chan<- struct{}) error {
	if len(b.cfg.Backends) == 0 {
		return errors.New("option enabled_backends: name at least one section with a backend")
	}
	portals, err := b.openPortals(ln)
	if err != nil {
		return err
	}
	defer closePortals(portals)
	for _, p := range portals {
		for _, w := range p.workers {
			if err := w.Prepare(ctx); err != nil {
				return err
			}
		}
	}
	close(ready)
	parts := make(map[string]func(context.Context) error)
	for _, p := range portals {
		for _, ln := range p.listeners {
			parts["iSCSI target on "+ln.Addr().String()] = func(ctx context.Context) error { return serveTarget(ctx, p.server, ln) }
		}
		for i, w := range p.workers {
			parts["backend "+w.Host] = w.Run
			parts["log levels of "+w.Host] = func(ctx context.Context) error {
				return b.followLogs(ctx, db.BinaryVolume, w.Host, p.levels[i])
			}
		}
	}
	return together(ctx, parts)
}

// serveTarget accepts initiators until ctx ends. Sessions stay while the
// workers finish their jobs; closePortals ends them.
func serveTarget(ctx context.Context, s *target.Server, ln net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	if err := s.Serve(ln); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// openPortals opens one server for each distinct address of the backends, and
// the backends' workers on it.
func (b *base) openPortals(given net.Listener) (map[string]*portal, error) {
	portals := make(map[string]*portal)
	for _, c := range b.cfg.Backends {
		addr := joinHostPort(c.TargetAddress, c.TargetPort)
		p, levels := portals[addr], newLevels(b.cfg.Default.Debug)
		if p == nil {
			p = &portal{server: target.NewServer(target.Config{Log: levels.Logger("clinker.target")})}
			portals[addr] = p
			if err := b.openListeners(p, c, given); err != nil {
				closePortals(portals)
				return nil, err
			}
		}
		w, err := b.newWorker(c, p, levels.Logger("clinker.volume"))
		if err != nil {
			closePortals(portals)
			return nil, err
		}
		p.workers, p.levels = append(p.workers, w), append(p.levels, levels)
	}
	return portals, nil
}

func (b *base) openListeners(p *portal, c config.Backend, given net.Listener) error {
	if given != nil {
		p.listeners = append(p.listeners, given)
	} else {
		for _, host := range append([]string{c.TargetAddress}, c.TargetSecondary...) {
			ln, err := listen("the iSCSI target", "target_ip_address and target_port", joinHostPort(host, c.TargetPort), "")
			if err != nil {
				return err
			}
			p.listeners = append(p.listeners, ln)
		}
	}
	for _, ln := range p.listeners {
		p.addresses = append(p.addresses, reachable(ln.Addr(), b.cfg.Default.MyIP))
	}
	return nil
}

// reachable is the address that connectors are told: where the listener takes
// every address of the node, the one of option my_ip.
func reachable(addr net.Addr, myIP string) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return joinHostPort(myIP, tcp.Port)
}

func (b *base) newWorker(c config.Backend, p *portal, log *slog.Logger) (*volume.Worker, error) {
	entry, err := all.Find(c.VolumeDriver)
	if err != nil {
		return nil, fmt.Errorf("backend [%s]: %w", c.Section, err)
	}
	options := entry.Options()
	d := b.cfg.Default
	given := map[string]string{"volume_name_template": d.VolumeName, "snapshot_name_template": d.SnapshotName, "volume_backend_name": c.BackendName}
	if err := b.cfg.Decode(c.Section, options, given); err != nil {
		return nil, fmt.Errorf("backend [%s]: %w", c.Section, err)
	}
	drv, err := entry.Open(options)
	if err != nil {
		return nil, fmt.Errorf("backend [%s]: %w", c.Section, err)
	}
	host, zone := b.host, d.Zone
	if c.BackendHost != "" {
		host = c.BackendHost
	}
	if c.Zone != "" {
		zone = c.Zone
	}
	compute, err := workerCompute(b.cfg)
	if err != nil {
		return nil, err
	}
	cluster := strings.TrimSpace(c.Cluster)
	if cluster != "" {
		cluster += "@" + c.Section
	}
	images, err := b.images(c)
	if err != nil {
		return nil, err
	}
	keys, err := openKeys(b.cfg, log)
	if err != nil {
		return nil, err
	}
	return volume.New(volume.Config{Host: host + "@" + c.Section, Cluster: cluster, AvailabilityZone: zone, Store: b.store, Bus: b.bus, Driver: drv,
		Target: p.server, Portals: p.addresses, TargetPrefix: c.TargetPrefix, VolumeName: d.VolumeName, SnapshotName: d.SnapshotName,
		BackendName: c.BackendName, Reserved: c.Reserved, OverSubscription: c.MaxOverSubscription, ReportDiscard: c.ReportDiscard,
		ReportInterval: config.Seconds(d.ReportInterval), RescheduleUpTo: d.MaxAttempts, Extra: functions(c, log), Images: images,
		Compute: compute, Keys: keys, Log: log}), nil
}

// functions are what a backend reports for the scheduler to compute. One that
// cannot be read refuses every volume, as Cinder's does: it is warned of here.
func functions(c config.Backend, log *slog.Logger) map[string]any {
	out := make(map[string]any)
	for name, text := range map[string]string{"filter_function": c.FilterFunction, "goodness_function": c.GoodnessFunction} {
		if text == "" {
			continue
		}
		out[name] = text
		if err := scheduler.CheckFunction(text); err != nil {
			log.Warn("a function cannot be read", "backend", c.Section, "option", name, "err", err)
		}
	}
	return out
}

// closePortals ends sessions first, then closes what they were on.
func closePortals(portals map[string]*portal) {
	for _, p := range portals {
		for _, ln := range p.listeners {
			_ = ln.Close() // a second time is no harm
		}
		ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
		_ = p.server.Shutdown(ctx) // sessions that do not end in time are cut
		cancel()
		for _, w := range p.workers {
			if err := w.Close(); err != nil {
				w.Log.Warn("close backend", "err", err)
			}
		}
	}
}
