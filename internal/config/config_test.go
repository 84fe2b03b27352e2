package config

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the files that tests compare with")

func read(t *testing.T, text string) *Config {
	t.Helper()
	c, err := parse("test.conf", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaultsWithoutAFile(t *testing.T) {
	c, err := Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	d := c.Default
	if d.ListenPort != 8776 || d.QuotaVolumes != 10 || d.PerVolumeSizeLimit != -1 || !d.SnapshotSameHost ||
		!slices.Equal(d.Filters, []string{"AvailabilityZoneFilter", "CapacityFilter", "CapabilitiesFilter"}) {
		t.Fatalf("%+v", d)
	}
}

func TestValuesMayHoldCommentSigns(t *testing.T) {
	c := read(t, "[database]\n# comment\n; comment\nconnection = postgresql://u:pa#s;s=x@h/db\n")
	if want := "postgresql://u:pa#s;s=x@h/db"; c.Database.Connection != want {
		t.Fatal(c.Database.Connection)
	}
}

func TestListsContinuationsAndRepeats(t *testing.T) {
	c := read(t, "[DEFAULT]\nenabled_backends = Fast,\n  slow\nscheduler_default_filters = A\nscheduler_default_filters = B, C\n")
	if diff := cmp.Diff([]string{"Fast", "slow"}, c.Default.EnabledBackends); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff([]string{"A", "B", "C"}, c.Default.Filters); diff != "" {
		t.Fatal(diff)
	}
	if len(c.Backends) != 2 || c.Backends[0].Section != "Fast" || c.Backends[0].BackendName != "Fast" {
		t.Fatalf("%+v", c.Backends)
	}
}

func TestBackendsInherit(t *testing.T) {
	c := read(t, "[DEFAULT]\nenabled_backends = a,b\nstate_path = /s\n[backend_defaults]\nreserved_percentage = 7\n[a]\nreserved_percentage = 9\nfile_pool_path = $state_path/${database.connection}/x$$y\n[database]\nconnection = c\n")
	if c.Backends[0].Reserved != 9 || c.Backends[1].Reserved != 7 {
		t.Fatalf("%+v", c.Backends)
	}
	var o struct {
		Path string `conf:"file_pool_path" default:"$state_path/volumes"`
		Name string `conf:"volume_name_template" default:"volume-%s"`
	}
	if err := c.Decode("a", &o, map[string]string{"volume_name_template": "v-%s"}); err != nil {
		t.Fatal(err)
	}
	if o.Path != "/s/c/x$y" || o.Name != "v-%s" {
		t.Fatalf("%+v", o)
	}
	if err := c.Decode("b", &o, nil); err != nil {
		t.Fatal(err)
	}
	if o.Path != "/s/volumes" {
		t.Fatalf("%+v", o)
	}
}

func TestErrorsSayWhereWhatAndWhatIsAllowed(t *testing.T) {
	for text, want := range map[string]string{
		"[DEFAULT]\nosapi_max_limit = zero\n":           `test.conf:2: option osapi_max_limit = "zero": must be a whole number of at least 1`,
		"[DEFAULT]\nosapi_volume_listen_port = 70000\n": `must be from 0 to 65535`,
		"[DEFAULT]\nauth_strategy = none\n":             `must be one of noauth, keystone`,
		"[DEFAULT]\ndebug = maybe\n":                    `must be true or false`,
		"[DEFAULT\n":                                    `test.conf:1: "[DEFAULT" is not a section`,
		"[DEFAULT]\nwhat\n":                             `test.conf:2: "what" must look like option = value`,
		"  indented\n":                                  `test.conf:1: an indented line`,
		"[DEFAULT]\nquota_volumes = -2\n":               `must be of at least -1`,
		"[database]\nmax_pool_size = 1\n":               `from 2 to 1000`,
	} {
		if _, err := parse("test.conf", []byte(text), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant …%s…", text, err, want)
		}
	}
}

func TestOverridesComeFirst(t *testing.T) {
	c, err := parse("t", []byte("[DEFAULT]\nhost = file\n"), map[string]string{"DEFAULT::host": "flag"})
	if err != nil || c.Default.Host != "flag" {
		t.Fatalf("%v, %v", c, err)
	}
}

func TestDatabaseURLs(t *testing.T) {
	for in, want := range map[string]string{
		"postgresql://u:p@h/d":          "postgresql://u:p@h/d",
		"postgresql+psycopg2://u:p@h/d": "postgresql://u:p@h/d",
	} {
		if got, err := (Database{Connection: in}).DSN(); err != nil || got != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "nonsense", "mysql+pymysql://u:secret@h/d", "sqlite:///x"} {
		_, err := (Database{Connection: in}).DSN()
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// The sample in etc/ is printed from the tags.
func TestSampleReadsBack(t *testing.T) {
	sample := Sample()
	if _, err := parse("sample", []byte(sample), nil); err != nil {
		t.Fatal(err)
	}
	plain := strings.NewReplacer("\n#[", "\n[").Replace(sample)
	if _, err := parse("sample", []byte(plain), nil); err != nil {
		t.Fatal(err)
	}
	if *update {
		t.Log("etc/cinder.conf is rewritten by the test in cmd/clinker, which knows the drivers")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("[DEFAULT]\nhost = a$b ${c.d}\n  more\nhost : x\n[z]\n"))
	f.Add([]byte("[DEFAULT]\nenabled_backends=a\n[a]\nvolume_driver=$volume_driver\n"))
	sample, _ := os.ReadFile("../../etc/cinder.conf") // a seed like any other
	f.Add(sample)
	f.Fuzz(func(_ *testing.T, raw []byte) {
		_, _ = parse("fuzz", raw, nil) // must return
	})
}
