package target

import (
	"strings"

	"github.com/clinker-io/clinker/target/iscsi"
)

// directory shows a server to its connections.
type directory struct{ s *Server }

func (s *Server) directory() iscsi.Directory { return directory{s} }

// find is called with mu held.
func (s *Server) find(name string) *Target { return s.targets[strings.ToLower(name)] }

func (d directory) target(name string) *Target {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.s.find(name)
}

func (d directory) Targets(initiator string) []string {
	return d.s.names(func(t *Target) bool { return len(t.credentials(initiator)) > 0 })
}

func (d directory) Credentials(target, initiator string) ([]iscsi.Credential, bool) {
	if target != "" {
		t := d.target(target)
		if t == nil {
			return nil, false
		}
		return t.credentials(initiator), true
	}
	var all []iscsi.Credential // discovery
	for _, name := range d.Targets(initiator) {
		if t := d.target(name); t != nil {
			all = append(all, t.credentials(initiator)...)
		}
	}
	return all, true
}

func (d directory) Admit(s *iscsi.Session) iscsi.LoginStatus {
	for {
		t := d.target(s.Target)
		if t == nil {
			return iscsi.LoginNotFound
		}
		s.TSIH = d.s.nextTSIH()
		old, status := t.admit(s)
		if len(old) == 0 {
			return status
		}
		endAll(old)
	}
}

// nextTSIH is never 0, which means a new session. With MaxConnections of 1
// nobody can name a session by its TSIH, so a number that is used again after
// 65535 sessions does no harm.
func (s *Server) nextTSIH() uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lastTSIH++; s.lastTSIH == 0 {
		s.lastTSIH = 1
	}
	return s.lastTSIH
}

func (d directory) Leave(s *iscsi.Session) {
	if t := s.Home; t != nil {
		t.(*Target).leave(s)
	}
}

func (d directory) ResetTarget(by *iscsi.Session, f iscsi.TaskFunction, lun uint64, done func()) {
	by.Home.(*Target).reset(by, f, lun, done)
}
