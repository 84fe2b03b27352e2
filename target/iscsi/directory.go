package iscsi

import (
	"github.com/clinker-io/clinker/target/scsi"
)

// Directory is what a connection asks about targets and initiators. All its
// methods may be called at the same time.
type Directory interface {
	// Targets are the names of those that the initiator may log in to.
	Targets(initiator string) []string

	// Credentials are those by which the initiator may log in to a target.
	// False: there is no such target. For discovery the target is "".
	Credentials(target, initiator string) ([]Credential, bool)

	// Admit lets a session in, ends the older session of the same name first,
	// and attaches its units. The credential may have gone since it was used.
	Admit(*Session) LoginStatus

	// Leave forgets a session that was admitted. None of its tasks runs any more.
	Leave(*Session)

	// ResetTarget serves the task management functions that reach beyond one
	// session; done is called when no affected task runs any more.
	ResetTarget(by *Session, f TaskFunction, lun uint64, done func())
}

// Credential is one way in.
type Credential struct {
	Key      any    // names it for the Directory
	User     string // CHAP_N
	Secret   Secret // empty: CHAP is not asked for
	ReadOnly bool

	// What we prove to the initiator, if it asks for it.
	MutualUser   string
	MutualSecret Secret
}

// Units are the logical units that a session sees.
type Units map[uint64]*scsi.Nexus
