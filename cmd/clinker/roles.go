package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/db/bus"
	"github.com/clinker-io/clinker/db/notify"
	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/internal/sdnotify"
)

// base is what every role stands on.
type base struct {
	cfg   *config.Config
	store *db.Store
	bus   bus.Bus
	log   *slog.Logger
	host  string // of this node
	access
}

// wakeLimit bounds how long a wake-up may hold up the one who sends it.
const wakeLimit = 2 * time.Second

// openStore connects to the database and lets it wake queues over b.
func openStore(ctx context.Context, cfg *config.Config, dsn string, b bus.Bus, log *slog.Logger) (*db.Store, error) {
	d := cfg.Default
	return db.Open(ctx, dsn, db.Options{
		MaxConns:    cfg.Database.MaxPoolSize,
		MessageTTL:  config.Seconds(d.MessageTTL),
		ServiceDown: config.Seconds(d.ServiceDownTime),
		Quotas: db.QuotaDefaults{Volumes: d.QuotaVolumes, Snapshots: d.QuotaSnapshots, Gigabytes: d.QuotaGigabytes, Groups: d.QuotaGroups,
			Backups: d.QuotaBackups, BackupGigabytes: d.QuotaBackupGigabytes, PerVolumeGigabytes: d.PerVolumeSizeLimit},
		NoSnapshotGigabytes: d.NoSnapshotGigabytes,
		Compute:             serviceLogin(cfg, "nova", cfg.Nova.Login).AuthURL != "",
		Notify:              notify.Enabled(cfg.Notify.Driver),
		Host:                hostOf(cfg),
		Wake: func(queue, job string) {
			ctx, cancel := context.WithTimeout(context.Background(), wakeLimit)
			defer cancel()
			if err := b.Wake(ctx, queue, job); err != nil {
				log.Debug("a wake-up is lost; the job will be found", "queue", queue, "err", err)
			}
		},
	})
}

// distributed opens what a role on its own needs, from a configuration file.
func distributed(ctx context.Context, path, role string) (*base, error) {
	cfg, err := config.Load(path, nil)
	if err != nil {
		return nil, err
	}
	if err := openLogs(cfg, role); err != nil {
		return nil, err
	}
	log := newLogger(cfg.Default.Debug)
	dsn, err := cfg.Database.DSN()
	if err != nil {
		return nil, err
	}
	b, err := openBus(cfg, log)
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, cfg, dsn, b, log)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return &base{cfg: cfg, store: store, bus: b, log: log, host: hostOf(cfg)}, nil
}

// ready tells systemd that the role does its work.
func (b *base) ready() {
	if err := sdnotify.Ready(); err != nil {
		b.log.Warn("systemd does not hear that the service is ready", "err", err)
	}
}

func (b *base) Close() error {
	err := b.bus.Close()
	b.store.Close()
	return err
}

func hostOf(cfg *config.Config) string {
	if cfg.Default.Host != "" {
		return cfg.Default.Host
	}
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "localhost"
}

func newLogger(debug bool) *slog.Logger {
	return newLevels(debug).Logger("clinker")
}

// role makes the subcommand of one role of a distributed set-up.
func role(use, short, long string, run func(ctx context.Context, b *base) error) *cobra.Command {
	var file string
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := distributed(cmd.Context(), file, use)
			if err != nil {
				return err
			}
			stop, err := b.startSender(cmd.Context())
			if err != nil {
				return errors.Join(err, b.Close())
			}
			err = run(cmd.Context(), b)
			stop()
			return errors.Join(err, b.Close())
		}}
	cmd.Flags().StringVar(&file, "config-file", "/etc/clinker/cinder.conf", "configuration, in cinder.conf's form")
	return cmd
}

// replyQueue names the private queue on which this process hears that a job
// has ended for which one of its callers waits.
func replyQueue() string { return "api." + uuid.NewString() }

// serveReplies wakes waiting callers until ctx ends.
func (b *base) serveReplies(ctx context.Context, queue string) error {
	return b.bus.Serve(ctx, queue, func(_ context.Context, id string) error {
		b.store.JobEnded(id)
		return nil
	})
}

func joinHostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// together runs parts until ctx ends or one of them fails, which ends the
// others. A part that was stopped in the middle of its start has not failed.
func together(ctx context.Context, parts map[string]func(context.Context) error) error {
	g, each := errgroup.WithContext(ctx)
	for name, part := range parts {
		g.Go(func() error {
			err := part(each)
			if err == nil || ctx.Err() != nil && errors.Is(err, context.Canceled) {
				return nil
			}
			return fmt.Errorf("%s: %w", name, err)
		})
	}
	return g.Wait()
}
