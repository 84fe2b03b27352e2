package volume

import (
	"context"
	"fmt"
	"sync"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/volume/driver"
)

// exports are the volumes that the target serves now. Jobs of one volume run
// one after the other, so an export itself needs no lock.
type exports struct {
	mu       sync.Mutex
	byVolume map[string]*export // by the id that the volume bears in its backend
}

// export is one served volume: an open device under a target, and the grants
// by which attachments get in.
type export struct {
	device  *gatedDevice
	backing *target.Blocking
	target  *target.Target
	grants  map[string]bool // by the id of the attachment or connection
}

const ioWorkers = 16 // goroutines that wait for the disk, per exported volume

func (w *Worker) iqn(v *db.Volume) string { return w.TargetPrefix + "volume-" + v.BackendID() }

func (w *Worker) exported(id string) *export {
	w.exports.mu.Lock()
	defer w.exports.mu.Unlock()
	return w.exports.byVolume[id]
}

func (w *Worker) keep(id string, e *export) {
	w.exports.mu.Lock()
	defer w.exports.mu.Unlock()
	w.exports.byVolume[id] = e
}

// export serves the volume, if it is not served yet, and lets the grant in.
func (w *Worker) export(ctx context.Context, v db.Volume, g target.Grant) error {
	e := w.exported(v.BackendID())
	if e == nil {
		var err error
		if e, err = w.open(ctx, v, w.iqn(&v), driver.ReadWrite); err != nil {
			return err
		}
		w.keep(v.BackendID(), e)
	}
	if err := e.target.Grant(g); err != nil {
		return fmt.Errorf("grant %s: %w", g.ID, err)
	}
	e.grants[g.ID] = true
	return nil
}

// open makes a target of a volume.
func (w *Worker) open(ctx context.Context, v db.Volume, name string, m driver.Mode) (*export, error) {
	d, err := w.Driver.Open(ctx, driver.VolumeSource(w.volume(v)), m)
	if err != nil {
		return nil, fmt.Errorf("open volume: %w", err)
	}
	gated := newGatedDevice(d)
	e := &export{device: gated, backing: target.NewBlocking(gated, ioWorkers), grants: make(map[string]bool)}
	e.target, err = w.Target.AddTarget(target.TargetConfig{Name: name, LUNs: []target.LUN{{Device: e.backing, Serial: v.ID,
		ReadOnly: m == driver.ReadOnly, Vendor: "CLINKER", Product: "VOLUME", Revision: "0001"}}})
	if err != nil {
		_ = e.backing.Close()
		_ = d.Close()
		return nil, fmt.Errorf("export volume: %w", err)
	}
	return e, nil
}

// revoke ends what one attachment or connection may do; the last one ends the export.
func (w *Worker) revoke(ctx context.Context, volumeID, grant string) error {
	id, err := w.Store.BackendIDOf(ctx, volumeID)
	if err != nil {
		return err
	}
	e := w.exported(id)
	if e == nil {
		return nil
	}
	e.target.Revoke(grant)
	delete(e.grants, grant)
	if len(e.grants) > 0 {
		return nil
	}
	return w.unexport(id)
}

// unexport ends every session of the volume and closes its device. The export
// is forgotten last: after a failure the next attempt finds it and goes on.
func (w *Worker) unexport(id string) error {
	e := w.exported(id)
	if e == nil {
		return nil
	}
	if err := w.shut(id, e); err != nil {
		return err
	}
	w.exports.mu.Lock()
	defer w.exports.mu.Unlock()
	delete(w.exports.byVolume, id)
	return nil
}

// shut ends sessions and outstanding I/O, makes what was written durable and
// closes the device, in this order.
func (w *Worker) shut(id string, e *export) error {
	w.Target.RemoveTarget(e.target.Name())
	if err := e.backing.Close(); err != nil {
		return fmt.Errorf("end I/O of volume %s: %w", id, err)
	}
	// An initiator that did not flush has no promise, but a clean detach keeps its data all the same.
	if err := e.device.Flush(); err != nil {
		w.Log.Warn("flush at detach", "volume", id, "err", err)
	}
	if err := e.device.Close(); err != nil {
		return fmt.Errorf("close volume %s: %w", id, err)
	}
	return nil
}

func (w *Worker) closeExports() error {
	w.exports.mu.Lock()
	all := w.exports.byVolume
	w.exports.byVolume = make(map[string]*export)
	w.exports.mu.Unlock()
	for id, e := range all {
		if err := w.shut(id, e); err != nil {
			return err
		}
	}
	return nil
}

// capacityChanged tells the initiators of a volume, if there are any.
func (w *Worker) capacityChanged(v *db.Volume) {
	if e := w.exported(v.BackendID()); e != nil {
		e.target.CapacityChanged()
	}
}
