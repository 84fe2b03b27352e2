package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/internal/loglevel"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/migrations"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// database is a fresh one with a configuration that names it.
func database(t *testing.T) (store *db.Store, file string) {
	t.Helper()
	dsn := pgtest.New(t, migrations.Up)
	store, err := db.Open(t.Context(), dsn, db.Options{MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	at := url.URL{Scheme: "postgresql", User: url.User(c.User), Path: "/" + c.Database, RawQuery: url.Values{"host": {c.Host}}.Encode()}
	file = filepath.Join(t.TempDir(), "cinder.conf")
	// A dollar has a meaning in the file.
	text := "[database]\nconnection = " + strings.ReplaceAll(at.String(), "$", "$$") + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return store, file
}

// clinker runs a command line and returns what it prints.
func clinker(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestManage(t *testing.T) {
	t.Parallel()
	store, file := database(t)
	sql := func(q string, args ...any) {
		t.Helper()
		if _, err := store.Pool().Exec(t.Context(), q, args...); err != nil {
			t.Fatal(err)
		}
	}
	for host, zone := range map[string]string{"n1@file": "az1", "n2@file": "az2"} {
		s, err := store.RegisterService(t.Context(), host, db.BinaryVolume, zone)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.JoinCluster(t.Context(), s.ID, db.BinaryVolume, map[string]string{"n1@file": "west@file"}[host]); err != nil {
			t.Fatal(err)
		}
	}
	sql("UPDATE services SET heartbeat_at = now() - interval '1 hour', disabled = true WHERE host = 'n2@file'")
	sql("INSERT INTO clusters (name, \"binary\") VALUES ('empty@file', 'cinder-volume')")
	sql(`INSERT INTO volumes (id, project_id, user_id, size, status, availability_zone, host, volume_type_id)
		SELECT gen_random_uuid(), 'p1', 'u', 2, 'available', 'az1', 'n1@file#p', id FROM volume_types`)
	sql(`INSERT INTO services (host, "binary", availability_zone, disabled, frozen) VALUES ('n3@file', 'cinder-volume', 'az3', true, true)`)
	sql(`WITH t AS (INSERT INTO group_types (id, name) VALUES (gen_random_uuid(), 'gt') RETURNING id)
		INSERT INTO groups (id, project_id, user_id, name, status, availability_zone, host, group_type_id)
		SELECT gen_random_uuid(), 'p1', 'u', 'g', 'available', 'az1', 'n1@file#p', id FROM t`)
	for _, c := range []struct {
		args string
		want []string // what the output holds
		fail string   // what the error holds; "": none
	}{
		{"quota check", []string{"Project p1\n", "\tvolumes: invalid usage saved=0 actual=1\n", "\tgigabytes: invalid usage saved=0 actual=2\n", "5 differences\n"}, "quota sync"},
		{"quota check --project-id p2", []string{"0 differences\n"}, ""},
		{"quota sync --project-id p1", []string{"\tvolumes: invalid usage saved=0 actual=1 - fixed\n", "5 differences\n"}, ""},
		{"quota check", []string{"0 differences\n"}, ""},
		{"quota check more", nil, "unknown command"},
		{"service list", []string{"Binary", "cinder-volume  n1@file  az1   enabled   :-)", "n2@file  az2   disabled  XXX", "west@file"}, ""},
		{"host list", []string{"host     zone", "n1@file  az1", "n2@file  az2"}, ""},
		{"host list az2", []string{"n2@file  az2"}, ""},
		{"cluster list", []string{"west@file", "empty@file  cinder-volume  enabled  XXX", "Down Hosts"}, ""},
		{"cluster remove cinder-volume west@file", nil, "still has hosts"},
		{"cluster remove cinder-volume empty@file", []string{"removed"}, ""},
		{"cluster remove cinder-volume empty@file", nil, "could not be found"},
		{"service remove cinder-volume n2@file", []string{"Service cinder-volume on host n2@file removed."}, ""},
		{"service remove cinder-volume n2@file", nil, "Service cinder-volume could not be found on host n2@file."},
		{"service remove cinder-volume", nil, "accepts 2 arg(s)"},
		{"volume update-host --currenthost n1@file --newhost n9@file", []string{"1 volumes of n1@file are on n9@file now."}, ""},
		{"volume update-host --currenthost n1@file", nil, `"newhost" not set`},
		{"volume update-host --currenthost n9@file --newhost n1@file#p", nil, "name a pool"},
		{"db version", []string{"\n"}, ""},
		{"db sync", nil, ""},
		{"db purge 1", []string{"0 jobs and 0 messages removed."}, ""},
		{"db purge -- -1", nil, "must supply a positive value for age"},
		{"db purge x", nil, "must supply a positive value for age"},
		{"volume update_host --currenthost n9@file --newhost n1@file", []string{"1 volumes of n9@file are on n1@file now."}, ""},
		{"volume delete x", nil, "UUID"},
		{"cg update_cg_host --currenthost n1@file --newhost n2@file", []string{"1 groups of n1@file are on n2@file now."}, ""},
		{"cg update-cg-host --currenthost n1@file --newhost n2@file#p", nil, "name a pool"},
		{"db reset_active_backend --backend-host n1@file", nil, "must first be disabled and frozen"},
		{"db reset-active-backend --backend-host n3@file --enable-replication --active-backend-id b", []string{"n3@file is enabled"}, ""},
		{"db reset-active-backend", nil, `"backend-host" not set`},
		{"db online_data_migrations --max_count 10", []string{"No data migrations"}, ""},
		{"config list", []string{"quota_volumes = 10", "database.connection = ***", "keystone_authtoken.password = "}, ""},
		{"config list quota_volumes", []string{"quota_volumes = 10"}, ""},
		{"config list nonsense", nil, "no option nonsense"},
		{"version list", []string{version}, ""},
		{"util clean_locks --services-offline", []string{"nothing to clean"}, ""},
		{"db purge 99999999", nil, "maximum age is count of days since epoch"},
		{"--help", []string{"quota", "service", "host", "volume", "db", "clinker manage quota check"}, ""},
	} {
		args := append([]string{"manage", "--config-file", file}, strings.Fields(c.args)...)
		out, err := clinker(t, args...)
		if (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
			t.Errorf("manage %s: error %v, want %q\n%s", c.args, err, c.fail, out)
		}
		for _, part := range c.want {
			if !strings.Contains(out, part) {
				t.Errorf("manage %s does not say %q:\n%s", c.args, part, out)
			}
		}
	}
	want, err := migrations.Version(t.Context(), store.Pool().Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := clinker(t, "manage", "db", "version", "--config-file", file); out != fmt.Sprintln(want) || want < 8 {
		t.Errorf("version %q, want %d", out, want)
	}
}

func TestManageDeletesVolumes(t *testing.T) {
	t.Parallel()
	store, file := database(t)
	sql := func(q string, args ...any) (n int) {
		t.Helper()
		if err := store.Pool().QueryRow(t.Context(), q, args...).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	insert := func(id, status string, host any) {
		t.Helper()
		sql(`INSERT INTO volumes (id, project_id, user_id, size, status, availability_zone, host, volume_type_id)
			SELECT $1, 'p1', 'u', 2, $2, 'az1', $3, id FROM volume_types LIMIT 1 RETURNING 1`, id, status, host)
	}
	const placed, attached, unplaced, none = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b",
		"00000000-0000-4000-8000-00000000000c", "00000000-0000-4000-8000-00000000000d"
	insert(placed, "error_deleting", "n1@file#p")
	insert(attached, "in-use", "n1@file#p")
	insert(unplaced, "error", nil)
	sql(`INSERT INTO attachments (id, volume_id, project_id, attach_status, attach_mode) VALUES (gen_random_uuid(), $1, 'p1', 'attached', 'rw') RETURNING 1`, attached)
	for _, c := range []struct{ id, fail string }{{placed, ""}, {attached, "attached"}, {unplaced, ""}, {none, "attached"}, {"x", "UUID"}} {
		out, err := clinker(t, "manage", "--config-file", file, "volume", "delete", c.id)
		if (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
			t.Errorf("volume delete %s: %v %s", c.id, err, out)
		}
	}
	if n := sql("SELECT count(*) FROM jobs WHERE kind = $1 AND queue = $2 AND volume_id = $3", db.JobVolumeDelete, db.VolumeQueue("n1@file#p"), placed); n != 1 {
		t.Errorf("%d jobs delete the volume", n)
	}
	if n := sql("SELECT count(*) FROM volumes WHERE status = 'in-use' OR id = $1", unplaced); n != 1 {
		t.Errorf("%d volumes are not as they should be", n)
	}
}

func TestManageNeedsADatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for args, want := range map[string]string{
		"manage service list --state-dir " + dir:             "no service runs on state folder " + dir,
		"manage service list --config-file " + dir + "/none": "no configuration at",
		"manage quota":    "choose a subcommand of clinker manage quota",
		"manage nonsense": "unknown command",
		"manage service list --config-file /dev/null":                             "connection",
		"manage service list --state-dir " + dir + " --config-file " + dir + "/x": "no configuration at",
	} {
		_, err := clinker(t, strings.Fields(args)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not say %q", args, err, want)
		}
	}
}

func TestResourceFiltersAreReadFromAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		"":                                     "",
		"../../etc/resource_filters.json":      "",
		write("good", `{"volume": ["name~"]}`): "",
		filepath.Join(dir, "none"):             "no such file",
		write("list", `["name"]`):              "is not an object",
		write("bad", `{`):                      "is not an object",
	} {
		got, err := resourceFilters(path)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
		if strings.HasSuffix(path, "good") && got["volume"][0] != "name~" {
			t.Errorf("%q: %v", path, got)
		}
	}
}

func TestAServiceFollowsTheLevelsThatAreWanted(t *testing.T) {
	t.Parallel()
	store, _ := database(t)
	s, err := store.RegisterService(t.Context(), "n@file", db.BinaryVolume, "nova")
	if err != nil {
		t.Fatal(err)
	}
	levels := loglevel.New(slog.DiscardHandler, slog.LevelInfo)
	levels.Logger("clinker.volume")
	levels.Logger("clinker.target")
	at := db.LogLevels(levels.Levels(""))
	set := func(wanted db.LogLevels) db.LogLevels { return follow(levels, wanted) }
	if ok, err := store.StartLogs(t.Context(), s.Binary, s.Host, at); err != nil || !ok {
		t.Fatal(ok, err)
	}
	for _, step := range []struct{ prefix, level, volume, target string }{
		{"clinker.v", "DEBUG", "DEBUG", "INFO"}, {"", "ERROR", "ERROR", "ERROR"}, {"clinker.target", "WARNING", "ERROR", "WARNING"}, {"nova", "DEBUG", "ERROR", "WARNING"},
	} {
		if err := store.WantLogs(t.Context(), []int64{s.ID}, step.prefix, step.level); err != nil {
			t.Fatal(err)
		}
		if at, err = store.SyncLogs(t.Context(), s.Binary, s.Host, at, set); err != nil {
			t.Fatal(err)
		}
		all, err := store.Services(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for what, got := range map[string]map[string]string{"the process": levels.Levels(""), "the row": all[0].LogLevels} {
			if got["clinker.volume"] != step.volume || got["clinker.target"] != step.target {
				t.Errorf("%+v: %s has %v", step, what, got)
			}
		}
	}
	if ok, err := store.StartLogs(t.Context(), s.Binary, "nobody", at); err != nil || ok {
		t.Errorf("an unknown service is there: %v, %v", ok, err)
	}
}

func TestFunctionsOfABackendAreReported(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	got := functions(config.Backend{Section: "b", FilterFunction: "1 ==", GoodnessFunction: "50"}, slog.New(slog.NewTextHandler(&log, nil)))
	if got["filter_function"] != "1 ==" || got["goodness_function"] != "50" {
		t.Errorf("%v", got)
	}
	if s := log.String(); strings.Count(s, "\n") != 1 || !strings.Contains(s, "option=filter_function") {
		t.Errorf("log: %s", s)
	}
}
