package glancetest

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/clinker-io/clinker/internal/keystonetest"
)

func TestGlanceKeepsImagesOverARestart(t *testing.T) {
	t.Parallel()
	k := keystonetest.Start(t)
	project, user := k.Project("demo"), k.User("ann")
	k.Grant(user, keystonetest.OfProject(project), "member")
	token := k.Token(user, keystonetest.OfProject(project))
	s := Start(t, k)
	data := bytes.Repeat([]byte("block"), 1000)
	id := s.Upload(token, "blocks", "raw", data, map[string]any{"hw_disk_bus": "scsi"})
	if got := s.Show(token, id); got.Text("status") != "active" || got.Text("hw_disk_bus") != "scsi" || got.Text("os_hash_algo") != "sha512" {
		t.Errorf("image: %v", got)
	}
	s.Kill()
	if resp, err := http.Get(s.URL); err == nil {
		_ = resp.Body.Close()
		t.Error("a killed Glance answered")
	}
	s.Restart()
	if !bytes.Equal(s.Data(token, id), data) {
		t.Error("other data after a restart")
	}
}
