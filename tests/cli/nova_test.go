package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

// server is the only one that nova knows.
const server = "33333333-4444-5555-6666-777777777777"

// nova is a cloud with a Nova beside the service: the service's own identity
// endpoint, with a compute service added to the catalogue.
type nova struct {
	*httptest.Server
	t testing.TB
}

func startNova(t testing.TB, s *harness.Service) *nova {
	t.Helper()
	behind, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	n := &nova{t: t}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: behind.Scheme, Host: behind.Host}) },
		ModifyResponse: n.addCompute,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /compute/v2.1/servers/{id}", showServer)
	mux.HandleFunc("GET /compute/v2.1/limits", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"limits": {"rate": [], "absolute": {}}}`)
	})
	mux.HandleFunc("GET /compute/v2.1", showVersion)
	mux.Handle("/identity/", proxy)
	n.Server = httptest.NewServer(mux)
	t.Cleanup(n.Close)
	return n
}

func (n *nova) authURL() string { return n.URL + "/identity/v3" }

// addCompute puts compute into the catalogue of a token.
func (n *nova) addCompute(resp *http.Response) error {
	if resp.Request.Method != http.MethodPost || !strings.HasSuffix(resp.Request.URL.Path, "/auth/tokens") {
		return nil
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var body struct {
		Token map[string]any `json:"token"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return fmt.Errorf("%w in %q", err, raw)
	}
	catalog, _ := body.Token["catalog"].([]any)
	region := "RegionOne"
	body.Token["catalog"] = append(catalog, map[string]any{"id": "compute", "type": "compute", "name": "nova", "endpoints": []any{
		map[string]any{"id": "compute", "interface": "public", "region": region, "region_id": region, "url": n.URL + "/compute/v2.1"}}})
	out, err := json.Marshal(body)
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(out))
	resp.ContentLength = int64(len(out))
	resp.Header.Set("Content-Length", strconv.Itoa(len(out)))
	return nil
}

func showServer(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("id") != server {
		http.Error(w, `{"itemNotFound": {"code": 404, "message": "Instance could not be found."}}`, http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"server": {"id": %q, "name": "guest"}}`, server)
}

func showVersion(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprint(w, `{"version": {"id": "v2.1", "status": "CURRENT", "version": "2.1", "min_version": "2.1", "links": []}}`)
}
