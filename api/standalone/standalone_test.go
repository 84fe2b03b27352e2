package standalone_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"go.yaml.in/yaml/v3"

	"github.com/clinker-io/clinker/api"
	"github.com/clinker-io/clinker/api/standalone"
)

var config = standalone.Config{
	UserID: "11111111111111111111111111111111", UserName: "clinker", Password: `pa"ss#: '`,
	ProjectID: "22222222222222222222222222222222", ProjectName: "demo",
}

func serve(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(standalone.New(config, api.New(api.Config{})))
	t.Cleanup(s.Close)
	return s.URL
}

func send(t *testing.T, method, url, body string, header map[string]string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func passwordLogin(name, password, scope string) string {
	p, _ := json.Marshal(password)
	return `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"` + name + `","domain":{"id":"default"},"password":` + string(p) + `}}}` + scope + `}}`
}

func TestLogin(t *testing.T) {
	t.Parallel()
	url := serve(t) + "/identity/v3/auth/tokens"
	token := config.UserID + ":" + config.ProjectID
	inProject := `,"scope":{"project":{"name":"demo","domain":{"id":"default"}}}`
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"right":          {passwordLogin("clinker", config.Password, inProject), 201},
		"without scope":  {passwordLogin("clinker", config.Password, ""), 201},
		"wrong password": {passwordLogin("clinker", "x", inProject), 401},
		"no password":    {passwordLogin("clinker", "", inProject), 401},
		"wrong user":     {passwordLogin("root", config.Password, inProject), 401},
		"wrong project":  {passwordLogin("clinker", config.Password, `,"scope":{"project":{"name":"x"}}`), 401},
		"system":         {passwordLogin("clinker", config.Password, `,"scope":{"system":{"all":true}}`), 401},
		"by token":       {`{"auth":{"identity":{"methods":["token"],"token":{"id":"` + token + `"}}}}`, 201},
		"wrong token":    {`{"auth":{"identity":{"methods":["token"],"token":{"id":"a:b"}}}}`, 401},
		"one of two":     {`{"auth":{"identity":{"methods":["token","password"],"token":{"id":"` + token + `"}}}}`, 401},
		"application":    {`{"auth":{"identity":{"methods":["application_credential"]}}}`, 401},
		"no method":      {`{"auth":{}}`, 400},
		"no JSON":        {`{`, 400},
		"too big":        {strings.Repeat(" ", 1<<20), 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := send(t, "POST", url, c.body, nil)
			if resp.StatusCode != c.status {
				t.Fatalf("status %d, want %d", resp.StatusCode, c.status)
			}
			if got := resp.Header.Get("X-Subject-Token"); (got == token) != (c.status == 201) {
				t.Errorf("token %q", got)
			}
		})
	}
}

func TestTokenIsShownToItsOwner(t *testing.T) {
	t.Parallel()
	url := serve(t) + "/identity/v3/auth/tokens"
	token := config.UserID + ":" + config.ProjectID
	for name, c := range map[string]struct {
		own, subject string
		status       int
	}{"own": {token, token, 200}, "unknown": {token, "x", 404}, "not logged in": {"", token, 401}} {
		resp := send(t, "GET", url, "", map[string]string{"X-Auth-Token": c.own, "X-Subject-Token": c.subject})
		if resp.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d", name, resp.StatusCode, c.status)
		}
	}
}

func TestVersionDocuments(t *testing.T) {
	t.Parallel()
	base := serve(t)
	for path, want := range map[string]int{"/identity": 300, "/identity/v3": 200, "/identity/v3/": 200, "/image": 300, "/image/": 300,
		"/image/versions": 200, "/image/v2/images": 404, "/identity/v3/users": 401, "/identity/v2.0": 404, "/v3/": 200, "/": 300} {
		if resp := send(t, "GET", base+path, "", nil); resp.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, resp.StatusCode, want)
		}
	}
	if resp := send(t, "PUT", base+"/identity/v3", "", nil); resp.StatusCode != 405 {
		t.Errorf("PUT: status %d", resp.StatusCode)
	}
}

func TestGophercloudLogsIn(t *testing.T) {
	t.Parallel()
	base := serve(t)
	client, err := openstack.AuthenticatedClient(t.Context(), gophercloud.AuthOptions{IdentityEndpoint: base + "/identity/v3",
		Username: config.UserName, Password: config.Password, TenantName: config.ProjectName, DomainID: "default"})
	if err != nil {
		t.Fatal(err)
	}
	volume, err := openstack.NewBlockStorageV3(client, gophercloud.EndpointOpts{Region: "RegionOne"})
	if err != nil {
		t.Fatal(err)
	}
	if want := base + "/v3/" + config.ProjectID + "/"; volume.Endpoint != want {
		t.Errorf("endpoint %s, want %s", volume.Endpoint, want)
	}
}

// Debian's client needs no more than the clouds.yaml that is printed.
func TestOpenstackClientWorksWithTheCloudsFile(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("openstack")
	if err != nil {
		t.Fatal("the openstack command is missing: install python3-openstackclient")
	}
	dir := t.TempDir()
	text := standalone.CloudsYAML("clinker", serve(t), config)
	if err := os.WriteFile(filepath.Join(dir, "clouds.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, "--os-cloud", "clinker", "extension", "list", "--volume", "-f", "json")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "OS_CLIENT_CONFIG_FILE="+filepath.Join(dir, "clouds.yaml"), "HOME="+dir)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openstack: %v: %s", err, stderr(err))
	}
	var list []struct{ Alias string }
	if err := json.Unmarshal(out, &list); err != nil || len(list) == 0 {
		t.Fatalf("%v: %s", err, out)
	}
}

func stderr(err error) []byte {
	if e, ok := err.(*exec.ExitError); ok {
		return e.Stderr
	}
	return nil
}

func TestCloudsFileIsYAML(t *testing.T) {
	t.Parallel()
	var got struct {
		Clouds map[string]struct {
			Auth          map[string]string `yaml:"auth"`
			VolumeVersion string            `yaml:"volume_api_version"`
		} `yaml:"clouds"`
	}
	if err := yaml.Unmarshal([]byte(standalone.CloudsYAML("a", "http://x", config)), &got); err != nil {
		t.Fatal(err)
	}
	if c := got.Clouds["a"]; c.Auth["password"] != config.Password || c.Auth["auth_url"] != "http://x/identity/v3" || c.VolumeVersion != "3.65" {
		t.Errorf("%+v", c)
	}
}

func FuzzLogin(f *testing.F) {
	h := standalone.New(config, http.NotFoundHandler())
	f.Add(passwordLogin("clinker", "x", `,"scope":{"project":null}`))
	f.Add(`{"auth":{"identity":{"methods":["token"]},"scope":"unscoped"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", "/identity/v3/auth/tokens", strings.NewReader(body)))
		if w.Code >= 500 || (w.Code == 201 && !strings.Contains(body, "22222222") && !strings.Contains(body, "pa")) {
			t.Errorf("%d for %q", w.Code, body)
		}
	})
}

// Whatever UUID is named is a server; a name is none.
func TestAServerIsWhateverUUIDNamesIt(t *testing.T) {
	t.Parallel()
	url := serve(t)
	token := map[string]string{"X-Auth-Token": config.UserID + ":" + config.ProjectID}
	const id = "33333333-4444-5555-6666-777777777777"
	for path, want := range map[string]int{
		"/compute": 200, "/compute/v2.1/": 200, "/compute/v2.1/limits": 200, "/compute/v2.1/servers/detail?name=x": 200,
		"/compute/v2.1/servers/" + id: 200, "/compute/v2.1/servers/web": 404, "/compute/v2.1/flavors": 404,
	} {
		if got := send(t, "GET", url+path, "", token).StatusCode; got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
	if got := send(t, "GET", url+"/compute/v2.1/servers/"+id, "", nil).StatusCode; got != 401 {
		t.Errorf("without a token: status %d", got)
	}
}

func TestProjectsAndUsersAreTheOnesThereAre(t *testing.T) {
	base := serve(t)
	token := config.UserID + ":" + config.ProjectID
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/identity/v3/projects":                                      {200, `"name":"demo"`},
		"/identity/v3/projects?name=demo":                            {200, config.ProjectID},
		"/identity/v3/projects?name=other":                           {200, `"projects":[]`},
		"/identity/v3/projects?domain_id=other":                      {200, `"projects":[]`},
		"/identity/v3/projects/" + config.ProjectID:                  {200, `"project":{`},
		"/identity/v3/projects/demo":                                 {404, "could not be found"},
		"/identity/v3/users?name=clinker":                            {200, config.UserID},
		"/identity/v3/users/" + config.UserID:                        {200, `"user":{`},
		"/identity/v3/domains/default":                               {200, `"domain":{`},
		"/identity/v3/roles":                                         {404, "could not be found"},
		"/compute/v2.1/os-quota-sets/" + config.ProjectID:            {200, config.ProjectID},
		"/compute/v2.1/os-quota-class-sets/default":                  {200, `"quota_class_set":{"id":"default"}`},
		"/compute/v2.1/os-availability-zone":                         {200, `"availabilityZoneInfo":[]`},
		"/compute/v2.1/os-quota-sets/" + config.UserID + "/defaults": {200, config.UserID},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Auth-Token", token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != want.status || !strings.Contains(string(raw), want.text) {
			t.Errorf("%s: status %d, want %d with %s: %s (%v)", path, resp.StatusCode, want.status, want.text, raw, err)
		}
	}
}
