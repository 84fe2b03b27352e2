package volume

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/volume/driver"
)

// listManageable answers the API with a part of what the pools hold.
func (w *Worker) listManageable(ctx context.Context, j *db.Job) error {
	var args db.ManageableArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	all, err := w.manageable(ctx, args.Snapshots)
	if err != nil {
		return err
	}
	return w.Store.ManageableListed(ctx, j, pageOf(all, args))
}

// manageable is everything that could be managed, and what is already. A
// driver that cannot tell has nothing.
func (w *Worker) manageable(ctx context.Context, snapshots bool) ([]db.Manageable, error) {
	m, ok := driver.As[driver.Manager](w.Driver)
	if !ok {
		return nil, nil
	}
	kind, rows := driver.KindVolume, w.managedVolumes
	if snapshots {
		kind, rows = driver.KindSnapshot, w.managedSnapshots
	}
	found, err := m.Manageable(ctx, kind)
	if err != nil {
		return nil, fmt.Errorf("list what can be managed: %w", err)
	}
	ours, err := rows(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]db.Manageable, len(found))
	for i, f := range found {
		all[i] = db.Manageable{Reference: f.Reference, SizeGiB: wholeGiB(f.SizeBytes), Source: f.Source}
		row, managed := ours[f.ID]
		switch {
		case managed:
			all[i].Reason, all[i].ID = new("already managed"), &row.id
			if snapshots && f.Source == nil {
				all[i].Source = row.volume
			}
		case f.Unsafe != "":
			all[i].Reason = &f.Unsafe
		default:
			all[i].Safe = true
		}
	}
	return all, nil
}

// managed is a row of this backend: its id, and the reference of the volume
// that it is, or that it is a snapshot of.
type managed struct {
	id     string
	volume map[string]string
}

// managedVolumes are the rows by the UUID that their names in the pool bear.
func (w *Worker) managedVolumes(ctx context.Context) (map[string]managed, error) {
	volumes, err := w.Store.VolumesOn(ctx, w.Host)
	if err != nil {
		return nil, fmt.Errorf("volumes of %s: %w", w.Host, err)
	}
	rows := make(map[string]managed, len(volumes))
	for _, v := range volumes {
		rows[w.volume(v).ID] = managed{id: v.ID, volume: map[string]string{sourceName: w.volume(v).Name}}
	}
	return rows, nil
}

// managedSnapshots are the same of snapshots.
func (w *Worker) managedSnapshots(ctx context.Context) (map[string]managed, error) {
	volumes, err := w.managedVolumes(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]map[string]string, len(volumes))
	for _, v := range volumes {
		names[v.id] = v.volume
	}
	snaps, err := w.Store.SnapshotsOn(ctx, w.Host)
	if err != nil {
		return nil, fmt.Errorf("snapshots of %s: %w", w.Host, err)
	}
	rows := make(map[string]managed, len(snaps))
	for _, s := range snaps {
		rows[s.ID] = managed{id: s.ID, volume: names[s.VolumeID]}
	}
	return rows, nil
}

// pageOf sorts the list and cuts the part out that is wanted.
func pageOf(all []db.Manageable, args db.ManageableArgs) db.ManageableResult {
	slices.SortStableFunc(all, func(a, b db.Manageable) int {
		for _, s := range args.Sort {
			c := cmp.Compare(a.SizeGiB, b.SizeGiB)
			if s.Key == "reference" {
				c = cmp.Compare(firstText(a.Reference), firstText(b.Reference))
			}
			if s.Desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	start := 0
	if args.Marker != nil {
		at := slices.IndexFunc(all, func(m db.Manageable) bool { return maps.Equal(args.Marker, m.Reference) })
		if at < 0 {
			return db.ManageableResult{NoMarker: true}
		}
		start = at + 1
	}
	start = min(start+args.Offset, len(all))
	return db.ManageableResult{Items: all[start:min(start+args.Limit, len(all))]}
}

// firstText is what a reference is sorted by: the first of its values.
func firstText(ref map[string]string) string {
	values := slices.Sorted(maps.Values(ref))
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
