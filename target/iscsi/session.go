package iscsi

import (
	"github.com/clinker-io/clinker/target/scsi"
)

// Session is an I_T nexus: an initiator port that is logged in to a target.
type Session struct {
	Initiator  string
	Target     string
	ISID       ISID
	TSIH       uint16
	Discovery  bool
	Credential Credential
	Home       any // of the Directory, set by Admit

	c      *conn
	units  Units
	noUnit scsi.Nexus
	done   chan struct{}
}

// SetUnits gives the session its logical units. Only Admit calls it.
func (s *Session) SetUnits(u Units, noUnit func() []uint64) {
	s.units = u
	s.noUnit.Units = noUnit
}

// End begins to end the session. Done tells when it is over.
func (s *Session) End() { s.c.end() }

// Done is closed when the session is gone and none of its tasks runs.
func (s *Session) Done() <-chan struct{} { return s.done }

// Raise establishes unit attention conditions for a unit of the session.
func (s *Session) Raise(lun uint64, a scsi.Attention) {
	if n := s.units[lun]; n != nil {
		n.Raise(a)
	}
}

// nexus is never nil.
func (s *Session) nexus(l LUN) *scsi.Nexus {
	if number, ok := l.Number(); ok {
		if n := s.units[number]; n != nil {
			return n
		}
	}
	return &s.noUnit
}

// AbortTasks aborts the tasks that match lun, or all. Each that cannot be ended
// at once is counted in w.
func (s *Session) AbortTasks(lun uint64, all bool, w *AbortWait) {
	s.c.abortTasks(w, func(cmd *command) bool {
		n, ok := cmd.pdu.LUN.Number()
		return all || (ok && n == lun)
	})
}
