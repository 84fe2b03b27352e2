package target

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/clinker-io/clinker/target/iscsi"
	"github.com/clinker-io/clinker/target/scsi"
)

// TargetConfig is what a target is made of.
type TargetConfig struct {
	Name string // iqn.… or eui.… or naa.…; compared in lower case
	LUNs []LUN
}

// LUN is a logical unit: a thin disk with blocks of 512 bytes, 4096 physically.
type LUN struct {
	Device   Device
	Number   uint64 // below 16384
	Vendor   string // up to 8 characters of ASCII
	Product  string // up to 16
	Revision string // up to 4
	Serial   string // up to 64; gives the unit its identity for ever
	ReadOnly bool
}

const (
	maxLUN    = 16383
	maxSerial = 64
)

// Target is an exported target. Its methods may be called at the same time.
type Target struct {
	server *Server
	name   string
	units  map[uint64]*scsi.Unit
	order  []uint64 // of units, ascending

	mu       sync.Mutex
	grants   map[string]*grant // by ID
	sessions map[*iscsi.Session]struct{}
	removed  bool
}

var errInvalidTarget = errors.New("invalid target")

// checkName accepts the names of RFC 7143, 4.2.7 as far as ASCII goes.
func checkName(s string) error {
	if !(strings.HasPrefix(s, "iqn.") || strings.HasPrefix(s, "eui.") || strings.HasPrefix(s, "naa.")) {
		return fmt.Errorf("%w: name %.230q", errInvalidTarget, s)
	}
	return checkNameText(s)
}

// checkNameText accepts what can be sent as a name. A grant needs no more: one
// for a name that is none lets nobody in, and a hypervisor without initiator
// (Nova's fake one) has such.
func checkNameText(s string) error {
	if s == "" || len(s) > 223 {
		return fmt.Errorf("%w: name %.230q", errInvalidTarget, s)
	}
	for _, r := range s {
		if r <= ' ' || r == ',' || r == '=' || r == 0x7f {
			return fmt.Errorf("%w: name %q has a character %q", errInvalidTarget, s, r)
		}
	}
	return nil
}

func newTarget(s *Server, cfg TargetConfig) (*Target, error) {
	t := &Target{server: s, name: strings.ToLower(cfg.Name), units: make(map[uint64]*scsi.Unit),
		grants: make(map[string]*grant), sessions: make(map[*iscsi.Session]struct{})}
	if err := checkName(t.name); err != nil {
		return nil, err
	}
	for _, l := range cfg.LUNs {
		switch {
		case l.Device == nil, l.Number > maxLUN, len(l.Serial) > maxSerial, t.units[l.Number] != nil:
			return nil, fmt.Errorf("%w: LUN %d needs a device, a number of its own below %d, a serial of up to %d bytes",
				errInvalidTarget, l.Number, maxLUN+1, maxSerial)
		case l.Device.Size() < scsi.BlockSize:
			return nil, fmt.Errorf("%w: the device of LUN %d has %d bytes", errInvalidTarget, l.Number, l.Device.Size())
		}
		t.units[l.Number] = &scsi.Unit{Device: l.Device, Number: l.Number, Vendor: l.Vendor, Product: l.Product,
			Revision: l.Revision, Serial: l.Serial, Target: t.name, ReadOnly: l.ReadOnly}
	}
	t.order = slices.Sorted(maps.Keys(t.units))
	return t, nil
}

// Name is the target's name in lower case.
func (t *Target) Name() string { return t.name }

// CapacityChanged tells all initiators that a device has grown, by a unit
// attention condition.
func (t *Target) CapacityChanged() {
	for _, s := range t.list(nil) {
		for _, n := range t.order {
			s.Raise(n, scsi.CapacityChanged)
		}
	}
}

// list gives the sessions that match; nil matches all.
func (t *Target) list(match func(*iscsi.Session) bool) []*iscsi.Session {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []*iscsi.Session
	for s := range t.sessions {
		if match == nil || match(s) {
			list = append(list, s)
		}
	}
	return list
}

// endAll ends sessions and waits until none of their tasks runs.
func endAll(list []*iscsi.Session) {
	for _, s := range list {
		s.End()
	}
	for _, s := range list {
		<-s.Done()
	}
}

// close ends all sessions for ever.
func (t *Target) close() {
	t.mu.Lock()
	t.removed = true
	t.mu.Unlock()
	endAll(t.list(nil))
}
