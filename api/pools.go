package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

func poolRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/scheduler-stats/get_pools", Policy: "scheduler_extension:scheduler_stats:get_pools", Status: 200, Handle: (*API).listPools},
	}
}

// FiltersPools: from 3.28 the list of pools has filters.
func (m Microversion) FiltersPools() bool { return m >= 28 }

// FiltersPoolsByType: from 3.35 a volume type filters them too.
func (m Microversion) FiltersPoolsByType() bool { return m >= 35 }

// pool is one pool as clients see it.
type pool struct {
	name         string
	capabilities map[string]any
}

var (
	poolNameField = Field[pool]{"name", 0, anyone, func(b []byte, _ *Request, p *pool) []byte { return appendString(b, p.name) }}
	poolFields    = []Field[pool]{poolNameField}
	// poolDetailFields have what the backend reported.
	poolDetailFields = []Field[pool]{poolNameField, {"capabilities", 0, anyone, appendCapabilities}}
)

func appendCapabilities(b []byte, _ *Request, p *pool) []byte {
	raw, err := json.Marshal(p.capabilities)
	if err != nil { // what came from JSON goes to JSON
		return append(b, "{}"...)
	}
	return append(b, raw...)
}

func (a *API) listPools(r *Request) (Response, error) {
	detail, err := boolArg(r, "detail")
	if err != nil {
		return Response{}, err
	}
	filters, err := r.poolFilters()
	if err != nil {
		return Response{}, err
	}
	live, err := a.livePools(r)
	if err != nil {
		return Response{}, err
	}
	pools := make([]pool, 0, len(live))
	for i := range live {
		p, err := poolOf(&live[i])
		if err != nil {
			return Response{}, err
		}
		if p.fits(filters) {
			pools = append(pools, p)
		}
	}
	fields := poolFields
	if detail {
		fields = poolDetailFields
	}
	return newView(r, fields, nil).Many(pools, Page{Key: "pools"}), nil
}

// livePools are the pools, or those that suit the volume type asked for.
func (a *API) livePools(r *Request) ([]db.LivePool, error) {
	live, err := a.Store.LivePools(r.Context())
	if err != nil {
		return nil, fmt.Errorf("pools: %w", err)
	}
	name, asked := r.Query().get("volume_type")
	if !asked || name == "" || !r.Microversion.FiltersPoolsByType() {
		return live, nil
	}
	t, err := a.typeOf(r, &name, source{})
	if err != nil || a.PoolsOfType == nil {
		return live, err
	}
	suits, err := a.PoolsOfType(t, live)
	if err != nil {
		return nil, fmt.Errorf("pools of type %s: %w", t.ID, err)
	}
	var out []db.LivePool
	for i, ok := range suits {
		if ok {
			out = append(out, live[i])
		}
	}
	return out, nil
}

// poolFilters are checked for administrators too: nobody else comes here.
// The choice by volume type is made before.
func (r *Request) poolFilters() ([]param, error) {
	if !r.Microversion.FiltersPools() {
		return nil, nil
	}
	var out []param
	var refused []string
	for _, p := range r.Query() {
		switch {
		case p.key == "detail":
		case r.Microversion.FiltersByFile() && !r.mayFilter(r.api.ResourceFilters["pool"], p.key):
			refused = append(refused, p.key)
		case p.key == "volume_type":
		default:
			out = append(out, p)
		}
	}
	if len(refused) > 0 {
		return nil, badRequest("Invalid filters %s are found in query options.", strings.Join(refused, ","))
	}
	return out, nil
}

// poolOf reads a report. Where a backend knows its protocol by several names
// the first is the one to show.
func poolOf(live *db.LivePool) (pool, error) {
	p := pool{name: live.Host}
	numbersAsText := json.NewDecoder(bytes.NewReader(live.Stats))
	numbersAsText.UseNumber()
	if err := numbersAsText.Decode(&p.capabilities); err != nil {
		return p, fmt.Errorf("report of %s: %w", live.Host, err)
	}
	if p.capabilities == nil {
		p.capabilities = make(map[string]any)
	}
	if names, ok := p.capabilities["storage_protocol"].([]any); ok && len(names) > 0 {
		p.capabilities["storage_protocol"] = names[0]
	}
	p.capabilities["allocated_capacity_gb"] = live.AllocatedGib
	return p, nil
}

// fits compares with the name and with what was reported, as text.
func (p *pool) fits(filters []param) bool {
	return !slices.ContainsFunc(filters, func(f param) bool {
		if f.key == "name" {
			return p.name != f.value
		}
		switch has := p.capabilities[f.key].(type) {
		case string:
			return has != f.value
		case bool:
			want, _ := schema.ParseBool(f.value)
			return has != want
		case nil:
			return true
		default:
			return fmt.Sprint(has) != f.value
		}
	})
}
