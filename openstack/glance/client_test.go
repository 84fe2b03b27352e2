package glance_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/clinker-io/clinker/internal/glancetest"
	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/openstack"
	"github.com/clinker-io/clinker/openstack/glance"
)

// cloud is a Keystone and a Glance with two users and us.
type cloud struct {
	keystone *keystonetest.Server
	glance   *glancetest.Server
	us       keystonetest.User
	ann, bob *glance.Caller
}

func start(t *testing.T) *cloud {
	t.Helper()
	k := keystonetest.Start(t)
	c := &cloud{keystone: k, us: k.ServiceUser("cinder")}
	caller := func(name string) *glance.Caller {
		project, user := k.Project(name+"s"), k.User(name)
		k.Grant(user, keystonetest.OfProject(project), "member")
		return &glance.Caller{Token: k.Token(user, keystonetest.OfProject(project)), RequestID: "req-11111111-2222-3333-4444-555555555555"}
	}
	c.ann, c.bob = caller("ann"), caller("bob")
	c.glance = glancetest.Start(t, k)
	return c
}

func (c *cloud) client(t *testing.T, change func(*openstack.Login, *glance.Config)) *glance.Client {
	t.Helper()
	l := openstack.Login{Section: "service_user", AuthURL: c.keystone.URL, Username: c.us.Name, Password: c.us.Password, ProjectName: keystonetest.ServiceProject}
	g := glance.Config{Catalog: "image:glance:publicURL", Timeout: 90 * time.Second, ServiceToken: true}
	if change != nil {
		change(&l, &g)
	}
	var err error
	if g.Session, err = openstack.NewSession(l); err != nil {
		t.Fatal(err)
	}
	out, err := glance.New(g)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGlance(t *testing.T) {
	t.Parallel()
	c := start(t)
	for name, run := range map[string]func(*testing.T, *cloud){"records": records, "data": data, "peers that fail": failing} {
		t.Run(name, func(t *testing.T) { run(t, c) })
	}
}

func want(t *testing.T, what string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: %v, want %v", what, err, kind)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func records(t *testing.T, c *cloud) {
	ctx, g, yes := t.Context(), c.client(t, nil), true
	i, err := g.Create(ctx, c.ann, glance.NewImage{Name: "of ann", DiskFormat: "raw", ContainerFormat: "bare", Visibility: "private", Protected: &yes,
		MinDisk: 2, Properties: map[string]string{"hw_disk_bus": "scsi"}})
	must(t, err)
	if i.Name != "of ann" || i.Status != "queued" || !i.Protected || i.MinDisk != 2 || i.Properties["hw_disk_bus"] != "scsi" || len(i.Properties) != 1 {
		t.Errorf("image: %+v", i)
	}
	named, err := g.Named(ctx, c.ann, "of ann")
	if err != nil || len(named) != 1 || named[0].ID != i.ID {
		t.Errorf("by name: %v, %v", named, err)
	}
	_, err = g.Show(ctx, c.bob, i.ID)
	want(t, "another's image", err, glance.ErrNotFound)
	_, err = g.Show(ctx, &glance.Caller{Token: "nonsense"}, i.ID)
	want(t, "a bad token", err, glance.ErrUnauthorized)
	_, err = g.Create(ctx, c.ann, glance.NewImage{Name: "x", DiskFormat: "nonsense", ContainerFormat: "bare"})
	want(t, "a bad format", err, glance.ErrRefused)
	if err == nil || !strings.Contains(err.Error(), "HTTP 400") || strings.Contains(err.Error(), "<") {
		t.Errorf("what is said: %v", err)
	}
	want(t, "a delete of what is protected", g.Delete(ctx, nil, i.ID), glance.ErrUnauthorized)
	_, err = g.Download(ctx, nil, i.ID)
	want(t, "data of an image without", err, glance.ErrConflict)
	must(t, g.Discard(ctx, nil, i.ID))
	must(t, g.Discard(ctx, nil, i.ID)) // again is no harm
	_, err = g.Show(ctx, nil, i.ID)
	want(t, "a discarded image", err, glance.ErrNotFound)
}

func data(t *testing.T, c *cloud) {
	ctx, g := t.Context(), c.client(t, func(_ *openstack.Login, g *glance.Config) {
		g.Servers = []string{strings.TrimPrefix(c.glance.URL, "http://") + "/v2"}
	})
	i, err := g.Create(ctx, c.ann, glance.NewImage{Name: "data", DiskFormat: "raw", ContainerFormat: "bare"})
	must(t, err)
	broken := errors.New("the disk is gone")
	err = g.Upload(ctx, nil, i.ID, io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)), 6, "")
	want(t, "a source that fails", err, broken)
	content := bytes.Repeat([]byte("0123456789"), 1<<18)
	for try := 0; ; try++ { // Glance takes a moment to notice that the first one broke off
		if err = g.Upload(ctx, nil, i.ID, bytes.NewReader(content), int64(len(content)), ""); !errors.Is(err, glance.ErrConflict) || try == 100 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	must(t, err)
	i, err = g.Show(ctx, c.ann, i.ID)
	if err != nil || i.Status != "active" || i.Size != int64(len(content)) || i.HashAlgo != "sha512" || i.Checksum == "" {
		t.Errorf("image: %+v, %v", i, err)
	}
	must(t, g.Discard(ctx, nil, i.ID)) // one with data stays
	body, err := g.Download(ctx, nil, i.ID)
	must(t, err)
	got, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	must(t, body.Close())
	must(t, g.Delete(ctx, c.ann, i.ID))
}

// failing are peers that a real Glance cannot be made to be.
func failing(t *testing.T, c *cloud) {
	ctx := t.Context()
	silent := make(chan struct{})
	peers := map[string]http.HandlerFunc{
		"garbage": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>hello") },
		"empty":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") },
		"away":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"silent":  func(_ http.ResponseWriter, r *http.Request) { <-silent },
	}
	for name, peer := range peers {
		s := httptest.NewServer(peer)
		g := c.client(t, func(_ *openstack.Login, g *glance.Config) { g.Servers, g.Timeout = []string{s.URL}, 2*time.Second })
		_, err := g.Show(ctx, nil, "11111111-2222-3333-4444-555555555555")
		want(t, name, err, glance.ErrUnavailable)
		if name == "silent" {
			_, err = g.Download(ctx, nil, "x")
			want(t, "silent data", err, glance.ErrUnavailable)
			close(silent)
		}
		s.Close()
	}
	wrong := c.client(t, func(l *openstack.Login, _ *glance.Config) { l.Password = "wrong-secret" })
	_, err := wrong.Show(ctx, nil, "x")
	want(t, "a wrong password", err, glance.ErrUnavailable)
	if err == nil || !strings.Contains(err.Error(), "[service_user]") || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("what is said of a wrong password: %v", err)
	}
	absent := c.client(t, func(_ *openstack.Login, g *glance.Config) { g.Region = "elsewhere" })
	_, err = absent.Show(ctx, nil, "x")
	want(t, "no endpoint", err, glance.ErrAbsent)
	if _, err := glance.New(glance.Config{Catalog: "image"}); err == nil {
		t.Error("a bad glance_catalog_info is taken")
	}
}
