package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

const (
	blocks    = 256 // that are written, of blockSize bytes each
	blockSize = 64 << 10
	batch     = 8 // writes before a flush
)

// disk is an attached volume and what its initiator may expect of it.
type disk struct {
	s            *harness.Service
	conn         harness.Connection
	sure         [blocks]byte   // pattern of the last acknowledged and flushed write; 0 is never written
	maybe        [blocks][]byte // patterns written since whose flush was never acknowledged
	acknowledged int
	next         byte
}

func newDisk(t *testing.T, s *harness.Service) *disk {
	t.Helper()
	c := s.Client(t)
	return &disk{s: s, conn: c.Attach(c.CreateVolume(harness.VolumeSpec{Name: "disk", SizeGiB: 1}).ID, harness.Initiator)}
}

// writeUntil writes batches and flushes each; a batch counts when the initiator
// has the answer to its flush.
func (d *disk) writeUntil(ctx context.Context) {
	for ctx.Err() == nil {
		var commands []string
		wrote := make(map[int]byte)
		for range batch {
			d.next = d.next%250 + 1
			b := rand.IntN(blocks)
			wrote[b] = d.next
			d.maybe[b] = append(d.maybe[b], d.next)
			commands = append(commands, fmt.Sprintf("write -P %d %d %d", d.next, b*blockSize, blockSize))
		}
		out, err := d.conn.QemuIO(ctx, append(commands, "flush")...)
		if err != nil || strings.Count(out, "wrote ") != batch {
			return // the service has gone
		}
		for b, p := range wrote {
			d.sure[b], d.maybe[b] = p, nil
		}
		d.acknowledged += batch
	}
}

// verify reads every block back: the flushed pattern, or one that was written
// later and not flushed.
func (d *disk) verify(t *testing.T) {
	t.Helper()
	for b := range blocks {
		candidates := append([]byte{d.sure[b]}, d.maybe[b]...)
		if len(candidates) > 1 {
			d.sure[b] = d.oneOf(t, b, candidates)
			d.maybe[b] = nil
		}
	}
	var commands []string
	for b := range blocks {
		commands = append(commands, fmt.Sprintf("read -P %d %d %d", d.sure[b], b*blockSize, blockSize))
	}
	out := d.conn.MustQemuIO(t, commands...)
	if strings.Contains(out, "verification failed") {
		t.Fatalf("an acknowledged and flushed write is lost:\n%s", out)
	}
}

// oneOf finds which of the candidates a block holds. A block that was being
// written may hold the old and the new pattern in turns of whole 4 KiB pages;
// it is written anew then.
func (d *disk) oneOf(t *testing.T, b int, candidates []byte) byte {
	t.Helper()
	const page = 4 << 10
	var found []byte
	for off := b * blockSize; off < (b+1)*blockSize; off += page {
		i := slices.IndexFunc(candidates, func(p byte) bool {
			out, err := d.conn.QemuIO(t.Context(), fmt.Sprintf("read -P %d %d %d", p, off, page))
			return err == nil && !strings.Contains(out, "verification failed")
		})
		if i < 0 {
			t.Fatalf("block %d holds none of the patterns that were written to it: %v", b, candidates)
		}
		found = append(found, candidates[i])
		if off == b*blockSize { // most blocks are whole: look at the rest in one go
			out, err := d.conn.QemuIO(t.Context(), fmt.Sprintf("read -P %d %d %d", found[0], b*blockSize, blockSize))
			if err == nil && !strings.Contains(out, "verification failed") {
				return found[0]
			}
		}
	}
	d.conn.MustQemuIO(t, fmt.Sprintf("write -P %d %d %d", found[0], b*blockSize, blockSize), "flush")
	return found[0]
}

func (d *disk) detach(t *testing.T) {
	t.Helper()
	d.s.Client(t).Detach(d.conn)
}

// exportsAreTheAttachments asks the target itself what it shows the initiator.
func exportsAreTheAttachments(t *testing.T, s *harness.Service) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "iscsi-ls", "-i", harness.Initiator, "iscsi://"+s.ISCSI).CombinedOutput()
	if err != nil {
		t.Fatalf("iscsi-ls: %v: %s", err, out)
	}
	shown := strings.Count(string(out), "Target:")
	if want := len(s.Client(t).ListAttachments()); shown != want {
		t.Errorf("the target shows %d exports, the API has %d attachments:\n%s", shown, want, out)
	}
}

// idsOf lists the ids of a collection, nothing when the service is away.
func idsOf(c *harness.Client, path, key string) []string {
	_, raw, err := c.Do("GET", path, nil)
	if err != nil {
		return nil
	}
	var out map[string]json.RawMessage
	var items []struct{ ID string }
	if json.Unmarshal(raw, &out) != nil || json.Unmarshal(out[key], &items) != nil {
		return nil
	}
	var ids []string
	for _, i := range items {
		ids = append(ids, i.ID)
	}
	return ids
}
