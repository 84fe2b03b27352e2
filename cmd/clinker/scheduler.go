package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/scheduler"
)

func schedulerCommand() *cobra.Command {
	return role("scheduler", "Run a scheduler, which places volumes on pools",
		"Runs a scheduler. Any number may run at once; each decision is one transaction.",
		func(ctx context.Context, b *base) error { return b.runScheduler(ctx) })
}

func (b *base) runScheduler(ctx context.Context) error {
	d := b.cfg.Default
	cfg := scheduler.Config{Filters: d.Filters, Weighers: d.Weighers, CapacityWeightMultiplier: d.CapacityWeight,
		AllocatedCapacityWeightMultiplier: d.AllocatedWeight, VolumeNumberMultiplier: d.VolumeNumberWeight}
	if err := cfg.Check(); err != nil {
		return err
	}
	ratio, ok := scheduler.ParseRatio(d.MaxOverSubscription)
	if !ok {
		return fmt.Errorf("option max_over_subscription_ratio = %q: must be a number of at least 1, or auto", d.MaxOverSubscription)
	}
	s := scheduler.Scheduler{Store: b.store, Bus: b.bus, Config: cfg, Host: b.host, Zone: d.Zone, SameHost: d.SnapshotSameHost,
		ReportEvery: config.Seconds(d.ReportInterval), OverSubscription: ratio, Log: b.log.With("role", "scheduler")}
	return s.Run(ctx)
}
