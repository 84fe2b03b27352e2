package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

func volumeActionRoutes() []Route {
	action := func(key, rule, inner string, status int, handle func(*API, *Request) (Response, error), more ...string) Route {
		return Route{Method: http.MethodPost, Path: "/volumes/{id}/action", Action: key, Checks: append([]string{"volume:get", rule}, more...),
			Schema: schema.Of(schema.Wrap(key, inner)), Status: status, Handle: handle}
	}
	return []Route{
		action("os-extend", "volume:extend", schema.Object(`"new_size":$volume_size`, "new_size"), 202, (*API).extendVolume).also("volume:extend_attached_volume"),
		action("os-reset_status", "volume_extension:volume_admin_actions:reset_status",
			schema.Object(`"status":{"type":["string","null"]},"attach_status":{"type":["string","null"]},"migration_status":{"type":["string","null"]}`), 202, (*API).resetVolume),
		action("os-force_delete", "volume_extension:volume_admin_actions:force_delete", `{}`, 202, (*API).forceDeleteVolume, "volume:delete"),
		action("os-set_bootable", "volume:update", schema.Object(`"bootable":$boolean`, "bootable"), 200, (*API).setBootable),
		action("os-update_readonly_flag", "volume:update_readonly_flag", schema.Object(`"readonly":$boolean`, "readonly"), 202, (*API).setReadonly),
		action("os-reserve", "volume_extension:volume_actions:reserve", `{}`, 202, (*API).reserveVolume),
		action("os-unreserve", "volume_extension:volume_actions:unreserve", `{}`, 202, (*API).unreserveVolume),
		action("os-begin_detaching", "volume_extension:volume_actions:begin_detaching", `{}`, 202, (*API).beginDetaching),
		action("os-roll_detaching", "volume_extension:volume_actions:roll_detaching", `{}`, 202, (*API).rollDetaching),
	}
}

func (a *API) extendVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume:extend")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Extend struct {
			NewSize schema.Int `json:"new_size"`
		} `json:"os-extend"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	size := int32(body.Extend.NewSize) // the schema bounds it
	if size <= v.Size {
		return Response{}, badRequest("Invalid input received: New size for extend must be greater than current size. (current: %d, extended: %d).", v.Size, size)
	}
	t, err := a.Store.GetVolumeType(r.Context(), v.VolumeTypeID)
	if err != nil {
		return Response{}, err
	}
	if err := fitsType(t, size); err != nil {
		return Response{}, err
	}
	attached := r.Microversion.ExtendsAttached() && r.Allowed("volume:extend_attached_volume", v.ProjectID)
	return Response{}, a.Store.ExtendVolume(r.Context(), r.Actor(), v.ID, size, attached)
}

// What reset_status may set.
var (
	resetStatuses = []string{"creating", "available", "deleting", "error", "error_deleting", "error_managing", "managing", "attaching",
		"in-use", "detaching", "maintenance", "restoring-backup", "error_restoring", "reserved", "awaiting-transfer", "backing-up",
		"error_backing-up", "error_extending", "downloading", "uploading", "retyping", "extending"}
	resetAttach    = []string{"attached", "detached"}
	resetMigration = []string{"migrating", "error", "success", "completing", "none", "starting"}
)

func (a *API) resetVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume_extension:volume_admin_actions:reset_status")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Reset struct {
			Status    *string `json:"status"`
			Attach    *string `json:"attach_status"`
			Migration *string `json:"migration_status"`
		} `json:"os-reset_status"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Reset
	if b.Status == nil && b.Attach == nil && b.Migration == nil {
		return Response{}, badRequest("Must specify 'status', 'attach_status' or 'migration_status' for update.")
	}
	var reset db.VolumeReset
	if reset.Status, err = oneOf("status", b.Status, resetStatuses); err != nil {
		return Response{}, err
	}
	if reset.AttachStatus, err = oneOf("attach_status", b.Attach, resetAttach); err != nil {
		return Response{}, err
	}
	migration, err := oneOf("migration_status", b.Migration, resetMigration)
	if err != nil {
		return Response{}, err
	}
	if migration != nil {
		if *migration == "none" {
			migration = nil
		}
		reset.MigrationStatus = &migration
	}
	if reset.Status != nil && *reset.Status == db.Deleting {
		return Response{}, badRequest("Cannot reset-state to %s", *reset.Status)
	}
	return Response{}, a.Store.ResetVolume(r.Context(), r.Actor(), v.ID, reset)
}

// oneOf lowers a word and checks it against what is allowed; nil stays nil.
func oneOf(field string, word *string, allowed []string) (*string, error) {
	if word == nil || *word == "" {
		return nil, nil
	}
	low := strings.ToLower(*word)
	if !slices.Contains(allowed, low) {
		return nil, badRequest("Volume %s: %s is invalid, valid statuses are: %s.", strings.ReplaceAll(field, "_", " "), *word, joined(allowed))
	}
	return &low, nil
}

// joined lists words as a sentence does.
func joined(words []string) string { return strings.Join(words, ", ") }

func (a *API) forceDeleteVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume_extension:volume_admin_actions:force_delete", "volume:delete")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.deleteWithKey(r, v, db.DeleteOptions{Force: true})
}

func (a *API) setBootable(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume:update")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Set struct{ Bootable schema.Bool } `json:"os-set_bootable"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.SetVolumeBootable(r.Context(), v.ID, bool(body.Set.Bootable))
}

func (a *API) setReadonly(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume:update_readonly_flag")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Set struct{ Readonly schema.Bool } `json:"os-update_readonly_flag"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.SetVolumeReadonly(r.Context(), v.ID, bool(body.Set.Readonly))
}
