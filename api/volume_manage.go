package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

const volumeManageProperties = `"description":$description,"availability_zone":$name_or_null,"bootable":$boolean,"volume_type":$name_or_null,
"name":$name_or_null,"host":$cinder_host,"ref":{"type":["object","string"]},"metadata":$metadata_or_null`

var volumeManageSchema = schema.New(
	schema.Version{Text: schema.Wrap("volume", schema.Object(volumeManageProperties, "ref"))},
	schema.Version{Since: 16, Text: schema.Wrap("volume", schema.Object(volumeManageProperties+`,"cluster":$name_or_null`, "ref"))},
)

func volumeManageRoutes() []Route {
	const list, manage, unmanage = "volume_extension:list_manageable", "volume_extension:volume_manage", "volume_extension:volume_unmanage"
	get := func(path string, since Microversion, handle func(*API, *Request) (Response, error)) Route {
		return Route{Method: http.MethodGet, Path: path, Since: since, Policy: list, Status: 200, Handle: handle}
	}
	return []Route{
		get("/os-volume-manage", 0, (*API).listManageableVolumes),
		get("/os-volume-manage/detail", 0, (*API).listManageableVolumesDetail),
		get("/manageable_volumes", 8, (*API).listManageableVolumes),
		get("/manageable_volumes/detail", 8, (*API).listManageableVolumesDetail),
		{Method: http.MethodPost, Path: "/os-volume-manage", Policy: manage, Schema: volumeManageSchema, Status: 202, Handle: (*API).manageVolume},
		{Method: http.MethodPost, Path: "/manageable_volumes", Since: 8, SchemaFirst: true, Policy: manage, Schema: volumeManageSchema, Status: 202,
			Handle: (*API).manageVolume},
		{Method: http.MethodPost, Path: "/volumes/{id}/action", Action: "os-unmanage", Checks: []string{"volume:get", unmanage, "volume:delete"},
			Schema: unmanageSchema, Status: 202, Handle: (*API).unmanageVolume},
	}
}

var unmanageSchema = schema.Of(schema.Wrap("os-unmanage", `{}`))

type volumeManageBody struct {
	Host        string          `json:"host"`
	Cluster     string          `json:"cluster"`
	Ref         json.RawMessage `json:"ref"`
	Name        *string         `json:"name"`
	Description *string         `json:"description"`
	VolumeType  *string         `json:"volume_type"`
	Zone        *string         `json:"availability_zone"`
	Bootable    schema.Bool     `json:"bootable"`
	Metadata    db.Metadata     `json:"metadata"`
}

func (a *API) manageVolume(r *Request) (Response, error) {
	var body struct{ Volume volumeManageBody }
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	n, err := a.managedVolume(r, body.Volume)
	if err != nil {
		return Response{}, err
	}
	row, err := a.Store.ManageVolume(r.Context(), r.Actor(), n)
	if err != nil {
		return Response{}, err
	}
	v := db.VolumeView{Volume: row, TypeName: n.Type.Name}
	return newView(r, volumeLegacyFields, volumeProject).One("volume", &v), nil
}

// volumeLegacyFields are those that the answer to a manage has at every
// microversion.
var volumeLegacyFields = slices.DeleteFunc(slices.Clone(volumeAnswerFields), func(f Field[db.VolumeView]) bool { return f.Since > 0 })

// managedVolume checks the body in Cinder's order and fills in what it leaves open.
func (a *API) managedVolume(r *Request, b volumeManageBody) (db.ManagedVolume, error) {
	n := db.ManagedVolume{ID: uuid.NewString(), Bootable: bool(b.Bootable), Metadata: b.Metadata}
	if err := hostOrCluster(b.Host, b.Cluster, r.Microversion.ManagesInClusters()); err != nil {
		return n, err
	}
	var err error
	if n.Ref, err = referenceOf(b.Ref); err != nil {
		return n, err
	}
	if n.Type, err = a.managedType(r, b.VolumeType); err != nil {
		return n, err
	}
	if filled(b.Name) {
		n.Name = trimmed(b.Name)
	}
	if filled(b.Description) {
		n.Description = trimmed(b.Description)
	}
	if err := a.notManagedYet(r, n.Ref); err != nil {
		return n, err
	}
	switch _, err := a.Store.TypeEncryption(r.Context(), n.Type.ID); {
	case err == nil:
		return n, badRequest("Managing to an encrypted volume type is not supported.")
	case !db.IsKind(err, db.NotFound):
		return n, err
	}
	n.Multiattach = specIs(n.Type, "multiattach")
	s, err := a.managingService(r, b.Host, b.Cluster)
	if db.IsKind(err, db.NotFound) {
		what, name := "Host", b.Host
		if b.Host == "" {
			what, name = "Cluster", b.Cluster
		}
		return n, badRequest("%s '%s' not found", what, name)
	}
	if err != nil {
		return n, err
	}
	n.Host, n.AvailabilityZone = s.Host, s.AvailabilityZone
	if _, pool, ok := strings.Cut(b.Host, "#"); ok {
		n.Host += "#" + pool
	}
	if b.Zone != nil {
		n.AvailabilityZone = *b.Zone
	}
	return n, nil
}

// managedType is the type asked for, or the default.
func (a *API) managedType(r *Request, asked *string) (db.VolumeType, error) {
	t, err := a.typeOf(r, asked, source{})
	if filled(asked) && db.IsKind(err, db.NotFound) {
		err = badRequest("Invalid volume type: Cannot find requested '%s' volume type", *asked)
	}
	return t, err
}

// notManagedYet refuses a reference by the name of a volume that is there.
func (a *API) notManagedYet(r *Request, raw json.RawMessage) error {
	var ref struct {
		Name string `json:"source-name"`
	}
	if json.Unmarshal(raw, &ref) != nil {
		return nil // a text: the driver says what it thinks of it
	}
	before, after, _ := strings.Cut(a.VolumeName, "%s")
	id, ok := strings.CutPrefix(ref.Name, before)
	if id = strings.TrimSuffix(id, after); !ok || !schema.IsUUID(id) {
		return nil
	}
	managed, err := a.Store.HasVolume(r.Context(), schema.CanonicalUUID(id))
	if err == nil && managed {
		err = badRequest("Unable to manage existing volume. The volume is already managed")
	}
	return err
}

func (a *API) unmanageVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume_extension:volume_unmanage", "volume:delete")
	if err != nil {
		return Response{}, err
	}
	if v.Host != nil && v.EncryptionKeyID != nil {
		if err := a.Store.EncryptedVolumeStays(r.Context(), r.Actor(), v.ID); err != nil {
			return Response{}, err
		}
		return Response{}, badRequest("Unmanaging encrypted volumes is not supported.")
	}
	return Response{}, a.Store.UnmanageVolume(r.Context(), r.Actor(), v.ID)
}
