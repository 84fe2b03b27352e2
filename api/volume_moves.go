package api

import (
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

// MigratesToClusters: from 3.16 a volume is migrated to a host or to a cluster.
func (m Microversion) MigratesToClusters() bool { return m >= 16 }

const (
	migrateRule         = "volume_extension:volume_admin_actions:migrate_volume"
	migrateCompleteRule = "volume_extension:volume_admin_actions:migrate_volume_completion"
	extendCompleteRule  = "volume_extension:volume_admin_actions:extend_volume_completion"
	copyProperties      = `,"force_host_copy":$boolean,"lock_volume":$boolean`
	outcome             = `"error":{"type":["string","null","boolean"]}`
)

var migrateSchema = schema.New(
	schema.Version{Text: schema.Wrap("os-migrate_volume", schema.Object(`"host":{"type":"string","maxLength":255}`+copyProperties, "host"))},
	schema.Version{Since: 16, Text: schema.Wrap("os-migrate_volume",
		schema.Object(`"host":{"type":["string","null"],"maxLength":255}`+copyProperties+`,"cluster":$name_or_null`))},
)

func volumeMoveRoutes() []Route {
	action := func(key string, s *schema.Set, status int, handle func(*API, *Request) (Response, error), rules ...string) Route {
		return Route{Method: http.MethodPost, Path: "/volumes/{id}/action", Action: key, Checks: append([]string{"volume:get"}, rules...),
			Schema: s, Status: status, Handle: handle}
	}
	wrapped := func(key, inner string) *schema.Set { return schema.Of(schema.Wrap(key, inner)) }
	return []Route{
		action("os-retype", wrapped("os-retype", schema.Object(
			`"new_type":{"type":"string"},"migration_policy":{"type":["string","null"],"enum":["on-demand","never"]}`, "new_type")),
			202, (*API).retypeVolume, "volume:retype", "volume:multiattach"),
		action("os-migrate_volume", migrateSchema, 202, (*API).migrateVolume, migrateRule),
		action("os-migrate_volume_completion", wrapped("os-migrate_volume_completion", schema.Object(`"new_volume":$uuid,`+outcome, "new_volume")),
			200, (*API).completeMigration, migrateCompleteRule),
		action("os-extend_volume_completion", wrapped("os-extend_volume_completion", schema.Object(outcome)), 202, (*API).completeExtend, extendCompleteRule),
	}
}

func (a *API) retypeVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume:retype")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Retype struct {
			Type   string  `json:"new_type"`
			Policy *string `json:"migration_policy"`
		} `json:"os-retype"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	// As upstream, types of other projects included.
	t, err := a.Store.FindVolumeType(r.Context(), body.Retype.Type, r.Identity.ProjectID, true)
	if db.IsKind(err, db.NotFound) && !schema.IsUUID(body.Retype.Type) {
		err = db.Errorf(db.NotFound, "Volume type with name %s could not be found.", body.Retype.Type)
	}
	if err != nil {
		return Response{}, err
	}
	if err := fitsType(t, v.Size); err != nil {
		return Response{}, err
	}
	multiattach := specIs(t, "multiattach")
	if err := retypesMultiattach(r, v, t, multiattach); err != nil {
		return Response{}, err
	}
	onDemand := body.Retype.Policy != nil && *body.Retype.Policy == "on-demand"
	keys, err := a.keysOfRetype(r, v, t)
	if err != nil {
		return Response{}, err
	}
	err = a.Store.RetypeVolume(r.Context(), r.Actor(), v.ID, db.Retype{Type: t, Multiattach: multiattach, OnDemand: onDemand, KeyID: keys.own,
		Readable: keys.Readable})
	if err != nil {
		a.dropRetypeKeys(r, keys)
		return Response{}, err
	}
	a.sweepKeys(r)
	return Response{}, nil
}

// retypesMultiattach: hypervisors learn it when they attach, so it cannot
// change under them; and what several write to cannot be encrypted.
func retypesMultiattach(r *Request, v db.VolumeView, t db.VolumeType, multiattach bool) error {
	if v.Multiattach != multiattach {
		if v.Status != db.Available {
			return badRequest("Invalid input received: Invalid volume_type passed, retypes affecting multiattach are only allowed on available volumes, "+
				"the specified volume however currently has a status of: %s.", v.Status)
		}
		if multiattach {
			if err := r.Authorize("volume:multiattach", v.ProjectID); err != nil {
				return err
			}
		}
	}
	if !multiattach {
		return nil
	}
	switch _, err := r.api.Store.TypeEncryption(r.Context(), t.ID); {
	case err == nil:
		return badRequest("Invalid input received: Retype requested both encryption and multi-attach, which is not supported.")
	case !db.IsKind(err, db.NotFound):
		return err
	}
	return nil
}

func (a *API) migrateVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), migrateRule)
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Migrate struct {
			Host    string      `json:"host"`
			Cluster string      `json:"cluster"`
			Lock    schema.Bool `json:"lock_volume"`
			// force_host_copy is heeded always: no driver moves volumes by itself.
		} `json:"os-migrate_volume"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b, clusters := body.Migrate, r.Microversion.MigratesToClusters()
	switch {
	case clusters && (b.Host == "") == (b.Cluster == ""):
		return Response{}, badRequest("Invalid input received: One and only one of cluster and host must be set.")
	case !clusters && b.Host == "":
		return Response{}, badRequest("Invalid input received: Host field is missing.")
	}
	services, err := a.Store.Services(r.Context())
	if err != nil {
		return Response{}, err
	}
	found := false // there are no clusters, so none is ever found
	for i := range services {
		s := &services[i]
		found = found || b.Host != "" && s.Host == db.BackendOf(b.Host) && isVolumeService(s) && s.Up && !s.Disabled
	}
	if !found {
		return Response{}, badRequest("Invalid host: No available service named '%s'", b.Host+b.Cluster)
	}
	return Response{}, a.Store.MigrateVolume(r.Context(), r.Actor(), v.ID, b.Host, bool(b.Lock))
}

// failure reads the error of a completion: any text says that there was one.
func failure(v any) bool {
	switch e := v.(type) {
	case bool:
		return e
	case string:
		return e != ""
	}
	return false
}

func (a *API) completeMigration(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), migrateCompleteRule)
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Completion struct {
			NewVolume string `json:"new_volume"`
			Error     any    `json:"error"`
		} `json:"os-migrate_volume_completion"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	c, err := a.volume(r, body.Completion.NewVolume)
	if err != nil {
		return Response{}, err
	}
	kept, err := a.Store.CompleteMigration(r.Context(), r.Actor(), v.ID, c.ID, failure(body.Completion.Error))
	if err != nil {
		return Response{}, err
	}
	return JSON(func(b []byte) []byte { return append(appendString(append(b, `{"save_volume_id": `...), kept), '}') }), nil
}

func (a *API) completeExtend(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), extendCompleteRule)
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Completion struct {
			Error any `json:"error"`
		} `json:"os-extend_volume_completion"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.CompleteExtend(r.Context(), r.Actor(), v.ID, failure(body.Completion.Error))
}
