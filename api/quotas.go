package api

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

// A quota set's keys are checked by the handler: those of volume types are not
// known to a schema.
var (
	quotaSetSchema   = schema.Of(schema.Wrap("quota_set", `{"type":"object","minProperties":1}`))
	quotaClassSchema = schema.Of(schema.Wrap("quota_class_set", `{"type":"object","patternProperties":{"^[a-zA-Z0-9-_:. ]{1,300}$":{
"type":["integer","string"],"pattern":"^[0-9]*$","minimum":-1,"minLength":1,"maximum":2147483647}},"additionalProperties":false}`))
)

func quotaRoutes() []Route {
	const set, class = "/os-quota-sets/{id}", "/os-quota-class-sets/{id}"
	return []Route{
		{Method: http.MethodGet, Path: set, Checks: []string{"volume_extension:quotas:show"}, Status: 200, Handle: (*API).showQuotas},
		{Method: http.MethodGet, Path: set + "/defaults", Checks: []string{"volume_extension:quotas:show"}, Status: 200, Handle: (*API).defaultQuotas},
		{Method: http.MethodPut, Path: set, Checks: []string{"volume_extension:quotas:update"}, Schema: quotaSetSchema, Status: 200, Handle: (*API).updateQuotas},
		{Method: http.MethodDelete, Path: set, Checks: []string{"volume_extension:quotas:delete"}, Status: 200, Handle: (*API).deleteQuotas},
		{Method: http.MethodGet, Path: class, Policy: "volume_extension:quota_classes:get", Status: 200, Handle: (*API).showQuotaClass},
		{Method: http.MethodPut, Path: class, Policy: "volume_extension:quota_classes:update", Schema: quotaClassSchema, Status: 200, Handle: (*API).updateQuotaClass},
	}
}

// typeNames are the names of all volume types: each makes resources of a quota
// set, whether or not the project may use it.
func (a *API) typeNames(r *Request) ([]string, error) {
	types, err := a.Store.VolumeTypes(r.Context(), "", true)
	if err != nil {
		return nil, fmt.Errorf("volume types: %w", err)
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name
	}
	return names, nil
}

// quotaSet reads a project's quotas after asking whether the caller may.
func (a *API) quotaSet(r *Request, rule string) (map[string]db.QuotaLine, error) {
	project := r.Param("id")
	if err := r.Authorize(rule, project); err != nil {
		return nil, err
	}
	names, err := a.typeNames(r)
	if err != nil {
		return nil, err
	}
	return a.Store.QuotaSet(r.Context(), project, names)
}

func (a *API) showQuotas(r *Request) (Response, error) {
	set, err := a.quotaSet(r, "volume_extension:quotas:show")
	if err != nil {
		return Response{}, err
	}
	usage, err := boolArg(r, "usage")
	if err != nil {
		return Response{}, err
	}
	return JSON(func(b []byte) []byte {
		b = appendString(append(b, `{"quota_set": {"id": `...), r.Param("id"))
		for _, key := range sortedKeys(set) {
			b = append(appendString(append(b, ", "...), key), ": "...)
			q := set[key]
			if !usage {
				b = appendInt(b, int64(q.Limit))
				continue
			}
			b = appendInt(append(b, `{"limit": `...), int64(q.Limit))
			b = appendInt(append(b, `, "in_use": `...), q.InUse)
			b = append(appendInt(append(b, `, "reserved": `...), q.Reserved), '}')
		}
		return append(b, "}}"...)
	}), nil
}

func (a *API) defaultQuotas(r *Request) (Response, error) {
	project := r.Param("id")
	if err := r.Authorize("volume_extension:quotas:show", project); err != nil {
		return Response{}, err
	}
	names, err := a.typeNames(r)
	if err != nil {
		return Response{}, err
	}
	limits, err := a.Store.QuotaClass(r.Context(), "default", names)
	if err != nil {
		return Response{}, err
	}
	return limitsJSON("quota_set", project, limits), nil
}

// limitsJSON writes limits; id "" leaves the id out.
func limitsJSON(key, id string, limits map[string]int32) Response {
	return JSON(func(b []byte) []byte {
		b = append(appendString(append(b, '{'), key), ": {"...)
		first := true
		if id != "" {
			b = appendString(append(b, `"id": `...), id)
			first = false
		}
		for _, k := range sortedKeys(limits) {
			if !first {
				b = append(b, ", "...)
			}
			first = false
			b = appendInt(append(appendString(b, k), ": "...), int64(limits[k]))
		}
		return append(b, "}}"...)
	})
}

// newLimits reads the body and refuses resources that are not there. label is
// what the message calls the set.
func (a *API) newLimits(r *Request, key, label string, ignored ...string) (map[string]int32, error) {
	var body map[string]map[string]json.RawMessage
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	names, err := a.typeNames(r)
	if err != nil {
		return nil, err
	}
	known := db.QuotaResources(names)
	limits := make(map[string]int32)
	var bad []string
	for _, k := range sortedKeys(body[key]) {
		switch {
		case slices.Contains(ignored, k):
		case !slices.Contains(known, k):
			bad = append(bad, k)
		default:
			if limits[k], err = quotaLimit(k, body[key][k]); err != nil {
				return nil, err
			}
		}
	}
	if len(bad) > 0 {
		return nil, badRequest("Invalid input received: Bad key(s) in %s: %s", label, strings.Join(bad, ", "))
	}
	return limits, nil
}

// quotaLimit reads a limit; -1 is none. Text of digits will do.
func quotaLimit(key string, raw json.RawMessage) (int32, error) {
	n, err := pythonInt(strings.Trim(string(raw), `"`))
	switch {
	case err != nil:
		return 0, badRequest("%s must be an integer", key)
	case n < -1:
		return 0, badRequest("%s must be >= -1", key)
	case n > math.MaxInt32:
		return 0, badRequest("%s must be <= %d", key, math.MaxInt32)
	}
	return int32(n), nil
}

func checkedName(what, name string) error {
	if n := utf8.RuneCountInString(name); n > 255 {
		return badRequest("Invalid input received: %s has %d characters, more than 255.", what, n)
	}
	return nil
}

func (a *API) updateQuotas(r *Request) (Response, error) {
	set, err := a.quotaSet(r, "volume_extension:quotas:update")
	if err != nil {
		return Response{}, err
	}
	if err := checkedName("quota_set_name", r.Param("id")); err != nil {
		return Response{}, err
	}
	limits, err := a.newLimits(r, "quota_set", "quota set", "tenant_id", "id")
	if err != nil {
		return Response{}, err
	}
	if err := a.mayBeProject(r, r.Param("id")); err != nil {
		return Response{}, err
	}
	for _, key := range sortedKeys(limits) {
		limit, used := limits[key], set[key].InUse+set[key].Reserved
		if limit != -1 && key != "per_volume_gigabytes" && int64(limit) < used {
			return Response{}, badRequest("Quota %s limit must be equal or greater than existing resources. "+
				"Current usage is %d and the requested limit is %d.", key, used, limit)
		}
	}
	if err := a.Store.SetQuotas(r.Context(), r.Param("id"), limits); err != nil {
		return Response{}, err
	}
	if set, err = a.quotaSet(r, "volume_extension:quotas:update"); err != nil {
		return Response{}, err
	}
	after := make(map[string]int32, len(set))
	for k, q := range set {
		after[k] = q.Limit
	}
	return limitsJSON("quota_set", "", after), nil
}

func (a *API) deleteQuotas(r *Request) (Response, error) {
	if err := r.Authorize("volume_extension:quotas:delete", r.Param("id")); err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.DeleteQuotas(r.Context(), r.Param("id"))
}

func (a *API) quotaClass(r *Request) (map[string]int32, error) {
	names, err := a.typeNames(r)
	if err != nil {
		return nil, err
	}
	return a.Store.QuotaClass(r.Context(), r.Param("id"), names)
}

func (a *API) showQuotaClass(r *Request) (Response, error) {
	limits, err := a.quotaClass(r)
	return limitsJSON("quota_class_set", r.Param("id"), limits), err
}

func (a *API) updateQuotaClass(r *Request) (Response, error) {
	if err := checkedName("quota_class_name", r.Param("id")); err != nil {
		return Response{}, err
	}
	limits, err := a.newLimits(r, "quota_class_set", "quota class set")
	if err != nil {
		return Response{}, err
	}
	if err := a.Store.SetQuotaClass(r.Context(), r.Param("id"), limits); err != nil {
		return Response{}, err
	}
	after, err := a.quotaClass(r)
	return limitsJSON("quota_class_set", "", after), err
}
