package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	manageableReference = Field[db.Manageable]{"reference", 0, anyone, func(b []byte, _ *Request, m *db.Manageable) []byte {
		return appendMap(b, m.Reference)
	}}
	manageableSize   = Field[db.Manageable]{"size", 0, anyone, func(b []byte, _ *Request, m *db.Manageable) []byte { return appendInt(b, m.SizeGiB) }}
	manageableSafe   = Field[db.Manageable]{"safe_to_manage", 0, anyone, func(b []byte, _ *Request, m *db.Manageable) []byte { return appendBool(b, m.Safe) }}
	manageableReason = Field[db.Manageable]{"reason_not_safe", 0, anyone, func(b []byte, _ *Request, m *db.Manageable) []byte {
		return appendStringOrNull(b, m.Reason)
	}}
	manageableID     = Field[db.Manageable]{"cinder_id", 0, anyone, func(b []byte, _ *Request, m *db.Manageable) []byte { return appendStringOrNull(b, m.ID) }}
	manageableExtra  = Field[db.Manageable]{"extra_info", 0, anyone, func(b []byte, _ *Request, _ *db.Manageable) []byte { return append(b, "null"...) }}
	manageableSource = Field[db.Manageable]{"source_reference", 0, anyone, func(b []byte, _ *Request, m *db.Manageable) []byte {
		if m.Source == nil {
			return append(b, "null"...)
		}
		return appendMap(b, m.Source)
	}}
)

var (
	manageableVolumeFields         = []Field[db.Manageable]{manageableReference, manageableSize, manageableSafe}
	manageableVolumeDetailFields   = append(slices.Clone(manageableVolumeFields), manageableReason, manageableID, manageableExtra)
	manageableSnapshotFields       = append(slices.Clone(manageableVolumeFields), manageableSource)
	manageableSnapshotDetailFields = append(slices.Clone(manageableVolumeFields), manageableReason, manageableExtra, manageableID, manageableSource)
)

func (a *API) listManageableVolumes(r *Request) (Response, error) {
	return a.listManageable(r, "manageable-volumes", manageableVolumeFields, false)
}

func (a *API) listManageableVolumesDetail(r *Request) (Response, error) {
	return a.listManageable(r, "manageable-volumes", manageableVolumeDetailFields, false)
}

func (a *API) listManageableSnapshots(r *Request) (Response, error) {
	return a.listManageable(r, "manageable-snapshots", manageableSnapshotFields, true)
}

func (a *API) listManageableSnapshotsDetail(r *Request) (Response, error) {
	return a.listManageable(r, "manageable-snapshots", manageableSnapshotDetailFields, true)
}

// listManageable asks the worker of the host and waits for what it says.
func (a *API) listManageable(r *Request, key string, fields []Field[db.Manageable], snapshots bool) (Response, error) {
	q := r.Query()
	host, _ := q.get("host")
	cluster, _ := q.get("cluster")
	if err := hostOrCluster(host, cluster, r.Microversion.ListsManageableInClusters()); err != nil {
		return Response{}, err
	}
	args, marker, err := r.manageableArgs()
	if err != nil {
		return Response{}, err
	}
	args.Snapshots = snapshots
	s, err := a.managingService(r, host, cluster)
	if err != nil {
		return Response{}, err
	}
	if args.Marker, err = markerOf(marker); err != nil {
		return Response{}, err
	}
	job, err := a.Store.ListManageable(r.Context(), r.Actor(), s.Host, args, a.ReplyTo)
	if err != nil {
		return Response{}, err
	}
	raw, err := a.wait(r.Context(), job)
	if err != nil {
		return Response{}, err
	}
	var result db.ManageableResult
	if err := json.Unmarshal(raw, &result); err != nil {
		return Response{}, fmt.Errorf("result of job %s: %w", job, err)
	}
	if result.NoMarker {
		return Response{}, noMarker(marker)
	}
	return newView(r, fields, nil).Many(result.Items, Page{Key: key}), nil
}

// hostOrCluster: exactly one is wanted, and before clusters came the host.
func hostOrCluster(host, cluster string, clusters bool) error {
	switch {
	case !clusters && host == "":
		return badRequest("Invalid input received: Host field is missing.")
	case clusters && (host == "") == (cluster == ""):
		return badRequest("Invalid input received: One and only one of cluster and host must be set.")
	}
	return nil
}

// manageableArgs reads paging and order; what may be sorted by is fixed.
func (r *Request) manageableArgs() (args db.ManageableArgs, marker string, err error) {
	q := r.Query()
	marker, _ = q.get("marker")
	if args.Limit, err = r.limit(); err != nil {
		return args, "", err
	}
	if args.Offset, err = offset(q); err != nil {
		return args, "", err
	}
	args.Sort, err = manageableSort(q)
	return args, marker, err
}

func manageableSort(q query) ([]db.Sort, error) {
	list, isNew := q.get("sort")
	key, hasKey := q.get("sort_key")
	dir, hasDir := q.get("sort_dir")
	switch {
	case isNew && (hasKey || hasDir):
		return nil, badRequest("The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter.")
	case !isNew && !hasKey:
		key = "reference"
	}
	parts := strings.Split(strings.TrimSpace(list), ",")
	if !isNew {
		parts = []string{key + ":" + dir}
	}
	var sort []db.Sort
	var badKeys, badDirs []string
	for _, part := range parts {
		key, dir, _ := strings.Cut(part, ":")
		key, dir = strings.TrimSpace(key), strings.TrimSpace(dir)
		if key != "reference" && key != "size" {
			badKeys = append(badKeys, key)
		}
		if dir != "" && dir != "asc" && dir != "desc" {
			badDirs = append(badDirs, dir)
		}
		sort = append(sort, db.Sort{Key: key, Desc: dir != "asc"})
	}
	switch {
	case badKeys != nil:
		return nil, badRequest("Invalid sort keys passed: %s", joined(badKeys))
	case badDirs != nil:
		return nil, badRequest("Invalid sort dirs passed: %s", joined(badDirs))
	}
	return sort[:min(len(sort), maxSortKeys)], nil // there are two keys: more change nothing
}

// markerOf reads the reference that a marker is as JSON; nil is none. What is
// no object of texts is no reference, so it is in no list.
func markerOf(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	v, err := decodeBody([]byte(text))
	if err != nil {
		return nil, badRequest("Invalid input received: marker %s can not be analysed, please use json like format", text)
	}
	m, ok := v.(map[string]any)
	if ref := textsOf(m); ok && len(ref) == len(m) && len(m) > 0 {
		return ref, nil
	}
	return nil, noMarker(text)
}

// textsOf are the members of an object that are texts: all that a driver
// reads of a reference.
func textsOf(m map[string]any) map[string]string {
	ref := make(map[string]string, len(m))
	for k, v := range m {
		if text, ok := v.(string); ok {
			ref[k] = text
		}
	}
	return ref
}

func noMarker(text string) error {
	v, err := decodeBody([]byte(text))
	if err != nil { // markerOf has read it
		v = text
	}
	return badRequest("Invalid input received: marker not found: %s", schema.Repr(v))
}

// referenceOf keeps of a body's ref what a driver reads: a text as it is, of an
// object the texts.
func referenceOf(raw json.RawMessage) (json.RawMessage, error) {
	var ref any
	if err := json.Unmarshal(raw, &ref); err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	if m, ok := ref.(map[string]any); ok {
		ref = textsOf(m)
	}
	return json.Marshal(ref)
}

// managingService finds the volume service of a host, whose pool may be named
// too, or one of a cluster that is up. In a cluster it is the cluster that is
// disabled, and not one service.
func (a *API) managingService(r *Request, host, cluster string) (db.ServiceState, error) {
	host, cluster = db.BackendOf(host), db.BackendOf(cluster)
	all, err := a.Store.Services(r.Context())
	if err != nil {
		return db.ServiceState{}, fmt.Errorf("services: %w", err)
	}
	i := slices.IndexFunc(all, func(s db.ServiceState) bool {
		switch {
		case s.Binary != db.BinaryVolume:
			return false
		case host == "":
			return cluster != "" && s.Up && s.ClusterName != nil && *s.ClusterName == cluster
		}
		return s.Host == host || !strings.Contains(host, "@") && strings.HasPrefix(s.Host, host+"@")
	})
	if i < 0 && host == "" {
		return db.ServiceState{}, db.Errorf(db.NotFound, "Service %s could not be found.", db.BinaryVolume)
	}
	if i < 0 {
		return db.ServiceState{}, db.Errorf(db.NotFound, "Service %s could not be found on host %s.", db.BinaryVolume, host)
	}
	s := all[i]
	disabled := s.Disabled
	if disabled && s.ClusterName != nil {
		c, err := a.Store.Cluster(r.Context(), *s.ClusterName, s.Binary)
		if err != nil {
			return s, fmt.Errorf("cluster of the service: %w", err)
		}
		disabled = c.Disabled
	}
	if disabled || !s.Up {
		return s, badRequest("Service is unavailable at this time.")
	}
	return s, nil
}
