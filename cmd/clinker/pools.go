package main

import (
	"encoding/json"
	"fmt"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/scheduler"
)

// schedulerConfig is what the filters and weighers are told.
func schedulerConfig(cfg *config.Config) (scheduler.Config, scheduler.Ratio, error) {
	d := cfg.Default
	c := scheduler.Config{Filters: d.Filters, Weighers: d.Weighers, WeightHandler: d.WeightHandler, CapacityWeightMultiplier: d.CapacityWeight,
		AllocatedCapacityWeightMultiplier: d.AllocatedWeight, VolumeNumberMultiplier: d.VolumeNumberWeight}
	ratio, ok := scheduler.ParseRatio(d.MaxOverSubscription)
	if !ok {
		return c, ratio, fmt.Errorf("option max_over_subscription_ratio = %q: must be a number of at least 1, or auto", d.MaxOverSubscription)
	}
	return c, ratio, c.Check()
}

// poolsOfType asks the filters which pools a volume type may use.
func poolsOfType(c scheduler.Config, ratio scheduler.Ratio) func(db.VolumeType, []db.LivePool) ([]bool, error) {
	return func(t db.VolumeType, live []db.LivePool) ([]bool, error) {
		pools := make([]scheduler.Pool, len(live))
		for i := range live {
			var stats map[string]any
			if err := json.Unmarshal(live[i].Stats, &stats); err != nil {
				return nil, fmt.Errorf("report of pool %s: %w", live[i].Host, err)
			}
			pools[i] = scheduler.LivePool(&live[i], stats, ratio)
		}
		return scheduler.Suits(c, pools, t.ExtraSpecs.Text())
	}
}
