package api

import (
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

// serviceProperties are those of a body that means one service.
const serviceProperties = `"host":$cinder_host,"cluster":$name_or_null,
"binary":{"type":"string","minLength":1,"maxLength":255},"service":{"type":"string","minLength":1,"maxLength":255}`

var (
	serviceSchema       = schema.Of(serviceObject(serviceProperties))
	serviceReasonSchema = schema.Of(serviceObject(serviceProperties +
		`,"disabled_reason":{"type":"string","minLength":1,"maxLength":255,"format":"disabled_reason"}`))
	serviceHostSchema     = schema.Of(schema.Object(`"host":$cinder_host,"cluster":$name_or_null`))
	serviceFailoverSchema = schema.Of(schema.Object(`"host":$cinder_host,"backend_id":$name_or_null,"cluster":$name_or_null`))
)

// serviceObject wants the binary, or service, its older name.
func serviceObject(properties string) string {
	return `{"type":"object","properties":{` + properties + `},"anyOf":[{"required":["binary"]},{"required":["service"]}],"additionalProperties":false}`
}

func serviceRoutes() []Route {
	put := func(verb string, s *schema.Set, handle func(*API, *Request) (Response, error), checks ...string) Route {
		return Route{Method: http.MethodPut, Path: "/os-services/" + verb, Policy: "volume_extension:services:update", Checks: checks, Schema: s, Status: 200, Handle: handle}
	}
	failover := put("failover_host", serviceFailoverSchema, (*API).failoverService, "volume:failover_host")
	failover.Status = http.StatusAccepted
	return []Route{
		failover,
		{Method: http.MethodGet, Path: "/os-services", Policy: "volume_extension:services:index", Status: 200, Handle: (*API).listServices},
		put("enable", serviceSchema, (*API).enableService),
		put("disable", serviceSchema, (*API).disableService),
		put("disable-log-reason", serviceReasonSchema, (*API).disableServiceFor),
		put("freeze", serviceHostSchema, (*API).freezeService, "volume:freeze_host"),
		put("thaw", serviceHostSchema, (*API).thawService, "volume:thaw_host"),
	}
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
			if byHost && !db.MatchesHost(all[i].Host, host) || byBinary && all[i].Binary != binary {
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
