package devstack

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/internal/rabbittest"
	"github.com/clinker-io/clinker/internal/testproc"
)

const (
	servicePassword = "servicesecret"
	phaseLimit      = 30 * time.Minute // the build of the program is one
)

// site is a machine on which DevStack runs.
type site struct {
	t        *testing.T
	keystone *keystonetest.Server
	top      string // the checkout of DevStack, or what stands in for it
	dest     string // $DEST
	real     bool   // DevStack's own functions
	url      string // of the block storage service
	conf     string // cinder.conf
	env      []string
}

// newSite prepares what stack.sh finds, with further lines of localrc.
func newSite(t *testing.T, localrc ...string) *site {
	t.Helper()
	s := &site{t: t, keystone: keystonetest.StartCached(t), real: os.Getenv("DEVSTACK_DIR") != "", env: os.Environ()}
	rabbit := rabbittest.Start(t)
	dir := testproc.Folder(t, "devstack")
	repository := clone(t, filepath.Join(dir, "plugin"))
	// Letters alone: DevStack edits its passwords with regular expressions.
	lines := []string{"HOST_IP=127.0.0.1", "ADMIN_PASSWORD=" + s.keystone.Admin.Password, "SERVICE_PASSWORD=" + servicePassword,
		"DATABASE_PASSWORD=databasesecret", "RABBIT_USERID=guest", "RABBIT_PASSWORD=guest", "CINDER_QUOTA_VOLUMES=7", "VIRT_DRIVER=fake"}
	if s.real {
		lines = append(lines, s.useDevStack(rabbit)...)
	} else {
		lines = append(lines, s.useStandIns(dir, rabbit)...)
	}
	t.Cleanup(s.endProcesses)
	lines = append(lines, "enable_plugin clinker "+repository+" master")
	s.write(filepath.Join(s.top, "local.conf"), "[[local|localrc]]\n"+strings.Join(append(lines, localrc...), "\n")+
		"\n[[post-config|$CINDER_CONF]]\n[DEFAULT]\nosapi_max_limit = 500\n")
	return s
}

// clone makes a repository of the source as it lies here, committed or not.
func clone(t *testing.T, dir string) string {
	t.Helper()
	script := `set -e; mkdir "$1"; git ls-files -zco --exclude-standard | while IFS= read -rd '' f; do [ ! -e "$f" ] || printf '%s\0' "$f"; done |
tar -c --null -T - | tar -x -C "$1"; cd "$1"; git init -q -b master; git add -A; git -c user.name=t -c user.email=t@t commit -qm source`
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script, "clone", dir)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("copy of the source: %v\n%s", err, out)
	}
	return dir
}

// useStandIns fills a folder that looks like a checkout of DevStack.
func (s *site) useStandIns(dir string, rabbit *rabbittest.Server) []string {
	s.top, s.dest = filepath.Join(dir, "devstack"), filepath.Join(dir, "stack")
	s.conf = filepath.Join(s.dest, "etc/cinder/cinder.conf")
	if err := os.CopyFS(s.top, os.DirFS("testdata/standins")); err != nil {
		s.t.Fatal(err)
	}
	host := s.webServer(filepath.Join(s.dest, "apache/cinder-api.conf"))
	s.url = "http://" + host + "/volume"
	ports := testproc.FreePorts(s.t, 2)
	socket, user := s.startDatabase(filepath.Join(dir, "pg"))
	return []string{"DEST=" + s.dest, "DATA_DIR=" + filepath.Join(s.dest, "data"), "SERVICE_HOST=" + host, "DATABASE_HOST=" + socket,
		"DATABASE_USER=" + user, "TRANSPORT_URL=" + rabbit.URL, "KEYSTONE_SERVICE_URI=" + strings.TrimSuffix(s.keystone.URL, "/v3"),
		"ENABLED_SERVICES=key,rabbit,postgresql,tempest,c-api,c-sch,c-vol,c-bak", "CLINKER_BIN=" + filepath.Join(s.dest, "bin/clinker"),
		fmt.Sprintf("CLINKER_API_PORT=%d", ports[0]), fmt.Sprintf("CINDER_TARGET_PORT=%d", ports[1])}
}

// useDevStack copies the checkout: what is written must not stay in it.
func (s *site) useDevStack(rabbit *rabbittest.Server) []string {
	s.top, s.dest, s.url, s.conf = "/opt/devstack", "/opt/stack", "http://127.0.0.1/volume", "/etc/cinder/cinder.conf"
	if err := os.RemoveAll(s.top); err != nil {
		s.t.Fatal(err)
	}
	if err := os.CopyFS(s.top, os.DirFS(os.Getenv("DEVSTACK_DIR"))); err != nil {
		s.t.Fatal(err)
	}
	s.env = append(s.env, "TEST_KEYSTONE="+strings.TrimSuffix(s.keystone.URL, "/v3"))
	u, err := url.Parse(rabbit.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	s.forward("127.0.0.1:5672", u.Host)
	return []string{"ENABLED_SERVICES=key," + s.databaseService() + ",rabbit,tempest,c-api,c-sch,c-vol,c-bak", "STACK_USER=root", "SERVICE_HOST=127.0.0.1", "RABBIT_HOST=127.0.0.1", "GLOBAL_VENV=False", "MYSQL_HOST=127.0.0.1"}
}

// databaseService is DevStack's choice, MySQL, unless DEVSTACK_DATABASE says postgresql.
func (s *site) databaseService() string { return cmp.Or(os.Getenv("DEVSTACK_DATABASE"), "mysql") }

// startDatabase returns the folder of the server's socket, and its user.
func (s *site) startDatabase(dir string) (socket, user string) {
	pg := pgtest.Serve(s.t, dir)
	dsn, err := pgx.ParseConfig(pg.DSN())
	if err != nil {
		s.t.Fatal(err)
	}
	return dsn.Host, dsn.User
}

// webServer stands in for DevStack's Apache: it reads where /volume leads to.
func (s *site) webServer(conf string) (host string) {
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		target, _ := os.ReadFile(conf)
		to, err := url.Parse(strings.TrimSpace(string(target)))
		if err == nil {
			r.SetURL(to)
		}
	}}
	return s.serve(http.StripPrefix("/volume", proxy))
}

func (s *site) serve(h http.Handler) (host string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	srv := &http.Server{Handler: h}
	go func() { _ = srv.Serve(ln) }() // until Close
	s.t.Cleanup(func() { _ = srv.Close() })
	return ln.Addr().String()
}

// imageService is there for the client alone: to make a volume it wants to know
// where images are, even if it needs none.
func (s *site) imageService() {
	var host string
	host = s.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"versions": [{"id": "v2.9", "status": "CURRENT", "links": [{"rel": "self", "href": "http://%s/v2/"}]}]}`, host)
	}))
	s.openstack("service", "create", "--name", "glance", "image")
	s.openstack("endpoint", "create", "--region", "RegionOne", "image", "public", "http://"+host)
}

// forward gives a server the port at which DevStack would have it.
func (s *site) forward(at, to string) {
	ln, err := net.Listen("tcp", at)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = ln.Close() })
	go func() { // until Close
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			go join(in, to)
		}
	}()
}

// join ends with either side.
func join(in net.Conn, to string) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
	_, _ = io.Copy(in, out)
}

func (s *site) write(path, text string) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// run does what DevStack's script of that name does.
func (s *site) run(what string) string {
	s.t.Helper()
	out, err := s.try(what)
	if err != nil || !strings.HasSuffix(strings.TrimSpace(out), "=== run "+what+" is done") {
		s.t.Fatalf("%s: %v\n%s\n%s", what, err, out, s.logs())
	}
	return out
}

func (s *site) try(what string) (string, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), phaseLimit)
	defer cancel()
	run, err := filepath.Abs("testdata/run")
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, run, what)
	cmd.Env, cmd.WaitDelay = append(s.env, "TOP_DIR="+s.top), time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err
}

// logs are what the services said.
func (s *site) logs() string {
	var all strings.Builder
	for _, pattern := range []string{s.dest + "/units/*.log", "/var/log/journal/devstack@*.log"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			text, _ := os.ReadFile(name)
			fmt.Fprintf(&all, "--- %s\n%s\n", filepath.Base(name), text[max(0, len(text)-4<<10):])
		}
	}
	return all.String()
}

// endProcesses is for a test that fails before unstack. A scratch root ends its own.
func (s *site) endProcesses() {
	names, _ := filepath.Glob(s.dest + "/units/*.pid")
	for _, name := range names {
		text, _ := os.ReadFile(name)
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// openstack runs the client as DevStack's administrator.
func (s *site) openstack(args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "/usr/bin/openstack", args...)
	clouds := s.dest + "/data/openstack/clouds.yaml"
	if s.real {
		clouds = "/etc/openstack/clouds.yaml"
	}
	cmd.Env = append(s.env, "OS_CLOUD=devstack-admin", "OS_CLIENT_CONFIG_FILE="+clouds)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("openstack %s: %v\n%s\n%s", strings.Join(args, " "), err, stderr.String(), s.logs())
	}
	return strings.TrimSpace(string(out))
}
