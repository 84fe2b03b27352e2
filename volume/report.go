package volume

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/clinker-io/clinker/volume/driver"
)

// reportEvery tells the database what the pools can take, until ctx ends.
func (w *Worker) reportEvery(ctx context.Context) {
	tick := time.NewTicker(w.ReportInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := w.report(ctx); err != nil && ctx.Err() == nil {
			w.Log.Warn("cannot report", "err", err)
		}
	}
}

// report is a heartbeat with the figures of each pool. A backend that does not
// answer is reported as down, and no volume is placed on it.
func (w *Worker) report(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, w.ReportInterval)
	defer cancel()
	stats, err := w.Driver.Stats(ctx)
	if err != nil {
		if aliveErr := w.Store.Alive(ctx, w.service.ID, false); aliveErr != nil {
			return aliveErr
		}
		return fmt.Errorf("statistics of %s: %w", w.Host, err)
	}
	pools := make(map[string]json.RawMessage, len(stats.Pools))
	for _, p := range stats.Pools {
		raw, err := json.Marshal(w.capabilities(stats, p))
		if err != nil {
			return fmt.Errorf("report of pool %s: %w", p.Name, err)
		}
		pools[w.Host+"#"+p.Name] = raw
	}
	if err := w.Store.ReportPools(ctx, w.service.ID, pools); err != nil {
		return err
	}
	return w.Store.Alive(ctx, w.service.ID, true)
}

const gib = 1 << 30

// capabilities is the report of one pool under Cinder's keys.
func (w *Worker) capabilities(s driver.Stats, p driver.PoolStats) map[string]any {
	c := map[string]any{
		"multiattach":           true,
		"QoS_support":           false,
		"online_extend_support": true,
		// The engine holds the I/O of all volumes of a group while it takes their snapshots.
		"consistent_group_snapshot_enabled": true,
	}
	maps.Copy(c, s.Capabilities)
	maps.Copy(c, p.Capabilities)
	maps.Copy(c, w.Extra)
	maps.Copy(c, map[string]any{
		"pool_name":                   p.Name,
		"volume_backend_name":         w.BackendName,
		"vendor_name":                 s.VendorName,
		"driver_version":              s.DriverVersion,
		"storage_protocol":            s.StorageProtocol,
		"total_capacity_gb":           round2(p.TotalBytes),
		"free_capacity_gb":            round2(p.FreeBytes),
		"reserved_percentage":         w.Reserved,
		"max_over_subscription_ratio": w.OverSubscription,
		"thin_provisioning_support":   s.ThinProvisioning,
		"thick_provisioning_support":  !s.ThinProvisioning,
		"backend_state":               "up",
		"timestamp":                   time.Now().UTC().Format("2006-01-02T15:04:05.000000"),
	})
	return c
}

// round2 turns bytes into GiB with two decimals, as Cinder reports them.
func round2(bytes int64) float64 { return float64(bytes*100/gib) / 100 }
