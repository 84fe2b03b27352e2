package api

import (
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	anySchema  = schema.Of(`{}`)
	hostSchema = schema.Of(`{"type":"object","properties":{"status":{"type":"string","enum":["enable","disable"]}}}`)
)

func hostRoutes() []Route {
	const rule = "volume_extension:hosts"
	return []Route{
		{Method: http.MethodGet, Path: "/os-hosts", Policy: rule, Status: 200, Handle: (*API).listHosts},
		{Method: http.MethodGet, Path: "/os-hosts/{id}", Policy: rule, Status: 200, Handle: (*API).showHost},
		// The host is looked for before anything is known of the body.
		{Method: http.MethodPut, Path: "/os-hosts/{id}", Checks: []string{rule}, Schema: anySchema, Status: 200, Handle: (*API).updateHost},
		// Upstream routes this one to a method that lacks its argument.
		{Method: http.MethodPut, Path: "/os-hosts", Status: 400, Handle: func(*API, *Request) (Response, error) {
			return Response{}, &Fault{Status: http.StatusBadRequest}
		}},
	}
}

var hostFields = []Field[db.ServiceState]{
	{"host_name", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendString(b, s.Host) }},
	{"service", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendString(b, s.Binary) }},
	{"zone", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendString(b, s.AvailabilityZone) }},
	{"service-status", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte {
		return appendString(b, word(s.Up, "available", "unavailable"))
	}},
	{"service-state", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte {
		return appendString(b, word(s.Disabled, "disabled", "enabled"))
	}},
	{"last-update", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendTime(b, s.HeartbeatAt) }},
}

// hosts are the services that are enabled, those of one zone if one is asked for.
func (a *API) hosts(r *Request) ([]db.ServiceState, error) {
	all, err := a.Store.Services(r.Context())
	if err != nil {
		return nil, err
	}
	zone, _ := r.Query().get("zone")
	var list []db.ServiceState
	for _, s := range all {
		if !s.Disabled && (zone == "" || s.AvailabilityZone == zone) {
			list = append(list, s)
		}
	}
	return list, nil
}

func (a *API) listHosts(r *Request) (Response, error) {
	list, err := a.hosts(r)
	if err != nil {
		return Response{}, err
	}
	return newView(r, hostFields, nil).Many(list, Page{Key: "hosts"}), nil
}

// showHost counts what is on a backend, in all and by project; numbers are text.
func (a *API) showHost(r *Request) (Response, error) {
	host := r.Param("id")
	all, err := a.Store.Services(r.Context())
	if err != nil {
		return Response{}, err
	}
	found := false
	for i := range all {
		found = found || all[i].Host == host && isVolumeService(&all[i]) && !all[i].Disabled
	}
	if !found {
		return Response{}, db.Errorf(db.NotFound, "Service %s could not be found on host %s.", db.BinaryVolume, host)
	}
	usage, err := a.Store.HostUsage(r.Context(), host)
	if err != nil {
		return Response{}, err
	}
	total := db.HostUsage{ProjectID: "(total)"}
	for _, u := range usage {
		total.Volumes, total.VolumeGib = total.Volumes+u.Volumes, total.VolumeGib+u.VolumeGib
		total.Snapshots, total.SnapshotGib = total.Snapshots+u.Snapshots, total.SnapshotGib+u.SnapshotGib
	}
	return JSON(func(b []byte) []byte {
		b = appendHostUsage(append(b, `{"host": [`...), host, total)
		for _, u := range usage {
			b = appendHostUsage(append(b, ", "...), host, u)
		}
		return append(b, "]}"...)
	}), nil
}

func appendHostUsage(b []byte, host string, u db.HostUsage) []byte {
	number := func(b []byte, n int64) []byte { return appendString(b, strconv.FormatInt(n, 10)) }
	b = appendString(append(b, `{"resource": {"host": `...), host)
	b = appendString(append(b, `, "project": `...), u.ProjectID)
	b = number(append(b, `, "volume_count": `...), u.Volumes)
	b = number(append(b, `, "total_volume_gb": `...), u.VolumeGib)
	b = number(append(b, `, "snapshot_count": `...), u.Snapshots)
	b = number(append(b, `, "total_snapshot_gb": `...), u.SnapshotGib)
	return append(b, "}}"...)
}

// updateHost enables or disables the volume service of a host, as os-services
// does; upstream has the call and no implementation of it.
func (a *API) updateHost(r *Request) (Response, error) {
	host := r.Param("id")
	list, err := a.hosts(r)
	if err != nil {
		return Response{}, err
	}
	known := false
	for _, s := range list {
		known = known || s.Host == host
	}
	if !known {
		return Response{}, db.Errorf(db.NotFound, "Host %s could not be found.", host)
	}
	var body any
	settings := make(map[string]any)
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	if asked, ok := body.(map[string]any); ok {
		settings = maps.Clone(asked) // the schema drops what it does not name
	}
	if err := hostSchema.Validate(int(r.Microversion), body); err != nil {
		return Response{}, err
	}
	if err := r.Authorize("volume_extension:hosts", r.Identity.ProjectID); err != nil {
		return Response{}, err
	}
	status := ""
	for _, key := range sortedKeys(settings) {
		value, isText := settings[key].(string)
		switch word := strings.ToLower(strings.TrimSpace(value)); {
		case strings.ToLower(strings.TrimSpace(key)) != "status":
			return Response{}, badRequest("Invalid update setting: '%s'", key)
		case !isText || word != "enable" && word != "disable":
			return Response{}, badRequest("Invalid status: '%v'", settings[key])
		default:
			status = word + "d"
		}
	}
	if status == "" {
		return JSON(func(b []byte) []byte { return append(b, "{}"...) }), nil
	}
	if err := a.Store.DisableService(r.Context(), host, db.BinaryVolume, status == "disabled", nil); err != nil {
		return Response{}, err
	}
	return JSON(func(b []byte) []byte {
		b = appendString(append(b, `{"host": `...), host)
		return append(appendString(append(b, `, "status": `...), status), '}')
	}), nil
}
