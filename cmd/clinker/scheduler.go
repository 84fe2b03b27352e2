package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/scheduler"
)

func schedulerCommand() *cobra.Command {
	return role("scheduler", "Run a scheduler, which places volumes on pools",
		"Runs a scheduler. Any number may run at once; each decision is one transaction.",
		func(ctx context.Context, b *base) error {
			b.ready() // its first act is to report that it lives
			return b.runScheduler(ctx)
		})
}

func (b *base) runScheduler(ctx context.Context) error {
	d := b.cfg.Default
	cfg, ratio, err := schedulerConfig(b.cfg)
	if err != nil {
		return err
	}
	levels := newLevels(d.Debug)
	s := scheduler.Scheduler{Store: b.store, Bus: b.bus, Config: cfg, Host: b.host, Zone: d.Zone, SameHost: d.SnapshotSameHost,
		ReportEvery: config.Seconds(d.ReportInterval), OverSubscription: ratio, Log: levels.Logger("clinker.scheduler").With("role", "scheduler")}
	if client, err := openNova(b.cfg); err != nil {
		return err
	} else if client != nil {
		s.Instances = client
	}
	return together(ctx, map[string]func(context.Context) error{
		"scheduler": s.Run,
		"log levels": func(ctx context.Context) error {
			return b.followLogs(ctx, db.BinaryScheduler, b.host, levels)
		},
	})
}
