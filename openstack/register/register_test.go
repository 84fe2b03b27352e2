package register

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/openstack"
)

const apiURL = "http://controller:8776/v3"

// apply runs the plan and returns what it printed.
func apply(t *testing.T, a Admin, p Plan) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Apply(t.Context(), a, p, &out)
	return out.String(), err
}

// count is how many lines say that.
func count(out, what string) int {
	n := 0
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, what+" ") {
			n++
		}
	}
	return n
}

func TestRegistrationInAFreshKeystone(t *testing.T) {
	t.Parallel()
	k := keystonetest.Start(t)
	admin := Admin{AuthURL: k.URL, Username: k.Admin.Name, Password: k.Admin.Password, ProjectName: "admin"}
	plan := Plan{User: openstack.Login{Section: "keystone_authtoken", AuthURL: k.URL, Username: "cinder", Password: "of cinder's", ProjectName: "service"},
		Region: keystonetest.Region, PublicURL: apiURL}

	out, err := apply(t, admin, plan)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := count(out, made); n != 12 { // project, user, 2 grants, 2 services, 6 endpoints
		t.Errorf("%d things were made:\n%s", n, out)
	}
	if again, err := apply(t, admin, plan); err != nil || count(again, made) != 0 || count(again, changed) != 0 || count(again, there) != 13 {
		t.Errorf("a second time: %v\n%s", err, again)
	}
	if strings.Contains(out, plan.User.Password) || strings.Contains(out, admin.Password) {
		t.Error("a password is printed")
	}
	for kind, want := range map[string]string{"volumev3": apiURL + "/%(project_id)s", "block-storage": apiURL} {
		if out2 := kind + " in " + keystonetest.Region + ": " + want; strings.Count(out, out2+"\n") != 3 {
			t.Errorf("no three endpoints %q:\n%s", out2, out)
		}
	}
	catalog(t, plan.User)
	system := admin
	system.ProjectName, system.SystemScope = "", "all"
	moved := plan
	moved.PublicURL, moved.InternalURL = "https://cloud.example.com/volume/v3/%(project_id)s", apiURL
	if out, err := apply(t, system, moved); err != nil || count(out, changed) != 2 || count(out, made) != 0 {
		t.Errorf("other public URL: %v\n%s", err, out)
	}
	other := plan
	other.User.Password = "another"
	if out, err := apply(t, admin, other); err == nil || !strings.Contains(err.Error(), "--reset-password") || count(out, changed) != 0 {
		t.Errorf("the user has another password: %v\n%s", err, out)
	}
	other.ResetPassword = true
	if out, err := apply(t, admin, other); err != nil || !strings.Contains(out, "changed  password") {
		t.Errorf("reset of the password: %v\n%s", err, out)
	}
	refusals(t, k, admin, other)
}

// catalog proves that the service's user logs in and finds the API.
func catalog(t *testing.T, user openstack.Login) {
	t.Helper()
	s, err := openstack.NewSession(user)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Client(t.Context(), openstack.Endpoint{Type: "volumev3", Interface: "public", Region: keystonetest.Region})
	if err != nil || !strings.HasPrefix(c.Endpoint, apiURL+"/") || strings.Contains(c.Endpoint, "%") {
		t.Errorf("the catalogue of the service's user: %v %+v", err, c)
	}
}

func refusals(t *testing.T, k *keystonetest.Server, admin Admin, plan Plan) {
	t.Helper()
	wrong, nobody, member := admin, Admin{}, admin
	wrong.Password = "wrong"
	ann, project := k.User("ann"), k.Project("demo")
	k.Grant(ann, keystonetest.OfProject(project), "member")
	member.Username, member.Password, member.ProjectName = ann.Name, ann.Password, "demo"
	nowhere := admin
	nowhere.AuthURL = "http://127.0.0.1:1/v3"
	bad, lacking := plan, plan
	bad.PublicURL, lacking.User.Password = "controller:8776", ""
	for _, c := range []struct {
		name  string
		admin Admin
		plan  Plan
		want  string
	}{
		{"wrong password", wrong, plan, `the administrator "admin" is refused`},
		{"nobody", nobody, plan, "OS_AUTH_URL"},
		{"no administrator", member, plan, "role does not do"},
		{"no Keystone", nowhere, plan, "log in to Keystone at http://127.0.0.1:1/v3"},
		{"no URL", admin, bad, "is no URL of the API"},
		{"no password of the service", admin, lacking, "option password in [keystone_authtoken] is missing"},
	} {
		out, err := apply(t, c.admin, c.plan)
		if err == nil || !strings.Contains(err.Error(), c.want) || out != "" {
			t.Errorf("%s: %v\n%s", c.name, err, out)
		}
		if err != nil && strings.Contains(err.Error(), "wrong\"") {
			t.Errorf("%s: the password is in the message: %v", c.name, err)
		}
	}
}

func TestTheLoginIsThatOfTheOpenstackClient(t *testing.T) {
	dir := t.TempDir()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OS_") {
			t.Setenv(name, "")
		}
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", write("clouds.yaml", `clouds:
  one:
    region_name: west
    verify: false
    auth: {auth_url: "http://k/v3", username: root, project_name: admin, user_domain_name: Default}
`))
	t.Setenv("OS_CLIENT_SECURE_FILE", write("secure.yaml", "clouds: {one: {auth: {password: pw}}}\n"))
	want := Admin{AuthURL: "http://k/v3", Username: "root", Password: "pw", ProjectName: "admin", UserDomainName: "Default", Region: "west", Insecure: true}
	if got, err := FromEnvironment("one"); err != nil || got != want {
		t.Errorf("cloud one: %v\n%+v", err, got)
	}
	t.Setenv("OS_CLOUD", "one")
	t.Setenv("OS_USERNAME", "other")
	want.Username = "other"
	if got, err := FromEnvironment(""); err != nil || got != want {
		t.Errorf("OS_CLOUD and OS_USERNAME: %v\n%+v", err, got)
	}
	if _, err := FromEnvironment("two"); err == nil || !strings.Contains(err.Error(), `cloud "two"`) {
		t.Errorf("a cloud that is not there: %v", err)
	}
}
