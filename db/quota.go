package db

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// QuotaDefaults are the configured limits; -1 is no limit.
type QuotaDefaults struct {
	Volumes            int32
	Snapshots          int32
	Gigabytes          int32
	Groups             int32
	Backups            int32
	BackupGigabytes    int32
	PerVolumeGigabytes int32
}

// Limit returns the configured default of a resource. Resources of a single
// volume type (volumes_T, gigabytes_T, snapshots_T) have none.
func (d QuotaDefaults) Limit(resource string) int32 {
	switch resource {
	case "volumes":
		return d.Volumes
	case "snapshots":
		return d.Snapshots
	case "gigabytes":
		return d.Gigabytes
	case "groups":
		return d.Groups
	case "backups":
		return d.Backups
	case "backup_gigabytes":
		return d.BackupGigabytes
	case "per_volume_gigabytes":
		return d.PerVolumeGigabytes
	}
	return -1
}

// Quotas returns the configured limits.
func (s *Store) Quotas() QuotaDefaults { return s.opts.Quotas }

// quotaDelta is a change of one resource: used at once, or held for a job.
type quotaDelta struct {
	resource string
	used     int64
	held     int64
}

// volumeQuota is what a volume of that size and type takes.
func volumeQuota(typeName string, sizeGiB int32) []quotaDelta {
	return []quotaDelta{
		{resource: "gigabytes", used: int64(sizeGiB)}, {resource: "gigabytes_" + typeName, used: int64(sizeGiB)},
		{resource: "volumes", used: 1}, {resource: "volumes_" + typeName, used: 1}}
}

// snapshotQuota is what a snapshot takes.
func (s *Store) snapshotQuota(typeName string, sizeGiB int32) []quotaDelta {
	d := []quotaDelta{{resource: "snapshots", used: 1}, {resource: "snapshots_" + typeName, used: 1}}
	if !s.opts.NoSnapshotGigabytes {
		d = append(d, quotaDelta{resource: "gigabytes", used: int64(sizeGiB)},
			quotaDelta{resource: "gigabytes_" + typeName, used: int64(sizeGiB)})
	}
	return d
}

// groupQuota is what a group takes beside its volumes.
var groupQuota = []quotaDelta{{resource: "groups", used: 1}}

// sum adds up what several things take.
func sum(deltas []quotaDelta) []quotaDelta {
	var out []quotaDelta
	for _, d := range deltas {
		i := slices.IndexFunc(out, func(o quotaDelta) bool { return o.resource == d.resource })
		if i < 0 {
			out = append(out, d)
			continue
		}
		out[i].used += d.used
		out[i].held += d.held
	}
	return out
}

// take adds deltas to the project's usage, or fails with OverLimit when one of
// them does not fit; the caller's transaction then undoes the others.
func (t *txn) take(ctx context.Context, project string, deltas []quotaDelta) error {
	if project == "" { // a token of the system or a domain
		return Errorf(Invalid, "Invalid input received: what is made must belong to a project; use a token of one.")
	}
	p := takeQuotaParams{ProjectID: project}
	for _, d := range deltas {
		p.Resources = append(p.Resources, d.resource)
		p.Used = append(p.Used, d.used)
		p.Held = append(p.Held, d.held)
		p.Fallbacks = append(p.Fallbacks, t.store.opts.Quotas.Limit(d.resource))
	}
	fit, err := t.takeQuota(ctx, p)
	if err != nil {
		return fmt.Errorf("quota of %s: %w", project, err)
	}
	if len(fit) == len(deltas) {
		return nil
	}
	var over []quotaDelta
	for _, d := range deltas {
		if !slices.Contains(fit, d.resource) {
			over = append(over, d)
		}
	}
	return t.overQuota(ctx, project, over)
}

// overQuota says it as Cinder does: gigabytes first, then the counted things.
func (t *txn) overQuota(ctx context.Context, project string, over []quotaDelta) error {
	slices.SortFunc(over, func(a, b quotaDelta) int { return strings.Compare(a.resource, b.resource) })
	o := over[0]
	if i := slices.IndexFunc(over, func(d quotaDelta) bool { return d.resource == "groups" }); i >= 0 {
		o = over[i] // what makes a group with its volumes takes this first
	}
	limit, consumed, err := t.quotaOf(ctx, project, o.resource)
	if err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(o.resource, "gigabytes"):
		return Errorf(OverLimit, "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed %s quota. "+
			"Requested %dG, quota is %dG and %dG has been consumed.", o.resource, o.used+o.held, limit, consumed)
	case o.resource == "groups":
		return Errorf(OverLimit, "GroupLimitExceeded: Maximum number of groups allowed (%d) exceeded", limit)
	case strings.HasPrefix(o.resource, "snapshots"):
		return Errorf(OverLimit, "SnapshotLimitExceeded: Maximum number of snapshots allowed (%d) exceeded", limit)
	}
	return Errorf(OverLimit, "VolumeLimitExceeded: Maximum number of volumes allowed (%d) exceeded for quota '%s'.", limit, o.resource)
}

// quotaOf returns limit and consumption of one resource within t.
func (t *txn) quotaOf(ctx context.Context, project, resource string) (limit int32, consumed int64, err error) {
	limits, err := t.limits(ctx, project)
	if err != nil {
		return 0, 0, err
	}
	limit, ok := limits[resource]
	if !ok {
		limit = t.store.opts.Quotas.Limit(resource)
	}
	usages, err := t.quotaUsages(ctx, project)
	if err != nil {
		return 0, 0, fmt.Errorf("quota usage: %w", err)
	}
	for _, u := range usages {
		if u.Resource == resource {
			consumed = u.InUse + u.Reserved
		}
	}
	return limit, consumed, nil
}

// limits returns what the rows of the project and of its class say.
func (q *Queries) limits(ctx context.Context, project string) (map[string]int32, error) {
	rows, err := q.quotaLimits(ctx, project)
	if err != nil {
		return nil, fmt.Errorf("quota limits: %w", err)
	}
	out := make(map[string]int32, len(rows))
	for _, l := range rows {
		out[l.Resource] = l.HardLimit
	}
	return out, nil
}

// checkVolumeSize refuses a volume larger than per_volume_gigabytes.
func (t *txn) checkVolumeSize(ctx context.Context, project string, sizeGiB int32) error {
	limits, err := t.limits(ctx, project)
	if err != nil {
		return err
	}
	limit, ok := limits["per_volume_gigabytes"]
	if !ok {
		limit = t.store.opts.Quotas.PerVolumeGigabytes
	}
	if limit >= 0 && sizeGiB > limit {
		return Errorf(OverLimit, "VolumeSizeExceedsLimit: Requested volume size %dG is larger than maximum allowed limit %dG.", sizeGiB, limit)
	}
	return nil
}

// give returns what rows that are gone had used.
func (t *txn) give(ctx context.Context, project string, deltas []quotaDelta) error {
	p := giveQuotaParams{ProjectID: project}
	for _, d := range deltas {
		p.Resources = append(p.Resources, d.resource)
		p.Used = append(p.Used, d.used)
	}
	if err := t.giveQuota(ctx, p); err != nil {
		return fmt.Errorf("return quota of %s: %w", project, err)
	}
	return nil
}

// hold takes a reservation for a job; the end of the job spends or drops it.
func (t *txn) hold(ctx context.Context, job, project string, deltas []quotaDelta) error {
	if err := t.take(ctx, project, deltas); err != nil {
		return err
	}
	p := insertReservationsParams{JobID: job, ProjectID: project}
	for _, d := range deltas {
		p.Resources = append(p.Resources, d.resource)
		p.Deltas = append(p.Deltas, d.held)
	}
	return t.insertReservations(ctx, p)
}

// QuotaLine is one line of a quota set.
type QuotaLine struct {
	Limit    int32
	InUse    int64
	Reserved int64
}

// QuotaSet returns every resource of a project: the fixed ones and those of
// each given volume type.
func (s *Store) QuotaSet(ctx context.Context, project string, typeNames []string) (map[string]QuotaLine, error) {
	limits, err := s.limits(ctx, project)
	if err != nil {
		return nil, err
	}
	usages, err := s.quotaUsages(ctx, project)
	if err != nil {
		return nil, fmt.Errorf("quota usage: %w", err)
	}
	set := make(map[string]QuotaLine)
	for _, r := range QuotaResources(typeNames) {
		limit, ok := limits[r]
		if !ok {
			limit = s.opts.Quotas.Limit(r)
		}
		set[r] = QuotaLine{Limit: limit}
	}
	for _, u := range usages {
		if q, ok := set[u.Resource]; ok {
			q.InUse, q.Reserved = u.InUse, u.Reserved
			set[u.Resource] = q
		}
	}
	return set, nil
}

// QuotaResources names the fixed resources and those of each volume type.
func QuotaResources(typeNames []string) []string {
	r := []string{"volumes", "per_volume_gigabytes", "snapshots", "gigabytes", "backups", "backup_gigabytes", "groups"}
	for _, t := range typeNames {
		r = append(r, "volumes_"+t, "gigabytes_"+t, "snapshots_"+t)
	}
	return r
}

// SetQuotas writes a project's own limits.
func (s *Store) SetQuotas(ctx context.Context, project string, limits map[string]int32) error {
	return s.tx(ctx, func(t *txn) error {
		for r, l := range limits {
			if err := t.setQuota(ctx, setQuotaParams{ProjectID: project, Resource: r, HardLimit: l}); err != nil {
				return fmt.Errorf("set quota %s: %w", r, err)
			}
		}
		return nil
	})
}

// DeleteQuotas returns a project to the defaults.
func (s *Store) DeleteQuotas(ctx context.Context, project string) error {
	return s.deleteQuotas(ctx, project)
}

// QuotaClass returns the limits of a class, over those of the class default,
// over the configured ones.
func (s *Store) QuotaClass(ctx context.Context, class string, typeNames []string) (map[string]int32, error) {
	rows, err := s.quotaClassLimits(ctx, class)
	if err != nil {
		return nil, fmt.Errorf("quota class: %w", err)
	}
	set := make(map[string]int32)
	for _, r := range QuotaResources(typeNames) {
		set[r] = s.opts.Quotas.Limit(r)
	}
	for _, r := range rows {
		if _, ok := set[r.Resource]; ok {
			set[r.Resource] = r.HardLimit
		}
	}
	return set, nil
}

// SetQuotaClass writes limits of a class.
func (s *Store) SetQuotaClass(ctx context.Context, class string, limits map[string]int32) error {
	return s.tx(ctx, func(t *txn) error {
		for r, l := range limits {
			if err := t.setQuotaClass(ctx, setQuotaClassParams{ClassName: class, Resource: r, HardLimit: l}); err != nil {
				return fmt.Errorf("set quota class %s: %w", r, err)
			}
		}
		return nil
	})
}

// QuotaDifference is a usage that is not what the rows say.
type QuotaDifference struct {
	Project, Resource string
	InUse, Truth      int64
}

// QuotaCheck compares every usage with the rows; with no jobs running nothing
// may be reserved either, which is reported as a difference too.
func (s *Store) QuotaCheck(ctx context.Context) ([]QuotaDifference, error) {
	rows, err := s.quotaTruth(ctx, !s.opts.NoSnapshotGigabytes)
	if err != nil {
		return nil, fmt.Errorf("quota check: %w", err)
	}
	var diffs []QuotaDifference
	for _, r := range rows {
		if r.InUse != r.Truth {
			diffs = append(diffs, QuotaDifference{r.ProjectID, r.Resource, r.InUse, r.Truth})
		}
	}
	return diffs, nil
}
