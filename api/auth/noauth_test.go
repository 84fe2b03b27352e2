package auth_test

import (
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clinker-io/clinker/api/auth"
)

func TestNoAuthTakesUserAndProjectFromTheToken(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]auth.Identity{
		"u:p":   {UserID: "u", ProjectID: "p", Roles: []string{"admin"}, IsAdmin: true},
		"u":     {UserID: "u", ProjectID: "u", Roles: []string{"admin"}, IsAdmin: true},
		"u:":    {UserID: "u", ProjectID: "u", Roles: []string{"admin"}, IsAdmin: true},
		"u:p:q": {UserID: "u", ProjectID: "p:q", Roles: []string{"admin"}, IsAdmin: true},
	} {
		r := httptest.NewRequest("GET", "/v3/p/volumes", nil)
		r.Header.Set("X-Auth-Token", token)
		got := auth.NoAuth{}.Authenticate(httptest.NewRecorder(), r)
		if got == nil || !cmp.Equal(*got, want) {
			t.Errorf("%s: got %+v", token, got)
		}
	}
}

func TestNoAuthWithoutTokenOffersOne(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "http://c:8776/v3/", nil)
	r.Header.Set("X-Auth-User", "bob")
	w := httptest.NewRecorder()
	if id := (auth.NoAuth{}).Authenticate(w, r); id != nil {
		t.Fatalf("got %+v", id)
	}
	if w.Code != 204 || w.Header().Get("X-Auth-Token") != "bob:admin" ||
		w.Header().Get("X-Server-Management-Url") != "http://c:8776/v3" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestIdentityTravelsInTheContext(t *testing.T) {
	t.Parallel()
	id := &auth.Identity{UserID: "u"}
	if auth.From(auth.With(t.Context(), id)) != id || auth.From(t.Context()) != nil {
		t.Error("the identity is lost")
	}
}
