package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/clinker-io/clinker/db"
)

func capabilityRoutes() []Route {
	return []Route{{Method: http.MethodGet, Path: "/capabilities/{id}", Policy: "volume_extension:capabilities", Status: 200, Handle: (*API).showCapabilities}}
}

// standardProperties are the extra specs that every backend is described with.
const standardProperties = `{"thin_provisioning": {"title": "Thin Provisioning", "description": "Sets thin provisioning.", "type": "boolean"}, ` +
	`"compression": {"title": "Compression", "description": "Enables compression.", "type": "boolean"}, ` +
	`"qos": {"title": "QoS", "description": "Enables QoS.", "type": "boolean"}, ` +
	`"replication_enabled": {"title": "Replication", "description": "Enables replication.", "type": "boolean"}}`

// reported is what a pool's report says of its backend; keys that no driver
// reports are null.
type reported struct {
	VendorName    *string `json:"vendor_name"`
	BackendName   *string `json:"volume_backend_name"`
	PoolName      *string `json:"pool_name"`
	DriverVersion *string `json:"driver_version"`
	Protocol      any     `json:"storage_protocol"`
	DisplayName   *string `json:"display_name"`
	Description   *string `json:"description"`
	Visibility    *string `json:"visibility"`
}

// protocol is the first one where a backend knows it by several names.
func (r *reported) protocol() *string {
	switch p := r.Protocol.(type) {
	case string:
		return &p
	case []any:
		if len(p) > 0 {
			if first, ok := p[0].(string); ok {
				return &first
			}
		}
	}
	return nil
}

// showCapabilities answers from the worker's last report. A backend with
// several pools has no pool's name of its own.
func (a *API) showCapabilities(r *Request) (Response, error) {
	host := r.Param("id")
	all, err := a.Store.Services(r.Context())
	if err != nil {
		return Response{}, err
	}
	found := false
	for i := range all {
		found = found || all[i].Host == host && isVolumeService(&all[i])
	}
	if !found {
		return Response{}, db.Errorf(db.NotFound, "Can't find service: %s", host)
	}
	reports, err := a.Store.PoolReports(r.Context(), host)
	if err != nil {
		return Response{}, err
	}
	var c reported
	if len(reports) > 0 {
		if err := json.Unmarshal(reports[0], &c); err != nil {
			return Response{}, fmt.Errorf("report of %s: %w", host, err)
		}
	}
	if len(reports) > 1 {
		c.PoolName = nil
	}
	return JSON(func(b []byte) []byte {
		b = appendString(append(b, `{"namespace": `...), "OS::Storage::Capabilities::"+host)
		for _, f := range []struct {
			name  string
			value *string
		}{{"vendor_name", c.VendorName}, {"volume_backend_name", c.BackendName}, {"pool_name", c.PoolName}, {"driver_version", c.DriverVersion},
			{"storage_protocol", c.protocol()}, {"display_name", c.DisplayName}, {"description", c.Description}, {"visibility", c.Visibility}} {
			b = appendStringOrNull(append(appendString(append(b, ", "...), f.name), ": "...), f.value)
		}
		return append(b, `, "replication_targets": [], "properties": `+standardProperties+"}"...)
	}), nil
}
