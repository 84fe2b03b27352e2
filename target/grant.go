package target

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/clinker-io/clinker/target/iscsi"
	"github.com/clinker-io/clinker/target/scsi"
)

// Grant lets one initiator in. Each attachment of a volume is one.
type Grant struct {
	ID        string // within its target
	Initiator string // iSCSI name
	User      string // CHAP user
	Secret    Secret // CHAP secret; empty: CHAP is not asked for
	ReadOnly  bool

	// What the target proves to an initiator that asks for it; optional.
	MutualUser   string
	MutualSecret Secret
}

// LogValue leaves the secrets out.
func (g Grant) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", g.ID), slog.String("initiator", g.Initiator),
		slog.String("user", g.User), slog.Bool("read_only", g.ReadOnly))
}

// grant is one time that a Grant was given; it is its identity.
type grant struct{ Grant }

var errInvalidGrant = errors.New("invalid grant")

func (g *Grant) check() error {
	if err := checkNameText(g.Initiator); err != nil {
		return fmt.Errorf("%w: initiator: %w", errInvalidGrant, err)
	}
	switch {
	case g.ID == "":
		return fmt.Errorf("%w: no ID", errInvalidGrant)
	case (g.Secret != "") != (g.User != ""):
		return fmt.Errorf("%w: user and secret go together", errInvalidGrant)
	case g.MutualSecret != "" && (g.Secret == "" || g.MutualSecret == g.Secret):
		return fmt.Errorf("%w: the secrets of both directions must differ (RFC 7143, 9.2.1)", errInvalidGrant)
	}
	return nil
}

// Grant lets an initiator in from now on. An ID that is there already is
// replaced: sessions that came in by what it was before end, unless nothing
// changes.
func (t *Target) Grant(g Grant) error {
	g.Initiator = strings.ToLower(g.Initiator)
	if err := g.check(); err != nil {
		return err
	}
	t.mu.Lock()
	if t.removed {
		t.mu.Unlock()
		return fmt.Errorf("grant %s: %w", g.ID, errRemoved)
	}
	old := t.grants[g.ID]
	if old != nil && old.Grant == g {
		t.mu.Unlock()
		return nil
	}
	t.grants[g.ID] = &grant{g}
	t.mu.Unlock()
	t.endGrant(old)
	return nil
}

// Revoke takes a grant back. It ends the sessions that came in by it and
// returns when none of their commands runs.
func (t *Target) Revoke(id string) {
	t.mu.Lock()
	old := t.grants[id]
	delete(t.grants, id)
	t.mu.Unlock()
	t.endGrant(old)
}

func (t *Target) endGrant(g *grant) {
	if g == nil {
		return
	}
	endAll(t.list(func(s *iscsi.Session) bool { return s.Credential.Key == g }))
}

// credentials are what the initiator may log in with.
func (t *Target) credentials(initiator string) []iscsi.Credential {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []iscsi.Credential
	for _, g := range t.grants {
		if g.Initiator == initiator {
			list = append(list, iscsi.Credential{Key: g, User: g.User, Secret: g.Secret, ReadOnly: g.ReadOnly,
				MutualUser: g.MutualUser, MutualSecret: g.MutualSecret})
		}
	}
	return list
}

// admit adds a session, if its grant still stands. An older session of the same
// initiator port has to go first (RFC 7143, 6.3.5): it is returned.
func (t *Target) admit(s *iscsi.Session) (old []*iscsi.Session, status iscsi.LoginStatus) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g, _ := s.Credential.Key.(*grant)
	if t.removed || g == nil || t.grants[g.ID] != g {
		return nil, iscsi.LoginNotAllowed
	}
	for o := range t.sessions {
		if o.Initiator == s.Initiator && o.ISID == s.ISID {
			old = append(old, o)
		}
	}
	if len(old) > 0 {
		return old, iscsi.LoginSuccess
	}
	units := make(iscsi.Units, len(t.units))
	for n, u := range t.units {
		units[n] = &scsi.Nexus{Unit: u, ReadOnly: g.ReadOnly, Units: t.numbers}
		units[n].Raise(scsi.PowerOn)
	}
	s.SetUnits(units, t.numbers)
	s.Home = t
	t.sessions[s] = struct{}{}
	return nil, iscsi.LoginSuccess
}

func (t *Target) numbers() []uint64 { return t.order }

func (t *Target) leave(s *iscsi.Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sessions, s)
}

// reset aborts tasks of all sessions, and tells their initiators.
func (t *Target) reset(by *iscsi.Session, f iscsi.TaskFunction, lun uint64, done func()) {
	w := iscsi.NewAbortWait(done)
	all := f == iscsi.TargetWarmReset || f == iscsi.TargetColdReset
	for _, s := range t.list(nil) {
		s.AbortTasks(lun, all, w)
		switch {
		case f == iscsi.ClearTaskSet && s != by:
			s.Raise(lun, scsi.Cleared)
		case f == iscsi.LUNReset:
			s.Raise(lun, scsi.Reset)
		case all:
			for _, n := range t.order {
				s.Raise(n, scsi.Reset)
			}
		}
		if f == iscsi.TargetColdReset && s != by {
			s.End()
		}
	}
	w.End()
}
