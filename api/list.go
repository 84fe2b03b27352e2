package api

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

// defaultFilters is upstream's resource_filters.json: what users may filter by.
var defaultFilters = map[string][]string{
	"volume": {"name", "status", "metadata", "bootable", "migration_status", "availability_zone", "group_id", "size",
		"created_at", "updated_at", "consumes_quota"},
	"snapshot":       {"name", "status", "volume_id", "metadata", "availability_zone", "consumes_quota"},
	"group":          {"name"},
	"group_snapshot": {"name", "status", "group_id"},
	"attachment":     {"volume_id", "status", "instance_id", "attach_status"},
	"message":        {"resource_uuid", "resource_type", "event_id", "request_id", "message_level"},
	"pool":           {"name", "volume_type"},
	"volume_type":    {"is_public", "extra_specs"},
}

// allTenants says how a list takes the argument all_tenants.
type allTenants int

const (
	tenantsStrict  allTenants = iota // a boolean word or 400
	tenantsLoose                     // anything odd is false
	tenantsPresent                   // its presence is true
	tenantsNever                     // unknown to this list
)

// listSpec is what one kind of list accepts.
type listSpec struct {
	resource   string // in the filter file
	since      map[string]Microversion
	bools      []string // filters with boolean words
	times      []string // filters with operators
	maps       []string // filters with pairs
	ignored    []string // arguments that do not filter
	open       bool     // everybody may filter by everything
	openEarly  bool     // the same, below 3.31 alone
	allTenants allTenants
}

const maxOffset = 1<<31 - 1

// listQuery reads the arguments of a list: paging, order, count and filters.
func (r *Request) listQuery(spec *listSpec) (db.ListQuery, error) {
	q, err := r.paging()
	if err != nil {
		return q, err
	}
	if word, ok := r.Query().get("with_count"); ok && r.Microversion.CountsItems() {
		if q.WithCount, err = boolParam("with_count", word); err != nil {
			return q, err
		}
	}
	filters, err := r.filtersOf(spec)
	if err != nil {
		return q, err
	}
	if q.Project, filters, err = r.projectOf(spec, filters); err != nil {
		return q, err
	}
	for _, f := range filters {
		more, err := r.filter(spec, f)
		if err != nil {
			return q, err
		}
		q.Filters = append(q.Filters, more...)
	}
	return q, nil
}

// paging reads the arguments that every list has, and nothing else.
func (r *Request) paging() (db.ListQuery, error) {
	var q db.ListQuery
	var err error
	args := r.Query()
	if q.Limit, err = r.limit(); err != nil {
		return q, err
	}
	q.Marker, _ = args.get("marker")
	if q.Offset, err = offset(args); err != nil {
		return q, err
	}
	q.Sort, err = sortOf(args)
	return q, err
}

// limit is how many items the caller wants, at most MaxLimit.
func (r *Request) limit() (int, error) {
	text, ok := r.Query().get("limit")
	if !ok {
		return r.api.MaxLimit, nil
	}
	n, err := pythonInt(text)
	if err != nil {
		return 0, badRequest("limit param must be an integer")
	}
	if n < 0 {
		return 0, badRequest("limit param must be positive")
	}
	return int(min(n, int64(r.api.MaxLimit))), nil
}

func offset(args query) (int, error) {
	text, ok := args.get("offset")
	if !ok {
		return 0, nil
	}
	n, err := pythonInt(text)
	switch {
	case err != nil:
		return 0, badRequest("offset must be an integer")
	case n < 0:
		return 0, badRequest("offset must be >= 0")
	case n > maxOffset:
		return 0, badRequest("offset must be <= %d", maxOffset)
	}
	return int(n), nil
}

// pythonInt reads what Python's int() takes; too many digits are a big number,
// and no error.
func pythonInt(text string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if e, ok := err.(*strconv.NumError); ok && e.Err == strconv.ErrRange {
		return n, nil
	}
	return n, err
}

// maxSortKeys bounds the order that a caller can ask for.
const maxSortKeys = 16

// sortOf reads sort=key:dir,… or the older sort_key and sort_dir.
func sortOf(args query) ([]db.Sort, error) {
	list, isNew := args.get("sort")
	key, hasKey := args.get("sort_key")
	dir, hasDir := args.get("sort_dir")
	switch {
	case isNew && (hasKey || hasDir):
		return nil, badRequest("The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter.")
	case !isNew:
		if !hasKey {
			key = "created_at"
		}
		list = key + ":" + dir
	}
	parts := strings.Split(strings.TrimSpace(list), ",")
	if len(parts) > maxSortKeys {
		return nil, badRequest("Invalid input received: Invalid sort key")
	}
	sort := make([]db.Sort, len(parts))
	for i, part := range parts {
		key, dir, _ := strings.Cut(part, ":")
		switch strings.TrimSpace(dir) {
		case "desc", "":
			sort[i].Desc = true
		case "asc":
		default:
			return nil, badRequest("Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.")
		}
		sort[i].Key = strings.TrimSpace(key)
	}
	return sort, nil
}

// pagingArgs are no filters.
var pagingArgs = []string{"limit", "marker", "offset", "sort", "sort_key", "sort_dir"}

// filtersOf are the arguments that filter and that the caller may use. Below
// 3.31 what users may not use is dropped, from there on it is refused.
func (r *Request) filtersOf(spec *listSpec) ([]param, error) {
	var out, refused []param
	allowed := r.api.ResourceFilters[spec.resource]
	for i, p := range r.Query() {
		later := slices.ContainsFunc(r.Query()[i+1:], func(o param) bool { return o.key == p.key })
		if later || slices.Contains(pagingArgs, p.key) || slices.Contains(spec.ignored, p.key) || p.key == "with_count" && r.Microversion.CountsItems() {
			continue
		}
		switch {
		case !r.Microversion.FiltersByFile() && r.Microversion < spec.since[p.key]:
		case spec.open || r.IsAdmin() || spec.openEarly && !r.Microversion.FiltersByFile() || r.mayFilter(allowed, p.key):
			out = append(out, p)
		case p.key != "all_tenants":
			refused = append(refused, p)
		}
	}
	if len(refused) > 0 && r.Microversion.FiltersByFile() {
		names := make([]string, len(refused))
		for i, p := range refused {
			names[i] = p.key
		}
		return nil, badRequest("Invalid filters %s are found in query options.", strings.Join(names, ","))
	}
	return out, nil
}

// mayFilter: a key configured with ~ may be used without it as well.
func (r *Request) mayFilter(allowed []string, key string) bool {
	if slices.Contains(allowed, key) {
		return true
	}
	if !r.Microversion.LikeFilters() {
		return false
	}
	plain := strings.TrimSuffix(key, "~")
	return slices.Contains(allowed, plain) || slices.Contains(allowed, plain+"~")
}

// projectOf takes all_tenants out of the filters and says whose items are
// listed: "" is everybody's, for administrators who ask for it.
func (r *Request) projectOf(spec *listSpec, filters []param) (string, []param, error) {
	own := r.Identity.ProjectID
	if spec.allTenants == tenantsNever {
		return own, filters, nil
	}
	i := slices.IndexFunc(filters, func(p param) bool { return p.key == "all_tenants" })
	if i < 0 {
		return own, filters, nil
	}
	word := filters[i].value
	filters = slices.Delete(filters, i, i+1)
	all, ok := schema.ParseBool(word)
	if spec.allTenants == tenantsStrict && !ok {
		return "", nil, badRequest("all_tenants param must be a boolean")
	}
	if (all || spec.allTenants == tenantsPresent) && r.IsAdmin() {
		return "", filters, nil
	}
	return own, filters, nil
}

// filter makes the conditions of one argument.
func (r *Request) filter(spec *listSpec, p param) ([]db.Filter, error) {
	key := p.key
	if plain, ok := strings.CutSuffix(key, "~"); ok && r.Microversion.LikeFilters() {
		return []db.Filter{{Key: plain, Op: db.Like, Value: p.value}}, nil
	}
	switch {
	case slices.Contains(spec.times, key):
		return timeFilters(key, p.value)
	case slices.Contains(spec.maps, key):
		pairs, err := parsePairs(p.value)
		if err != nil {
			// What is no dictionary matches no row.
			return []db.Filter{{Key: key, Op: db.Equal, Value: p.value}}, nil
		}
		return []db.Filter{{Key: key, Op: db.Contains, Value: pairs}}, nil
	case slices.Contains(spec.bools, key):
		v, ok := schema.ParseBool(p.value)
		switch {
		case ok:
		case key == "consumes_quota":
			return nil, badRequest("Value '%s' for 'use_quota' is not a boolean.", p.value)
		case r.Microversion.StrictBooleanFilters():
			return nil, badRequest("Invalid input received: '%s = %s'", key, p.value)
		}
		// Before 3.2 whatever does not say no means yes.
		return []db.Filter{{Key: key, Value: strconv.FormatBool(v || !ok)}}, nil
	}
	return []db.Filter{{Key: key, Value: p.value}}, nil
}

func boolParam(name, word string) (bool, error) {
	v, ok := schema.ParseBool(word)
	if !ok {
		return false, badRequest("Value '%s' for '%s' is not a boolean.", word, name)
	}
	return v, nil
}

var timeOperators = map[string]db.FilterOp{"gt": db.Greater, "gte": db.GreaterEqual, "eq": db.Equal, "neq": db.NotEqual,
	"lt": db.Less, "lte": db.LessEqual}

// timeFilters reads gt:T,lt:T.
func timeFilters(key, text string) ([]db.Filter, error) {
	units := strings.Split(text, ",")
	if len(units) > maxSortKeys {
		return nil, badRequest("Invalid %s value", key)
	}
	out := make([]db.Filter, len(units))
	for i, unit := range units {
		name, when, _ := strings.Cut(unit, ":")
		op, ok := timeOperators[name]
		if !ok {
			return nil, badRequest("Invalid %s operator", name)
		}
		t, ok := parseTime(when)
		if !ok {
			return nil, badRequest("Invalid %s value", when)
		}
		out[i] = db.Filter{Key: key, Op: op, Value: t}
	}
	return out, nil
}

var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04:05-0700", "2006-01-02T15:04", "2006-01-02"}

// parseTime reads ISO 8601; without a zone it is UTC.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 0 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
