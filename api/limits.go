package api

import "net/http"

func limitRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/limits", Status: 200, Also: []string{"limits_extension:used_limits"}, Handle: (*API).showLimits},
		{Method: http.MethodGet, Path: "/os-availability-zone", Status: 200, Handle: (*API).listZones},
	}
}

// absoluteLimits pairs the keys of limits with the resource that they are of.
var absoluteLimits = []struct{ limit, used, resource string }{
	{"maxTotalVolumes", "totalVolumesUsed", "volumes"},
	{"maxTotalSnapshots", "totalSnapshotsUsed", "snapshots"},
	{"maxTotalVolumeGigabytes", "totalGigabytesUsed", "gigabytes"},
	{"maxTotalBackups", "totalBackupsUsed", "backups"},
	{"maxTotalBackupGigabytes", "totalBackupGigabytesUsed", "backup_gigabytes"},
}

// limitsProject is the caller's, or the one that an administrator asks for;
// tenant_id is its older name.
func (r *Request) limitsProject() string {
	if r.Microversion.ProjectLimits() && r.IsAdmin() {
		for _, key := range []string{"project_id", "tenant_id"} {
			if asked, ok := r.Query().get(key); ok {
				return asked
			}
		}
	}
	return r.Identity.ProjectID
}

func (a *API) showLimits(r *Request) (Response, error) {
	project := r.limitsProject()
	set, err := a.Store.QuotaSet(r.Context(), project, nil)
	if err != nil {
		return Response{}, err
	}
	used := r.Allowed("limits_extension:used_limits", r.Identity.ProjectID)
	return JSON(func(b []byte) []byte {
		b = append(b, `{"limits": {"rate": [], "absolute": {`...)
		for i, l := range absoluteLimits {
			if i > 0 {
				b = append(b, ", "...)
			}
			q := set[l.resource]
			b = appendInt(append(appendString(b, l.limit), ": "...), int64(q.Limit))
			if used {
				b = appendInt(append(appendString(append(b, ", "...), l.used), ": "...), q.InUse)
			}
		}
		return append(b, "}}}"...)
	}), nil
}

// listZones: a zone is available when an enabled volume service is in it.
func (a *API) listZones(r *Request) (Response, error) {
	services, err := a.Store.Services(r.Context())
	if err != nil {
		return Response{}, err
	}
	zones := make(map[string]bool)
	for i := range services {
		if isVolumeService(&services[i]) {
			zones[services[i].AvailabilityZone] = zones[services[i].AvailabilityZone] || !services[i].Disabled
		}
	}
	return JSON(func(b []byte) []byte {
		b = append(b, `{"availabilityZoneInfo": [`...)
		for i, name := range sortedKeys(zones) {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendString(append(b, `{"zoneName": `...), name)
			b = append(appendBool(append(b, `, "zoneState": {"available": `...), zones[name]), "}}"...)
		}
		return append(b, "]}"...)
	}), nil
}
