package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	clusterSchema        = schema.Of(schema.Object(`"name":$name,"binary":$name_or_null`, "name"))
	clusterDisableSchema = schema.Of(schema.Object(
		`"name":$name,"binary":$name_or_null,"disabled_reason":{"type":["string","null"],"format":"disabled_reason"}`, "name"))
)

func clusterRoutes() []Route {
	get := func(path, policy string, handle func(*API, *Request) (Response, error)) Route {
		return Route{Method: http.MethodGet, Path: path, Since: 7, Policy: policy, Status: 200, Handle: handle}
	}
	put := func(path string, s *schema.Set, handle func(*API, *Request) (Response, error)) Route {
		return Route{Method: http.MethodPut, Path: path, Since: 7, Policy: "clusters:update", Schema: s, Status: 200, Handle: handle}
	}
	return []Route{
		get("/clusters", "clusters:get_all", (*API).listClusters),
		get("/clusters/detail", "clusters:get_all", (*API).listClustersDetail),
		get("/clusters/{id}", "clusters:get", (*API).showCluster),
		put("/clusters/enable", clusterSchema, (*API).enableCluster),
		put("/clusters/disable", clusterDisableSchema, (*API).disableCluster),
	}
}

func (a *API) listClusters(r *Request) (Response, error) { return a.clustersOf(r, clusterFields) }

func (a *API) listClustersDetail(r *Request) (Response, error) {
	return a.clustersOf(r, clusterDetailFields)
}

func (a *API) clustersOf(r *Request, fields []Field[db.ClusterState]) (Response, error) {
	fits, err := r.clusterFilters()
	if err != nil {
		return Response{}, err
	}
	all, err := a.Store.Clusters(r.Context())
	if err != nil {
		return Response{}, err
	}
	all = slices.DeleteFunc(all, func(c db.ClusterState) bool {
		return slices.ContainsFunc(fits, func(fit func(*db.ClusterState) bool) bool { return !fit(&c) })
	})
	return newView(r, fields, nil).Many(all, Page{Key: "clusters"}), nil
}

// clusterFilter makes the condition of one argument's value.
type clusterFilter struct {
	since Microversion
	of    func(key, value string) (func(*db.ClusterState) bool, error)
}

func clusterText(of func(*db.ClusterState) string) clusterFilter {
	return clusterFilter{of: func(_, value string) (func(*db.ClusterState) bool, error) {
		return func(c *db.ClusterState) bool { return of(c) == value }, nil
	}}
}

func clusterBool(of func(*db.ClusterState) bool) clusterFilter {
	return clusterFilter{of: func(key, value string) (func(*db.ClusterState) bool, error) {
		want, err := boolParam(key, value)
		return func(c *db.ClusterState) bool { return of(c) == want }, err
	}}
}

func (f clusterFilter) replication() clusterFilter { f.since = 26; return f }

var clusterFilters = map[string]clusterFilter{
	"name": {of: func(_, value string) (func(*db.ClusterState) bool, error) {
		return func(c *db.ClusterState) bool { return db.MatchesHost(c.Name, value) }, nil
	}},
	"binary":             clusterText(func(c *db.ClusterState) string { return c.Binary }),
	"is_up":              clusterBool(func(c *db.ClusterState) bool { return c.Up }),
	"disabled":           clusterBool(func(c *db.ClusterState) bool { return c.Disabled }),
	"num_hosts":          clusterText(func(c *db.ClusterState) string { return strconv.FormatInt(c.NumHosts, 10) }),
	"num_down_hosts":     clusterText(func(c *db.ClusterState) string { return strconv.FormatInt(c.NumDownHosts, 10) }),
	"frozen":             clusterBool(func(c *db.ClusterState) bool { return c.Frozen }).replication(),
	"replication_status": clusterText(func(c *db.ClusterState) string { return c.ReplicationStatus }).replication(),
	"active_backend_id":  clusterText(func(c *db.ClusterState) string { return textOrEmpty(c.ActiveBackendID) }).replication(),
}

func (r *Request) clusterFilters() ([]func(*db.ClusterState) bool, error) {
	var unknown []string
	for _, p := range r.Query() {
		if f, ok := clusterFilters[p.key]; (!ok || r.Microversion < f.since) && !slices.Contains(unknown, p.key) {
			unknown = append(unknown, p.key)
		}
	}
	if unknown != nil {
		return nil, badRequest("Invalid input received: Invalid filter keys: %s", strings.Join(unknown, ", "))
	}
	var fits []func(*db.ClusterState) bool
	for _, key := range sortedKeys(clusterFilters) {
		value, ok := r.Query().get(key)
		if !ok {
			continue
		}
		fit, err := clusterFilters[key].of(key, value)
		if err != nil {
			return nil, err
		}
		fits = append(fits, fit)
	}
	return fits, nil
}

// showCluster knows clusters of volume services alone, as Cinder's does.
func (a *API) showCluster(r *Request) (Response, error) {
	c, err := a.Store.Cluster(r.Context(), r.Param("id"), db.BinaryVolume)
	if err != nil {
		return Response{}, err
	}
	return newView(r, clusterDetailFields, nil).One("cluster", &c), nil
}

func (a *API) enableCluster(r *Request) (Response, error)  { return a.setCluster(r, false) }
func (a *API) disableCluster(r *Request) (Response, error) { return a.setCluster(r, true) }

func (a *API) setCluster(r *Request, disabled bool) (Response, error) {
	var b struct {
		Name   string  `json:"name"`
		Binary *string `json:"binary"`
		Reason *string `json:"disabled_reason"`
	}
	if err := r.Decode(&b); err != nil {
		return Response{}, err
	}
	binary := db.BinaryVolume
	if b.Binary != nil {
		binary = *b.Binary
	}
	c, err := a.Store.DisableCluster(r.Context(), b.Name, binary, disabled, trimmed(b.Reason))
	if err != nil {
		return Response{}, err
	}
	return newView(r, clusterUpdatedFields, nil).One("cluster", &c), nil
}

var clusterFields = []Field[db.ClusterState]{
	{"name", 0, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte { return appendString(b, c.Name) }},
	{"binary", 0, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte { return appendString(b, c.Binary) }},
	{"state", 0, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte {
		return appendString(b, word(c.Up, "up", "down"))
	}},
	{"status", 0, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte {
		return appendString(b, word(c.Disabled, "disabled", "enabled"))
	}},
	{"replication_status", 26, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte { return appendString(b, c.ReplicationStatus) }},
}

var clusterReason = Field[db.ClusterState]{"disabled_reason", 0, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte {
	return appendStringOrNull(b, c.DisabledReason)
}}

// clusterUpdatedFields are what enable and disable answer.
var clusterUpdatedFields = append(slices.Clone(clusterFields), clusterReason)

// clusterDetailFields: a time that there is none of is the empty text.
var clusterDetailFields = slices.Concat(clusterUpdatedFields, []Field[db.ClusterState]{
	{"num_hosts", 0, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte { return appendInt(b, c.NumHosts) }},
	{"num_down_hosts", 0, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte { return appendInt(b, c.NumDownHosts) }},
	{"last_heartbeat", 0, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte {
		if c.NumHosts == 0 {
			return append(b, `""`...)
		}
		return appendTime(b, c.LastHeartbeat)
	}},
	{"created_at", 0, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte { return appendTime(b, c.CreatedAt) }},
	{"updated_at", 0, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte {
		if c.UpdatedAt == nil {
			return append(b, `""`...)
		}
		return appendTime(b, *c.UpdatedAt)
	}},
	{"frozen", 26, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte { return appendBool(b, c.Frozen) }},
	{"active_backend_id", 26, anyone, func(b []byte, _ *Request, c *db.ClusterState) []byte { return appendStringOrNull(b, c.ActiveBackendID) }},
})
