package keystonetest

import (
	"errors"
	"net/http"
	"testing"

	"golang.org/x/sys/unix"
)

func TestKeystoneIssuesTokensIsGoneWhenKilledAndComesBack(t *testing.T) {
	t.Parallel()
	s := Start(t)
	project, user := s.Project("demo"), s.User("ann")
	s.Grant(user, OfProject(project), "member")
	s.Grant(user, OfSystem(), "reader")
	if s.Token(user, OfProject(project)) == "" || s.Token(user, OfSystem()) == "" || s.ApplicationToken(user, project) == "" {
		t.Error("no token")
	}
	pid := s.PID()
	s.Kill()
	if err := unix.Kill(pid, 0); !errors.Is(err, unix.ESRCH) {
		t.Errorf("the server lives: %v", err)
	}
	if resp, err := http.Get(s.URL); err == nil {
		_ = resp.Body.Close()
		t.Error("a killed Keystone answered")
	}
	s.Restart()
	if s.Token(user, OfProject(project)) == "" {
		t.Error("no token after a restart")
	}
}
