package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	serviceSchema = schema.Of(schema.Object(`"host":{"type":"string","minLength":1,"maxLength":255},"binary":{"type":"string","minLength":1,"maxLength":255},
"service":{"type":"string","minLength":1,"maxLength":255}`, "host"))
	serviceReasonSchema = schema.Of(schema.Object(`"host":{"type":"string","minLength":1,"maxLength":255},"binary":{"type":"string","minLength":1,"maxLength":255},
"service":{"type":"string","minLength":1,"maxLength":255},"disabled_reason":{"type":"string","minLength":1,"maxLength":255,"format":"disabled_reason"}`, "host", "disabled_reason"))
)

func serviceRoutes() []Route {
	put := func(verb string, s *schema.Set, handle func(*API, *Request) (Response, error)) Route {
		return Route{Method: http.MethodPut, Path: "/os-services/" + verb, Policy: "volume_extension:services:update", Schema: s, Status: 200, Handle: handle}
	}
	return []Route{
		{Method: http.MethodGet, Path: "/os-services", Policy: "volume_extension:services:index", Status: 200, Handle: (*API).listServices},
		put("enable", serviceSchema, (*API).enableService),
		put("disable", serviceSchema, (*API).disableService),
		put("disable-log-reason", serviceReasonSchema, (*API).disableService),
	}
}

func isVolumeService(s *db.ServiceState) bool { return s.Binary == db.BinaryVolume }

var serviceFields = []Field[db.ServiceState]{
	{"binary", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendString(b, s.Binary) }},
	{"host", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendString(b, s.Host) }},
	{"zone", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendString(b, s.AvailabilityZone) }},
	{"status", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte {
		return appendString(b, word(s.Disabled, "disabled", "enabled"))
	}},
	{"state", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte {
		return appendString(b, word(s.Up, "up", "down"))
	}},
	{"updated_at", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendTime(b, s.HeartbeatAt) }},
	{"disabled_reason", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendStringOrNull(b, s.DisabledReason) }},
	{"cluster", 7, anyone, func(b []byte, _ *Request, _ *db.ServiceState) []byte { return append(b, "null"...) }},
}

// volumeServiceFields are those that only volume services have.
var volumeServiceFields = slices.Concat(serviceFields, []Field[db.ServiceState]{
	{"replication_status", 0, anyone, func(b []byte, _ *Request, _ *db.ServiceState) []byte { return append(b, `"disabled"`...) }},
	{"active_backend_id", 0, anyone, func(b []byte, _ *Request, _ *db.ServiceState) []byte { return append(b, "null"...) }},
	{"frozen", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendBool(b, s.Frozen) }},
	{"backend_state", 49, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte {
		return appendString(b, word(s.BackendUp, "up", "down"))
	}},
})

func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func (a *API) listServices(r *Request) (Response, error) {
	all, err := a.Store.Services(r.Context())
	if err != nil {
		return Response{}, err
	}
	host, byHost := r.Query().get("host")
	binary, byBinary := r.Query().get("binary")
	plain, volume := newView(r, serviceFields, nil), newView(r, volumeServiceFields, nil)
	return JSON(func(b []byte) []byte {
		b = append(b, `{"services": [`...)
		first := true
		for i := range all {
			if byHost && !onHost(all[i].Host, host) || byBinary && all[i].Binary != binary {
				continue
			}
			if !first {
				b = append(b, ", "...)
			}
			first = false
			if isVolumeService(&all[i]) {
				b = volume.Append(b, &all[i])
			} else {
				b = plain.Append(b, &all[i])
			}
		}
		return append(b, "]}"...)
	}), nil
}

// onHost: host is meant by its whole name or by what comes before the @.
func onHost(service, host string) bool {
	node, _, _ := strings.Cut(service, "@")
	return service == host || node == host
}

type serviceBody struct {
	Host    string  `json:"host"`
	Binary  string  `json:"binary"`
	Service string  `json:"service"`
	Reason  *string `json:"disabled_reason"`
}

func (b serviceBody) binary() (string, error) {
	switch {
	case b.Binary != "":
		return b.Binary, nil
	case b.Service != "":
		return b.Service, nil
	}
	return "", badRequest("Missing required element 'binary' in request body.")
}

func (a *API) enableService(r *Request) (Response, error)  { return a.setService(r, false) }
func (a *API) disableService(r *Request) (Response, error) { return a.setService(r, true) }

func (a *API) setService(r *Request, disabled bool) (Response, error) {
	var b serviceBody
	if err := r.Decode(&b); err != nil {
		return Response{}, err
	}
	binary, err := b.binary()
	if err != nil {
		return Response{}, err
	}
	if err := a.Store.DisableService(r.Context(), b.Host, binary, disabled, b.Reason); err != nil {
		return Response{}, err
	}
	return JSON(func(out []byte) []byte {
		out = appendString(append(out, `{"host": `...), b.Host)
		out = appendString(append(out, `, "service": `...), binary)
		out = appendString(append(out, `, "binary": `...), binary)
		out = appendString(append(out, `, "status": `...), word(disabled, "disabled", "enabled"))
		if b.Reason != nil {
			out = appendString(append(out, `, "disabled_reason": `...), *b.Reason)
		}
		return append(appendBool(append(out, `, "disabled": `...), disabled), '}')
	}), nil
}
