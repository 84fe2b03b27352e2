package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/clinker-io/clinker/api/schema"
)

// Route is one row of the table of calls. Router, schema checks, policy and
// what `clinker routes` prints come from it.
type Route struct {
	Method string
	Path   string // chi's pattern below /v3[/{project}]
	Action string // the key of the body, for POST …/action
	Since  Microversion
	Until  Microversion // 0: to the newest
	// Policy is checked before the handler, on the caller's own project.
	Policy string
	// Checks are the rules that the handler asks about what it finds.
	Checks []string
	// Also are the rules that the handler asks of some calls only.
	Also   []string
	Schema *schema.Set // nil: the body is not read
	// SchemaFirst has the body checked before Since: a bad one is no 404.
	SchemaFirst bool
	Status      int // of success
	Handle      func(a *API, r *Request) (Response, error)
}

// also names rules that the handler asks of some calls only.
func (r Route) also(rules ...string) Route {
	r.Also = append(r.Also, rules...)
	return r
}

// Routes is the table of all calls, each resource's rows from its own file.
func Routes() []Route {
	return slices.Concat(
		extensionRoutes(),
		volumeRoutes(),
		volumeMetadataRoutes(),
		volumeActionRoutes(),
		volumeMoveRoutes(),
		snapshotRoutes(),
		volumeManageRoutes(),
		snapshotManageRoutes(),
		revertRoutes(),
		attachmentRoutes(),
		legacyAttachRoutes(),
		imageMetadataRoutes(),
		volumeImageRoutes(),
		volumeEncryptionRoutes(),
		transferRoutes(),
		typeRoutes(),
		typeSpecRoutes(),
		typeAccessRoutes(),
		typeEncryptionRoutes(),
		qosRoutes(),
		defaultTypeRoutes(),
		quotaRoutes(),
		serviceRoutes(),
		serviceLogRoutes(),
		clusterRoutes(),
		workerRoutes(),
		limitRoutes(),
		poolRoutes(),
		resourceFilterRoutes(),
		messageRoutes(),
		groupTypeRoutes(),
		groupSpecRoutes(),
		groupRoutes(),
		groupSnapshotRoutes(),
		consistencyGroupRoutes(),
		cgSnapshotRoutes(),
		hostRoutes(),
		capabilityRoutes(),
	)
}

// collections are the resources whose paths upstream makes as a set of seven:
// a verb that has no row there is a fault, not the router's 404.
var collections = []string{
	"/attachments",
	"/capabilities",
	"/cgsnapshots",
	"/clusters",
	"/consistencygroups",
	"/extensions",
	"/group_snapshots",
	"/group_types",
	"/group_types/{type_id}/group_specs",
	"/groups",
	"/limits",
	"/manageable_snapshots",
	"/manageable_volumes",
	"/messages",
	"/os-availability-zone",
	"/os-hosts",
	"/os-quota-class-sets",
	"/os-quota-sets",
	"/os-services",
	"/os-snapshot-manage",
	"/os-volume-manage",
	"/os-volume-transfer",
	"/qos-specs",
	"/resource_filters",
	"/scheduler-stats",
	"/snapshots",
	"/types",
	"/volume-transfers",
	"/volumes",
	"/workers",
}

// bareRoutes lists what a collection's paths match besides the rows.
func bareRoutes(path string) []Route {
	return []Route{
		{Method: http.MethodGet, Path: path}, {Method: http.MethodPost, Path: path},
		{Method: http.MethodGet, Path: path + "/new"},
		{Method: http.MethodGet, Path: path + "/{id}"}, {Method: http.MethodPut, Path: path + "/{id}"},
		{Method: http.MethodDelete, Path: path + "/{id}"},
		{Method: http.MethodGet, Path: path + "/{id}/edit"},
	}
}

// place is where rows meet: one verb on one pattern.
type place struct{ method, pattern string }

// placeOf names parameters alike, so that {id} and {volume_id} are one place.
func placeOf(r Route) place {
	parts := strings.Split(r.Path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "{}"
		}
	}
	return place{r.Method, strings.Join(parts, "/")}
}

func (a *API) newRouter(rows []Route) http.Handler {
	byPlace := make(map[place][]Route)
	var order []place
	add := func(r Route) {
		p := placeOf(r)
		if byPlace[p] == nil {
			order = append(order, p)
		}
		byPlace[p] = append(byPlace[p], r)
	}
	for _, r := range rows {
		if r.Schema != nil {
			if err := r.Schema.Compile(); err != nil {
				panic("route " + r.Method + " " + r.Path + " " + r.Action + ": " + err.Error())
			}
		}
		add(r)
	}
	for _, c := range collections {
		for _, r := range bareRoutes(c) {
			if byPlace[placeOf(r)] == nil {
				add(r)
			}
		}
	}
	mux := chi.NewMux()
	mux.NotFound(notRouted)
	mux.MethodNotAllowed(notRouted)
	for _, p := range order {
		mux.Method(p.method, byPlace[p][0].Path, a.endpoint(byPlace[p]))
	}
	return a.withProject(mux)
}

type projectKey struct{}

// withProject takes the project id off the path. Both forms of a path work at
// every microversion. A path that ends in a slash names nothing, as upstream:
// clients rely on that when they have an empty id.
func (a *API) withProject(mux *chi.Mux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/v3")
		first, rest, _ := strings.Cut(path[1:], "/")
		project := ""
		if a.projectID.MatchString(first) {
			project, path = first, "/"+rest
		}
		if strings.HasSuffix(path, "/") || strings.Contains(path, "//") {
			notRouted(w, r)
			return
		}
		rctx := chi.NewRouteContext()
		rctx.RoutePath = path
		ctx := context.WithValue(r.Context(), chi.RouteCtxKey, rctx)
		if project != "" {
			ctx = context.WithValue(ctx, projectKey{}, project)
		}
		mux.ServeHTTP(w, r.WithContext(ctx))
	})
}
