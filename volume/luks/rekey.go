package luks

import (
	"crypto/rand"
	"errors"
	"fmt"
)

// ChangeKey makes another passphrase open the volume on d instead of one. It takes
// a moment whatever the size of the volume. Interrupted anywhere, one of the two
// opens it, and a second call does the rest.
func ChangeKey(d WritableDevice, from, to string) error {
	if from == to {
		return nil
	}
	h, err := readHeader(d, d.Size())
	if err != nil {
		return err
	}
	_, _, err = h.findKey(d, to)
	added := err == nil
	key, old, err := h.findKey(d, from)
	switch {
	case added && errors.Is(err, ErrPassphrase): // all is done
		return nil
	case err != nil:
		return err
	case added: // by a call that may have ended before it was durable
		err = d.Flush()
	default:
		err = h.add(d, to, key)
	}
	if err != nil {
		return err
	}
	return h.remove(d, old)
}

// add fills a free slot.
func (h *header) add(d WritableDevice, passphrase string, key []byte) error {
	for i := range h.Slots {
		if h.Slots[i].Active == slotActive {
			continue
		}
		was := h.Slots[i]
		material, err := h.tryFill(i, passphrase, key, d.Size())
		if err != nil {
			h.Slots[i] = was
			continue
		}
		return h.write(d, i, material)
	}
	return fmt.Errorf("%w: no key slot is free", ErrUnsupported)
}

// tryFill is fillSlot for a slot that was never checked, being inactive.
func (h *header) tryFill(i int, passphrase string, key []byte, size int64) ([]byte, error) {
	s := &h.Slots[i]
	s.Active, s.Iterations = slotActive, iterations
	if err := h.check(size); err != nil {
		return nil, err
	}
	return h.fillSlot(s, passphrase, key)
}

// remove makes the material of a slot unreadable, so that its passphrase opens
// nothing even with an older header, and then empties the slot. Interrupted
// between the two, it leaves a slot in use that nothing opens.
func (h *header) remove(d WritableDevice, i int) error {
	s := &h.Slots[i]
	wiped := make([]byte, h.material(s))
	_, _ = rand.Read(wiped) // never fails
	s.Active, s.Iterations, s.Salt = slotInactive, 0, [saltSize]byte{}
	return h.write(d, i, wiped)
}
