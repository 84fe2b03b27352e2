package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
)

const volumeCreateProperties = `"name":$name_trimmed,"description":$description_trimmed,"display_name":$name_trimmed,
"display_description":$description_trimmed,"volume_type":$name_or_null,"metadata":$metadata_or_null,"snapshot_id":$uuid_or_null,
"source_volid":$uuid_or_null,"consistencygroup_id":$uuid_or_null,"size":$volume_size_or_null,"availability_zone":$availability_zone,
"multiattach":$boolean_or_null,"image_id":$name_or_null,"imageRef":$name_or_null`

// volumeCreateBody has two keys at the top: the volume and the hints.
func volumeCreateBody(more string, open bool) string {
	return fmt.Sprintf(`{"type":"object","properties":{"volume":{"type":"object","properties":{%s%s},"additionalProperties":%t},
"OS-SCH-HNT:scheduler_hints":$object_or_null},"required":["volume"],"additionalProperties":false}`, volumeCreateProperties, more, open)
}

var volumeCreateSchema = schema.New(
	schema.Version{Text: volumeCreateBody("", true)},
	schema.Version{Since: 13, Text: volumeCreateBody(`,"group_id":$name_or_null`, true)},
	schema.Version{Since: 47, Text: volumeCreateBody(`,"group_id":$name_or_null,"backup_id":$uuid_or_null`, true)},
	schema.Version{Since: 53, Text: volumeCreateBody(`,"group_id":$name_or_null,"backup_id":$uuid_or_null`, false)},
)

// volumeBody is the part of a create that is a volume.
type volumeBody struct {
	Name               *string           `json:"name"`
	DisplayName        *string           `json:"display_name"`
	Description        *string           `json:"description"`
	DisplayDescription *string           `json:"display_description"`
	VolumeType         *string           `json:"volume_type"`
	Metadata           map[string]string `json:"metadata"`
	SnapshotID         *string           `json:"snapshot_id"`
	SourceID           *string           `json:"source_volid"`
	GroupID            *string           `json:"group_id"`
	CGID               *string           `json:"consistencygroup_id"`
	BackupID           *string           `json:"backup_id"`
	Size               *schema.Int       `json:"size"`
	Zone               *string           `json:"availability_zone"`
	Multiattach        *schema.Bool      `json:"multiattach"`
	ImageID            *string           `json:"image_id"`
	ImageRef           *string           `json:"imageRef"`
}

func (a *API) createVolume(r *Request) (Response, error) {
	var body struct {
		Volume volumeBody      `json:"volume"`
		Hints  json.RawMessage `json:"OS-SCH-HNT:scheduler_hints"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	n, err := a.newVolume(r, body.Volume)
	if err != nil {
		return Response{}, err
	}
	if string(body.Hints) != "null" {
		n.Hints = body.Hints
	}
	row, err := a.Store.CreateVolume(r.Context(), r.Actor(), n)
	if err != nil {
		a.dropKeysOfNew(r, n)
		return Response{}, err
	}
	if n.EncryptionKeyID != nil {
		a.sweepKeys(r)
	}
	v := db.VolumeView{Volume: row, TypeName: n.Type.Name}
	return newView(r, volumeAnswerFields, volumeProject).One("volume", &v), nil
}

// source is what a new volume copies; its zero value is nothing.
type source struct {
	volume   *db.VolumeView
	snapshot *db.Snapshot
	image    *glance.Image
}

// newVolume fills in what the body leaves open, from the source or the defaults.
func (a *API) newVolume(r *Request, b volumeBody) (db.NewVolume, error) {
	n := db.NewVolume{ID: uuid.NewString(), Name: trimmed(first(b.Name, b.DisplayName)), Description: trimmed(first(b.Description, b.DisplayDescription)), Metadata: b.Metadata}
	if err := a.notYet(b); err != nil {
		return n, err
	}
	src, err := a.findSource(r, b)
	if err != nil {
		return n, err
	}
	group, err := a.groupOf(r, b)
	if err != nil {
		return n, err
	}
	if n.SizeGiB, err = sizeOf(b.Size, src); err != nil {
		return n, err
	}
	if src.image != nil {
		if err := fits(src.image, n.SizeGiB); err != nil {
			return n, err
		}
		n.ImageID, n.Signed = src.image.ID, a.signedImage(r, src.image)
	}
	if n.Type, err = a.typeOf(r, b.VolumeType, src); err != nil {
		return n, err
	}
	if err := fitsType(n.Type, n.SizeGiB); err != nil {
		return n, err
	}
	if err := a.copiesTo(r, n.Type, src); err != nil {
		return n, err
	}
	if group != nil {
		n.GroupID, b.Zone = &group.ID, &group.AvailabilityZone
	}
	if n.AvailabilityZone, err = a.zoneOf(r, b.Zone, n.Type, src); err != nil {
		return n, err
	}
	if specIs(n.Type, "multiattach") {
		if err := r.Authorize("volume:multiattach", r.Identity.ProjectID); err != nil {
			return n, err
		}
		n.Multiattach = true
	}
	switch {
	case src.snapshot != nil:
		n.SnapshotID = &src.snapshot.ID
	case src.volume != nil:
		n.SourceVolumeID = &src.volume.ID
	}
	// Nothing may fail between here and the row that the key is for.
	err = a.keysOfNew(r, &n, src)
	return n, err
}

// notYet refuses two sources, and what names something that cannot be there.
func (a *API) notYet(b volumeBody) error {
	switch {
	case b.Multiattach != nil && bool(*b.Multiattach):
		return badRequest("multiattach parameter has been removed. The default behavior is to use multiattach enabled volume types. " +
			"Contact your administrator to create a multiattach enabled volume type and use it to create multiattach volumes.")
	case several(b.SnapshotID, b.SourceID, b.image()):
		return badRequest("Invalid input received: May specify only one of backup, imageRef, snapshot, source volume")
	case filled(b.BackupID):
		return db.Errorf(db.NotFound, "Backup %s could not be found.", *b.BackupID)
	}
	return nil
}

// image is the image under its two spellings; the older one wins.
func (b *volumeBody) image() *string { return first(b.ImageID, b.ImageRef) }

// several reports whether more than one is there.
func several(ps ...*string) bool {
	n := 0
	for _, p := range ps {
		if filled(p) {
			n++
		}
	}
	return n > 1
}

func (a *API) findSource(r *Request, b volumeBody) (source, error) {
	var src source
	if filled(b.SnapshotID) {
		s, err := a.snapshot(r, *b.SnapshotID)
		if err != nil {
			return src, err
		}
		return a.snapshotSource(r, s)
	}
	if filled(b.SourceID) {
		v, err := a.volume(r, *b.SourceID)
		src.volume = &v
		return src, err
	}
	if ref := b.image(); filled(ref) {
		return a.imageSource(r, *ref)
	}
	return src, nil
}

func (a *API) snapshotSource(r *Request, s db.Snapshot) (source, error) {
	v, err := a.Store.ViewVolume(r.Context(), s.VolumeID, "")
	if err != nil {
		return source{}, fmt.Errorf("volume of snapshot %s: %w", s.ID, err)
	}
	return source{volume: &v, snapshot: &s}, nil
}

// sizeOf is the size asked for, else that of the source, which it may not be below.
func sizeOf(asked *schema.Int, src source) (int32, error) {
	switch {
	case src.snapshot != nil && asked == nil:
		return src.snapshot.VolumeSize, nil
	case src.snapshot != nil && int64(*asked) < int64(src.snapshot.VolumeSize):
		return 0, badRequest("Invalid input received: Volume size '%d'GB cannot be smaller than the snapshot size %dGB. "+
			"They must be >= original snapshot size.", *asked, src.snapshot.VolumeSize)
	case src.volume != nil && asked == nil:
		return src.volume.Size, nil
	case src.volume != nil && src.snapshot == nil && int64(*asked) < int64(src.volume.Size):
		return 0, badRequest("Invalid input received: Volume size '%d'GB cannot be smaller than original volume size  %dGB. "+
			"They must be >= original volume size.", *asked, src.volume.Size)
	case asked == nil:
		return 0, badRequest("Invalid input received: Volume size 'None' must be an integer and greater than 0")
	}
	return int32(*asked), nil // the schema bounds it
}

// typeOf is the type asked for, else the source's, else the default.
func (a *API) typeOf(r *Request, asked *string, src source) (db.VolumeType, error) {
	ctx := r.Context()
	if !filled(asked) && src.image != nil {
		named := src.image.Properties["cinder_img_volume_type"]
		asked = &named
	}
	if filled(asked) {
		t, err := a.Store.FindVolumeType(ctx, *asked, r.Identity.ProjectID, r.IsAdmin())
		if db.IsKind(err, db.NotFound) && !schema.IsUUID(*asked) {
			err = db.Errorf(db.NotFound, "Volume type with name %s could not be found.", *asked)
		}
		return t, err
	}
	switch {
	case src.snapshot != nil:
		return a.Store.GetVolumeType(ctx, src.snapshot.VolumeTypeID)
	case src.volume != nil:
		return a.Store.GetVolumeType(ctx, src.volume.VolumeTypeID)
	}
	t, err := a.Store.DefaultVolumeType(ctx, r.Identity.ProjectID, a.DefaultVolumeType)
	if db.IsKind(err, db.NotFound) {
		return t, a.noDefaultType()
	}
	return t, err
}

// noDefaultType says that the configured default does not exist.
func (a *API) noDefaultType() error {
	return &Fault{http.StatusInternalServerError, "The request cannot be fulfilled as the default volume type " + a.DefaultVolumeType + " cannot be found."}
}

// fitsType checks the limits that a type sets on sizes.
func fitsType(t db.VolumeType, sizeGiB int32) error {
	specs := t.ExtraSpecs.Text()
	if low, err := strconv.Atoi(specs["provisioning:min_vol_size"]); err == nil && int(sizeGiB) < low {
		return badRequest("Invalid input received: Specified volume size of '%d' is less than the minimum required size of '%d' for volume type '%s'.", sizeGiB, low, t.Name)
	}
	if high, err := strconv.Atoi(specs["provisioning:max_vol_size"]); err == nil && int(sizeGiB) > high {
		return badRequest("Invalid input received: Specified volume size of '%d' is greater than the maximum allowable size of '%d' for volume type '%s'.", sizeGiB, high, t.Name)
	}
	return nil
}

// zoneOf is the zone asked for, else the source's, else the default, and one of
// those that the type may use; "" leaves the choice among them to the scheduler.
func (a *API) zoneOf(r *Request, asked *string, t db.VolumeType, src source) (string, error) {
	allowed, limited, err := a.zonesFor(r, t, filled(asked))
	if err != nil {
		return "", err
	}
	zone := ""
	switch {
	case filled(asked):
		zone = *asked
	case src.volume != nil:
		zone = src.volume.AvailabilityZone
	case !limited:
		return a.DefaultAvailabilityZone, nil
	case len(allowed) == 1:
		return allowed[0], nil
	}
	if zone != "" && (filled(asked) || limited) && !slices.Contains(allowed, zone) {
		if !a.ZoneFallback {
			return "", badRequest("Availability zone '%s' is invalid.", zone)
		}
		zone = a.DefaultAvailabilityZone
	}
	if src.volume != nil && !a.ClonesAcrossZones && zone != src.volume.AvailabilityZone {
		what := "source volume"
		if src.snapshot != nil {
			what = "snapshot"
		}
		return "", badRequest("Invalid input received: Volume must be in the same availability zone as the %s", what)
	}
	return zone, nil
}

// zonesFor are the zones that there are, or that the type limits them to; nobody
// looks for them when neither the user nor the type names one.
func (a *API) zonesFor(r *Request, t db.VolumeType, asked bool) (zones []string, limited bool, err error) {
	spec, limited := t.ExtraSpecs.Text()["RESKEY:availability_zones"]
	if !asked && !limited {
		return nil, false, nil
	}
	zones, err = a.knownZones(r)
	if err != nil || !limited {
		return zones, limited, err
	}
	var own, safe []string
	for z := range strings.SplitSeq(spec, ",") {
		if z == "" {
			continue
		}
		z = strings.TrimSpace(z)
		own = append(own, z)
		if slices.Contains(zones, z) && !slices.Contains(safe, z) {
			safe = append(safe, z)
		}
	}
	if len(safe) == 0 {
		quoted := ""
		if own != nil {
			quoted = "'" + strings.Join(own, "', '") + "'"
		}
		return nil, true, badRequest("Volume type is only supported in these availability zones: [%s]", quoted)
	}
	return safe, true, nil
}

// knownZones are those of the services, and the default.
func (a *API) knownZones(r *Request) ([]string, error) {
	services, err := a.Store.Services(r.Context())
	if err != nil {
		return nil, fmt.Errorf("availability zones: %w", err)
	}
	zones := []string{a.DefaultAvailabilityZone}
	for _, s := range services {
		zones = append(zones, s.AvailabilityZone)
	}
	return zones, nil
}

// specIs reports whether an extra spec of the type is "<is> True".
func specIs(t db.VolumeType, key string) bool {
	words := strings.Fields(t.ExtraSpecs.Text()[key])
	return len(words) == 2 && words[0] == "<is>" && strings.EqualFold(words[1], "true")
}
