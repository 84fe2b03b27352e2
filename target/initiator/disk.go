// Package initiator reads a logical unit of an iSCSI target elsewhere: one
// session, one command at a time, checksums on the wire. It is what copies a
// volume from one node to another; it is no initiator for a running system.
package initiator

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/clinker-io/clinker/target/internal/initiator"
)

// Config says which unit to read, and as whom. LUN 0 is read.
type Config struct {
	Portals                  []string // HOST:PORT, tried in turn
	Target, Initiator        string   // iSCSI names
	User, Secret             string   // CHAP
	MutualUser, MutualSecret string   // what the target has to prove; optional
	Timeout                  time.Duration
}

const (
	defaultTimeout = 20 * time.Second // without a byte from the target
	maxRead        = 1 << 20          // bytes of one command
	maxAttentions  = 16               // unit attentions in a row
)

// Disk is an open unit. It is used by one goroutine at a time.
type Disk struct {
	s         *initiator.Session
	stop      func() bool // unbinds the session from the context
	size      int64
	blockSize int64
}

// Open logs in. The session ends with ctx; Close ends it before.
func Open(ctx context.Context, cfg Config) (*Disk, error) {
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	errs := []error{errors.New("no way to the target")}
	for _, portal := range cfg.Portals {
		d, err := open(ctx, portal, cfg)
		if err == nil {
			return d, nil
		}
		errs = append(errs, fmt.Errorf("portal %s: %w", portal, err))
	}
	return nil, errors.Join(errs...)
}

func open(ctx context.Context, portal string, cfg Config) (*Disk, error) {
	nc, err := (&net.Dialer{Timeout: cfg.Timeout}).DialContext(ctx, "tcp", portal)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
	d, err := login(nc, cfg)
	if err != nil {
		stop()
		_ = nc.Close()
		return nil, err
	}
	d.stop = stop
	return d, nil
}

func login(nc net.Conn, cfg Config) (*Disk, error) {
	s, err := initiator.Login(nc, initiator.Options{Initiator: cfg.Initiator, Target: cfg.Target, User: cfg.User, Secret: cfg.Secret,
		MutualUser: cfg.MutualUser, MutualSecret: cfg.MutualSecret, Timeout: cfg.Timeout,
		Keys: [][2]string{{"HeaderDigest", "CRC32C"}, {"DataDigest", "CRC32C"}, {"InitialR2T", "Yes"}, {"ImmediateData", "No"},
			{"MaxRecvDataSegmentLength", "262144"}, {"MaxBurstLength", "1048576"}, {"MaxOutstandingR2T", "1"}}})
	if err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	d := &Disk{s: s}
	return d, d.readCapacity()
}

// readCapacity is READ CAPACITY (16).
func (d *Disk) readCapacity() error {
	cdb := make([]byte, 16)
	cdb[0], cdb[1], cdb[13] = 0x9e, 0x10, 32
	data, err := d.do(cdb, 32)
	if err != nil {
		return fmt.Errorf("read capacity: %w", err)
	}
	if len(data) < 12 {
		return fmt.Errorf("read capacity: %d bytes came", len(data))
	}
	last, block := binary.BigEndian.Uint64(data), int64(binary.BigEndian.Uint32(data[8:]))
	if block < 512 || block > maxRead || block&(block-1) != 0 || last >= 1<<62/uint64(block) {
		return fmt.Errorf("read capacity: %d blocks of %d bytes", last+1, block)
	}
	d.size, d.blockSize = int64(last+1)*block, block
	return nil
}

// do sends a command that reads, again while the unit reports attentions.
func (d *Disk) do(cdb []byte, in int) ([]byte, error) {
	const (
		checkCondition = 2
		unitAttention  = 6
	)
	for range maxAttentions {
		r, err := d.s.Do(initiator.Command{CDB: cdb, In: in})
		switch {
		case err != nil:
			return nil, err
		case r.Status == 0:
			return r.Data, nil
		case r.Status != checkCondition || r.Key()>>16 != unitAttention:
			return nil, fmt.Errorf("status %d, sense %06x", r.Status, r.Key())
		}
	}
	return nil, errors.New("unit attentions do not end")
}

// Size is the capacity in bytes when the disk was opened.
func (d *Disk) Size() int64 { return d.size }

// ReadAt reads whole blocks. What passes the end is io.EOF.
func (d *Disk) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 || off%d.blockSize != 0 || int64(len(p))%d.blockSize != 0 {
		return 0, fmt.Errorf("read of %d bytes at %d: not whole blocks of %d", len(p), off, d.blockSize)
	}
	for n < len(p) {
		m := min(int64(len(p)-n), maxRead, d.size-off)
		if m <= 0 {
			return n, io.EOF
		}
		if err := d.read(p[n:n+int(m)], off); err != nil {
			return n, fmt.Errorf("read at %d: %w", off, err)
		}
		n, off = n+int(m), off+m
	}
	return n, nil
}

// read is READ (16).
func (d *Disk) read(p []byte, off int64) error {
	cdb := make([]byte, 16)
	cdb[0] = 0x88
	binary.BigEndian.PutUint64(cdb[2:], uint64(off/d.blockSize))
	binary.BigEndian.PutUint32(cdb[10:], uint32(int64(len(p))/d.blockSize))
	data, err := d.do(cdb, len(p))
	if err != nil {
		return err
	}
	if len(data) != len(p) {
		return io.ErrUnexpectedEOF
	}
	copy(p, data)
	return nil
}

// Extent is GET LBA STATUS: whether the n bytes from off on, a block's start,
// are a hole, which reads as zeroes.
func (d *Disk) Extent(off int64) (n int64, hole bool, err error) {
	const length, atBlocks, atStatus, deallocated = 24, 16, 20, 1 // a header and one descriptor (SBC-3, 5.8.3)
	cdb := make([]byte, 16)
	cdb[0], cdb[1], cdb[13] = 0x9e, 0x12, length
	binary.BigEndian.PutUint64(cdb[2:], uint64(off/d.blockSize))
	data, err := d.do(cdb, length)
	if err != nil {
		return 0, false, fmt.Errorf("extent at %d: %w", off, err)
	}
	if len(data) < length || binary.BigEndian.Uint64(data[8:]) != uint64(off/d.blockSize) {
		return 0, false, fmt.Errorf("extent at %d: %d bytes that tell of another place", off, len(data))
	}
	n = int64(binary.BigEndian.Uint32(data[atBlocks:])) * d.blockSize
	return min(n, d.size-off), data[atStatus]&0x0f == deallocated, nil
}

// Close logs out and ends the session.
func (d *Disk) Close() error {
	d.stop()
	err := d.s.Logout()
	d.s.Close()
	return err
}
