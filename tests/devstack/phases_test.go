package devstack

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/tempestconf"
)

func TestStackRunsTheServicesUnstackAndCleanLeaveNothing(t *testing.T) {
	s := newSite(t, "ENABLE_VOLUME_MULTIATTACH=True")
	out := s.run("stack")
	if !strings.Contains(out, "c-bak is disabled") {
		t.Error("nobody is told that there is no backup service")
	}
	s.checkConfiguration()
	s.checkKeystone()
	s.checkTempest()
	s.imageService()
	s.checkVolume()

	s.run("unstack")
	if code := s.status("/v3/"); code == http.StatusOK {
		t.Error("unstack leaves the API running")
	}
	s.absent(filepath.Join(s.dest, "data/cinder"))
	if s.real && s.databaseService() == "postgresql" {
		s.again()
	}
	s.run("clean")
	s.absent(filepath.Dir(s.conf), filepath.Join(s.dest, "data/cinder"), filepath.Join(s.dest, "clinker/bin/clinker"))
	s.absent("/usr/local/bin/clinker", filepath.Join(s.dest, "bin/clinker"), "/etc/apache2/sites-available/cinder-api.conf")
}

// again stacks over what unstack leaves.
func (s *site) again() {
	s.t.Helper()
	out := s.run("stack")
	if types := s.openstack("volume", "type", "list", "-f", "value", "-c", "Name"); strings.Count(types, "file-1") != 1 {
		s.t.Errorf("types after a second stack: %s", types)
	}
	if left := s.openstack("volume", "list", "--all-projects", "-f", "value"); left != "" {
		s.t.Errorf("volumes of before unstack: %s\n%s", left, out)
	}
	s.run("unstack")
}

// checkConfiguration reads what iniset wrote.
func (s *site) checkConfiguration() {
	s.t.Helper()
	raw, err := os.ReadFile(s.conf)
	if err != nil {
		s.t.Fatal(err)
	}
	lines := strings.Split(strings.ReplaceAll(string(raw), " = ", "="), "\n")
	for _, want := range []string{"[DEFAULT]", "[database]", "[keystone_authtoken]", "[service_user]", "[nova]", "[key_manager]", "[file-1]", "[file-2]",
		"quota_volumes=7", "enabled_backends=file-1,file-2", "default_volume_type=file-1", "volume_driver=file", "volume_backend_name=file-2",
		"username=cinder", "password=" + servicePassword, "send_service_user_token=True", "enforce_new_defaults=true",
		"public_endpoint=" + s.url, "image_volume_cache_enabled=True", "fixed_key"} {
		if !slices.ContainsFunc(lines, func(l string) bool { return l == want || strings.HasPrefix(l, want+"=") }) {
			s.t.Errorf("cinder.conf lacks %s:\n%s", want, raw)
		}
	}
}

func (s *site) checkKeystone() {
	s.t.Helper()
	cinder := keystonetest.User{Name: "cinder", Password: servicePassword, Domain: "default"}
	project := s.keystone.Find("/projects?name=service", "projects")
	if s.keystone.Token(cinder, keystonetest.OfProject(project)) == "" {
		s.t.Error("the service's user has no token")
	}
	roles := s.openstack("role", "assignment", "list", "--user", "cinder", "--project", "service", "--names", "-f", "value", "-c", "Role")
	if !strings.Contains(roles, "service") || !strings.Contains(roles, "admin") {
		s.t.Errorf("roles of the service's user: %s", roles)
	}
	for _, kind := range []string{"block-storage", "volumev3"} {
		if got := s.openstack("endpoint", "list", "--service", kind, "-f", "value", "-c", "Region", "-c", "Interface", "-c", "URL"); got !=
			"RegionOne public "+s.url+"/v3" {
			s.t.Errorf("endpoints of %s: %s", kind, got)
		}
	}
}

func (s *site) checkTempest() {
	s.t.Helper()
	path := filepath.Join(s.dest, "data/tempest.conf")
	raw, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := tempestconf.Check(s.t.Context(), path); err != nil {
		s.t.Error(err)
	}
	text := strings.ReplaceAll(string(raw), " = ", "=")
	for _, want := range []string{"[volume-feature-enabled]", "extend_attached_volume=True", "extend_attached_encrypted_volume=True",
		"snapshot=True", "[service_available]", "cinder=True", "[volume]", "manage_snapshot_ref=source-name,snapshot-%s"} {
		if !strings.Contains(text, want+"\n") {
			s.t.Errorf("tempest.conf lacks %s:\n%s", want, raw)
		}
	}
}

// checkVolume makes one of each type and asks for the links in the answers.
func (s *site) checkVolume() {
	s.t.Helper()
	types := s.openstack("volume", "type", "list", "--long", "-f", "value", "-c", "Name", "-c", "Properties")
	for _, want := range []string{"file-1", "file-2", "multiattach"} {
		if !strings.Contains(types, want) {
			s.t.Errorf("no type %s: %s", want, types)
		}
	}
	for _, name := range []string{"file-1", "file-2"} {
		s.openstack("volume", "create", "--size", "1", "--type", name, "of-"+name)
		host := ""
		for end := time.Now().Add(3 * time.Minute); ; {
			got := strings.Fields(s.openstack("volume", "show", "of-"+name, "-f", "value", "-c", "status", "-c", "os-vol-host-attr:host"))
			if slices.Contains(got, "available") {
				host = strings.Join(got, " ")
				break
			}
			if slices.Contains(got, "error") || time.Now().After(end) {
				s.t.Fatalf("volume of type %s: %s\n%s", name, got, s.logs())
			}
		}
		if !strings.Contains(host, "@"+name+"#") {
			s.t.Errorf("volume of type %s is on %s", name, host)
		}
	}
	if code := s.status("/v3/"); code != http.StatusOK {
		s.t.Errorf("%s/v3/: %d", s.url, code)
	}
}

// status is what the web server says of the block storage API.
func (s *site) status(path string) int {
	s.t.Helper()
	resp, err := http.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func (s *site) absent(paths ...string) {
	s.t.Helper()
	for _, p := range paths {
		if _, err := os.Stat(p); err == nil {
			s.t.Errorf("%s is left", p)
		}
	}
}

func TestABackendTypeThatIsNotKnownIsRefused(t *testing.T) {
	s := newSite(t, "CINDER_ENABLED_BACKENDS=lvm:lvmdriver-1")
	if out, err := s.try("stack"); err == nil || !strings.Contains(out, "clinker has no backend type lvm; it has file") {
		t.Errorf("%v\n%s", err, out)
	}
}
