package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever is sent to any row, the answer is no 500.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{`{"thing":{"size":1}}`, `{"os-go":null}`, `[]`, `{"os-late":1e5}`, "{\"\xff\":1}"} {
		f.Add("PUT", "things/a", s, "volume 3.40", "application/json")
		f.Add("POST", "things/a/action", s, "volume latest", "application/json;x")
	}
	a := testAPI(Config{})
	f.Fuzz(func(t *testing.T, method, path, body, version, kind string) {
		if strings.Contains(path, "fail/") {
			return
		}
		r := httptest.NewRequest(http.MethodGet, "/v3/", strings.NewReader(body))
		r.Method, r.URL.Path = method, "/v3/"+path
		r.Header.Set("X-Auth-Token", "u:"+project)
		r.Header.Set("OpenStack-API-Version", version)
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
		if w.Header().Get("Content-Type") == "application/json" && w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("no JSON: %s", w.Body)
		}
	})
}

func FuzzMicroversionHeader(f *testing.F) {
	for _, s := range []string{"volume 3.1", "volume latest", "compute 2.1,volume 3.99999999999999999999", "volume", ","} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, _, err := negotiate(http.Header{versionHeaderKey: {text}})
		if err == nil && (m < 0 || m > MaxMicroversion) {
			t.Errorf("%q gives 3.%d", text, m)
		}
	})
}

var versionHeaderKey = http.CanonicalHeaderKey(versionHeader)
