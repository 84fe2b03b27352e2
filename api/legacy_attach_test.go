package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/db"
)

const (
	exportingHost    = "node@file"
	failingInitiator = "iqn.2026-11.io.clinker:failing"
	initializeBody   = `{"os-initialize_connection": {"connector": {"initiator": "` + failingInitiator + `"}}}`
	terminateBody    = `{"os-terminate_connection": {"connector": {"initiator": "` + failingInitiator + `"}}}`
)

// failNext ends the next job of the host as a worker that gave up does.
func (b backed) failNext(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		j, err := b.store.Claim(t.Context(), db.VolumeQueue(exportingHost), "", "worker/1")
		if err != nil {
			t.Error(err)
			return
		}
		if j != nil {
			if err := b.store.Failed(t.Context(), j, "The backend failed."); err != nil {
				t.Error(err)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Error("no job comes")
			return
		}
	}
}

// What a worker cannot do is Cinder's 500, and leaves the volume as it was.
func TestAWorkerThatFailsIsToldInCindersWords(t *testing.T) {
	t.Parallel()
	b := withHeld(t)
	b.sql(t, `UPDATE volumes SET host = $1 WHERE id = $2`, exportingHost+"#file", heldVolume)
	b.sql(t, `INSERT INTO volume_connections (id, volume_id, initiator, connector, connection_info)
		VALUES (gen_random_uuid(), $1, $2, '{}', '{"driver_volume_type": "iscsi"}')`, heldVolume, failingInitiator)
	h := New(Config{Store: b.store, Auth: asUser{"admin", "member", "reader"}, ReplyTo: "api.1"})
	internal := func(message string) string { return fault("computeFault", 500, message) }
	for _, c := range []struct{ name, body, want, attachment string }{
		{"initialize", initializeBody, internal("Unable to fetch connection information from backend."), "attached"},
		{"terminate", terminateBody, internal("Unable to terminate volume connection from backend."), "attached"},
		{"force_detach", `{"os-force_detach": {}}`, internal("Unable to terminate volume connection from backend."), "attached"},
		{"detach", `{"os-detach": {}}`, internal("The server has either erred or is incapable of performing the requested operation."), "error_detaching"},
	} {
		done := make(chan struct{})
		go func() { defer close(done); b.failNext(t) }()
		r := httptest.NewRequest(http.MethodPost, "/v3/"+project+"/volumes/"+heldVolume+"/action", strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		<-done
		if w.Code != 500 || w.Body.String() != c.want {
			t.Errorf("%s: %d %s\nwant %s", c.name, w.Code, w.Body, c.want)
		}
		if got := dig(t, ask(t, b.user, "GET", "/volumes/"+heldVolume, "0", ""), "volume", "status"); got != "in-use" {
			t.Errorf("%s: the volume is %v", c.name, got)
		}
		if got := dig(t, ask(t, b.user, "GET", "/attachments/"+heldBy, "27", ""), "attachment", "status"); got != c.attachment {
			t.Errorf("%s: the attachment is %v", c.name, got)
		}
		if left, err := b.store.ConnectionsOf(t.Context(), heldVolume); err != nil || len(left) != 1 {
			t.Errorf("%s: connections %v, %v", c.name, left, err)
		}
	}
	// The detach alone leaves a message: the caller of the others was told.
	page := ask(t, b.user, "GET", "/messages", "3", "")
	if got := column(t, page["messages"], "event_id"); len(got) != 1 || got[0] != "VOLUME_VOLUME_004_022" {
		t.Errorf("messages %v", got)
	}
}

func TestHostNames(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "Host 1_a.": "host-1-a", "a/b\\c": "abc", "x.y-z": "x.y-z", "Ü\u0416.": "ü", "..": "", "𝄞h": "h"} {
		if got := hostName(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
