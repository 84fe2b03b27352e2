package api

import (
	"log/slog"
	"maps"
	"net/http"
	"testing"

	"github.com/clinker-io/clinker/db"
)

// fewLogs are the loggers of a process.
type fewLogs map[string]string

func (l fewLogs) Levels(string) map[string]string { return maps.Clone(l) }
func (l fewLogs) Set(prefix, level string)        { l[prefix] = level }

func TestLogLevels(t *testing.T) {
	t.Parallel()
	b := withServices(t)
	own := fewLogs{"clinker.api": "INFO"}
	h := New(Config{Store: b.store, Auth: asUser{"admin", "member", "reader"}, Logs: own, Host: "front", Logger: slog.New(slog.DiscardHandler)})
	at := db.LogLevels{"clinker.volume": "INFO", "clinker.target": "INFO"}
	if ok, err := b.store.StartLogs(t.Context(), db.BinaryVolume, backend, at); err != nil || !ok {
		t.Fatalf("%v, %v", ok, err)
	}
	put := func(name, verb, body string, status int, want string) call {
		return call{name: name, method: "PUT", path: "/os-services/" + verb, body: body, header: mv("volume 3.32"), status: status, want: want}
	}
	const (
		api       = `{"host": "front", "binary": "cinder-api", "levels": {"clinker.api": "INFO"}}`
		scheduler = `{"host": "node", "binary": "cinder-scheduler", "levels": {}}`
		volume    = `{"host": "node@file", "binary": "cinder-volume", "levels": {"clinker.target": "INFO", "clinker.volume": "INFO"}}`
	)
	lists := func(s string) string { return `{"log_levels": [` + s + `]}` }
	steps(t, h, []call{
		{name: "too old", method: "PUT", path: "/os-services/get-log", body: `{}`, header: mv("volume 3.31"), status: 404, want: generic404},
		put("everybody", "get-log", `{}`, 200, lists(api+", "+scheduler+", "+volume)),
		put("a star", "get-log", `{"binary": "*", "server": null, "prefix": ""}`, 200, lists(api+", "+scheduler+", "+volume)),
		put("one binary", "get-log", `{"binary": "cinder-volume"}`, 200, lists(volume)),
		put("the API", "get-log", `{"binary": "cinder-api"}`, 200, lists(api)),
		put("no such service", "get-log", `{"binary": "cinder-backup"}`, 200, lists("")),
		put("one node", "get-log", `{"server": "node"}`, 200, lists(scheduler+", "+volume)),
		put("the API's node", "get-log", `{"server": "front"}`, 200, lists(api)),
		put("a prefix", "get-log", `{"binary": "cinder-volume", "prefix": "clinker.t"}`, 200,
			lists(`{"host": "node@file", "binary": "cinder-volume", "levels": {"clinker.target": "INFO"}}`)),
		put("odd binary", "get-log", `{"binary": "nova"}`, 400, ""),
		put("get with a level", "get-log", `{"level": "DEBUG"}`, 400, ""),
		put("odd level", "set-log", `{"level": "loud"}`, 400, bad("Invalid input received: loud is not a valid log level.")),
		put("null level", "set-log", `{"level": null}`, 400, bad("Invalid input received:  is not a valid log level.")),
		put("no level", "set-log", `{}`, 400, bad("Invalid input received:  is not a valid log level.")),
		put("no body", "set-log", ``, 400, ""),
		put("set", "set-log", `{"binary": "cinder-volume", "prefix": "clinker.v", "level": "debug"}`, 202, ""),
		put("set the API's", "set-log", `{"binary": "cinder-api", "prefix": "clinker.api", "level": "ERROR"}`, 202, ""),
	})
	if own["clinker.api"] != "ERROR" {
		t.Errorf("own loggers: %v", own)
	}
	wanted := db.LogLevels(nil)
	at, err := b.store.SyncLogs(t.Context(), db.BinaryVolume, backend, at, func(w db.LogLevels) db.LogLevels {
		wanted = w
		return db.LogLevels{"clinker.volume": "DEBUG", "clinker.target": "INFO"}
	})
	if err != nil || !maps.Equal(wanted, db.LogLevels{"clinker.volume": "DEBUG"}) || at["clinker.volume"] != "DEBUG" {
		t.Errorf("wanted %v, at %v, %v", wanted, at, err)
	}
	steps(t, h, []call{put("followed", "get-log", `{"binary": "cinder-volume"}`, 200,
		lists(`{"host": "node@file", "binary": "cinder-volume", "levels": {"clinker.target": "INFO", "clinker.volume": "DEBUG"}}`))})
	b.sql(t, "UPDATE services SET heartbeat_at = now() - interval '1 hour' WHERE host = $1", backend)
	steps(t, h, []call{put("what is down is not asked", "get-log", `{"binary": "cinder-volume"}`, 200, lists(""))})
	var user http.Handler = b.user
	steps(t, user, []call{
		put("users read none", "get-log", `{}`, 403, forbidden("volume_extension:services:update")),
		put("users set none", "set-log", `{"level": "INFO"}`, 403, forbidden("volume_extension:services:update")),
	})
}
