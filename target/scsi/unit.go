package scsi

import "sync/atomic"

// Sizes that the logical unit reports.
const (
	BlockSize         = 512
	physicalBlockSize = 4096
	physicalExponent  = 3 // 2^3 logical blocks in a physical one
	blockShift        = 9
)

// MaxTransfer is the longest transfer of one command in bytes, which Block
// Limits reports: it bounds the buffer of a task.
const MaxTransfer = 8 << 20

// Limits of commands that move no data, reported in Block Limits.
const (
	maxWriteSame         = 0xffff  // blocks, what the 10 byte form can say
	maxUnmap             = 1 << 20 // blocks of one UNMAP command
	maxUnmapDescriptors  = 256
	maxCompareAndWrite   = 255 // blocks, as its CDB has it
	unmapGranularity     = physicalBlockSize / BlockSize
	writeSamePatternSize = 256 << 10 // bytes written at once
)

// Unit is a logical unit: a disk.
type Unit struct {
	Device   Device
	Number   uint64 // logical unit number, below 16384
	Vendor   string // at most 8 characters of ASCII
	Product  string // at most 16
	Revision string // at most 4
	Serial   string // at most 64; names the unit for ever
	Target   string // the SCSI device name, an iqn
	ReadOnly bool

	gate gate
}

// blocks is the present capacity; part of a block at the end is not served.
func (u *Unit) blocks() uint64 { return uint64(max(u.Device.Size(), 0)) >> blockShift }

// Nexus is what one I_T nexus has with one logical unit.
type Nexus struct {
	Unit     *Unit           // nil for a number that has none
	ReadOnly bool            // this initiator may not write
	Units    func() []uint64 // numbers of all units of the target, ascending, for REPORT LUNS

	attention atomic.Uint32
}

// Attention is a unit attention condition: something that the initiator must
// hear of before its next command.
type Attention uint32

// In the order in which they are reported (SAM-5, 5.14).
const (
	PowerOn Attention = 1 << iota
	Reset
	Cleared
	CapacityChanged
	attentions = iota
)

var attentionSense = [attentions]Sense{sensePowerOn, senseReset, senseCleared, senseCapacityChanged}

// Raise establishes unit attention conditions.
func (n *Nexus) Raise(a Attention) { n.attention.Or(uint32(a)) }

// takeAttention clears and returns the first condition that waits.
func (n *Nexus) takeAttention() (Sense, bool) {
	if n.attention.Load() == 0 {
		return Sense{}, false
	}
	for i := range attentions {
		bit := uint32(1) << i
		if n.attention.And(^bit)&bit != 0 {
			return attentionSense[i], true
		}
	}
	return Sense{}, false
}

func (n *Nexus) readOnly() bool { return n.ReadOnly || n.Unit.ReadOnly }
