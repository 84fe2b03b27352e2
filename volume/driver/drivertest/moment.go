package drivertest

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/clinker-io/clinker/volume/driver"
)

const (
	momentBlock   = 4 * kib
	momentWriters = 4
	momentBlocks  = 4 * mib / momentBlock // of each writer
	momentSize    = momentWriters * momentBlocks * momentBlock
)

// writer changes its own blocks, which lie between those of the others. Change
// number seq hits a block, and in a way, that follow from seq alone, so the
// state after any number of changes can be computed.
type writer struct {
	id     int64
	issued atomic.Int64 // changes that were begun
	acked  atomic.Int64 // changes that have returned
}

func (w *writer) block(seq int64) int64 {
	return int64(uint64(seq*momentWriters+w.id)*0x9E3779B97F4A7C15>>32) % momentBlocks
}

// content of the block that change seq leaves; nil is zeroes.
func (w *writer) content(seq int64) []byte {
	if seq == 0 || seq%7 == 0 {
		return nil
	}
	word := binary.BigEndian.AppendUint64(nil, uint64(w.id+1)<<56|uint64(seq))
	return bytes.Repeat(word, momentBlock/8)
}

func (w *writer) offset(block int64) int64 { return (block*momentWriters + w.id) * momentBlock }

// run changes blocks until ctx ends; every change is told to ticks if someone
// listens.
func (w *writer) run(ctx context.Context, dev driver.Device, ticks chan<- struct{}) error {
	for seq := int64(1); ctx.Err() == nil; seq++ {
		w.issued.Store(seq)
		if err := w.apply(dev, seq); err != nil {
			return err
		}
		w.acked.Store(seq)
		select {
		case ticks <- struct{}{}:
		default:
		}
	}
	return nil
}

func (w *writer) apply(dev driver.Device, seq int64) error {
	off := w.offset(w.block(seq))
	if p := w.content(seq); p != nil {
		_, err := dev.WriteAt(p, off)
		return err
	}
	if z, ok := dev.(driver.ZeroWriter); ok && seq%2 == 0 {
		return z.WriteZeroes(off, momentBlock)
	}
	return dev.Discard(off, momentBlock)
}

// prefix finds how many changes of w are in data: a number between from and to
// for which exactly these and no later ones are. ok is false if there is none.
func (w *writer) prefix(data []byte, from, to int64) (seq int64, ok bool) {
	last := make([]int64, momentBlocks) // the change that each block shows
	for i := int64(1); i <= from; i++ {
		last[w.block(i)] = i
	}
	wrong := 0
	matches := func(block int64) bool {
		want := w.content(last[block])
		if want == nil {
			want = make([]byte, momentBlock)
		}
		off := w.offset(block)
		return bytes.Equal(data[off:off+momentBlock], want)
	}
	for b := range int64(momentBlocks) {
		if !matches(b) {
			wrong++
		}
	}
	for seq = from; wrong > 0 && seq < to; {
		seq++
		b := w.block(seq)
		was := matches(b)
		last[b] = seq
		switch is := matches(b); {
		case was && !is:
			wrong++
		case !was && is:
			wrong--
		}
	}
	return seq, wrong == 0
}

// testMoment takes snapshots and clones of a volume under writers, several at
// once too, and checks that each is a prefix of what every writer did: nothing
// missing that was acknowledged before, nothing of later without all of before.
func testMoment(e *env) {
	v := e.create(momentSize)
	dev := e.device(v)
	ctx, stop := context.WithCancel(e.ctx)
	defer stop()
	ticks := make(chan struct{})
	writers := make([]*writer, momentWriters)
	var running sync.WaitGroup
	for i := range writers {
		w := &writer{id: int64(i)}
		writers[i] = w
		running.Go(func() {
			if err := w.run(ctx, dev, ticks); err != nil {
				e.Error(err)
				stop()
			}
		})
	}
	// At every step of a copy each writer gets on, so that copy and writes overlap.
	stepped := driver.WithSteps(e.ctx, func(string) { waitForAll(ctx, writers, ticks) })
	s, c := newSnapshot(v), newVolume(momentSize+mib)
	takeMoment(stepped, e, writers, driver.SnapshotSource(s), func(ctx context.Context) error { return e.d.Snapshot(ctx, s) })
	takeMoment(stepped, e, writers, driver.VolumeSource(c), func(ctx context.Context) error { return e.d.Clone(ctx, c, driver.VolumeSource(v)) })
	var both sync.WaitGroup
	for range 2 {
		s := newSnapshot(v)
		both.Go(func() {
			takeMoment(stepped, e, writers, driver.SnapshotSource(s), func(ctx context.Context) error { return e.d.Snapshot(ctx, s) })
		})
	}
	both.Wait()
	stop()
	running.Wait()
	data := e.read(driver.VolumeSource(v))
	for _, w := range writers {
		if _, ok := w.prefix(data, w.acked.Load(), w.acked.Load()); !ok {
			e.Errorf("the volume itself lacks changes of writer %d", w.id)
		}
	}
}

// waitForAll returns when each writer has made ten more changes.
func waitForAll(ctx context.Context, writers []*writer, ticks <-chan struct{}) {
	for _, w := range writers {
		for goal := w.acked.Load() + 10; w.acked.Load() < goal; {
			select {
			case <-ticks:
			case <-ctx.Done():
				return
			}
		}
	}
}

// takeMoment runs in goroutines too and so must not end the test. Of a driver
// that says when the moment has passed, no later change may be there.
func takeMoment(ctx context.Context, e *env, writers []*writer, made driver.Source, take func(context.Context) error) {
	before, after := make([]int64, len(writers)), make([]int64, len(writers))
	passed := make([]int64, len(writers))
	told := sync.OnceFunc(func() {
		for i, w := range writers {
			passed[i] = w.issued.Load()
		}
	})
	for i, w := range writers {
		before[i] = w.acked.Load()
	}
	if err := take(driver.WithMoment(ctx, told)); err != nil {
		e.Error(err)
		return
	}
	told() // now, by a driver that cannot tell
	for i, w := range writers {
		after[i] = w.issued.Load()
	}
	data, err := contents(e.ctx, e.d, made)
	if err != nil {
		e.Error(err)
		return
	}
	for i, w := range writers {
		seq, ok := w.prefix(data, before[i], passed[i])
		if !ok {
			e.Errorf("writer %d: no prefix of its changes %d to %d is in it", i, before[i], passed[i])
		} else if after[i] == before[i] {
			e.Errorf("writer %d stood still, the test shows nothing", i)
		}
		e.Logf("writer %d: %d of changes %d to %d", i, seq, before[i], passed[i])
	}
}
