package volume

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/db/bus"
	"github.com/clinker-io/clinker/db/job"
	"github.com/clinker-io/clinker/openstack"
	"github.com/clinker-io/clinker/openstack/keymanager"
	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/volume/driver"
)

// Config of a worker.
type Config struct {
	Host             string // host@backend
	Cluster          string // name@backend of the cluster that it is a member of; "": of none
	AvailabilityZone string
	Store            *db.Store
	Bus              bus.Bus
	Driver           driver.Driver
	Target           *target.Server // serves the exports; shared by the workers of a process
	Portals          []string       // addresses that connectors are told, first one first
	TargetPrefix     string         // iqn.2010-10.org.openstack:
	VolumeName       string         // volume_name_template, as volume-%s
	SnapshotName     string         // snapshot_name_template
	BackendName      string         // volume_backend_name
	Reserved         int            // reserved_percentage
	OverSubscription string         // max_over_subscription_ratio: a number or auto
	ReportDiscard    bool           // report_discard_supported
	Extra            map[string]any // further capabilities to report
	ReportInterval   time.Duration
	MaxAttempts      int // of one job, before it fails for good
	RescheduleUpTo   int // pools that a create may try (scheduler_max_attempts)
	// HoldLimit bounds how long the writes to the volumes of a group wait for
	// their snapshots. 0 is 10 seconds, well below what initiators take for a dead target.
	HoldLimit time.Duration
	Images    Images
	Compute   Compute // nil: there is no compute service
	Keys      keymanager.Manager
	Log       *slog.Logger
}

// Worker runs one backend. Prepare it, then open the target's listeners, then
// Run it: so an initiator that comes back after a restart finds its export.
type Worker struct {
	Config
	service db.Service
	owner   string
	exports exports
	release func() // gives up the lock that says this is the only worker of Host
}

const (
	jobSlots = 32              // jobs at once
	jobPoll  = 2 * time.Second // how late a job is found whose wake-up was lost
	jobGrace = 20 * time.Second
)

// New makes a worker; nothing happens before Prepare.
func New(c Config) *Worker {
	if c.MaxAttempts == 0 {
		c.MaxAttempts = 3
	}
	if c.ReportInterval == 0 {
		c.ReportInterval = 10 * time.Second
	}
	if c.HoldLimit == 0 {
		c.HoldLimit = 10 * time.Second
	}
	if c.Keys == nil {
		c.Keys = keymanager.None{}
	}
	c.Log = c.Log.With("backend", c.Host)
	w := &Worker{Config: c, owner: db.Owner(c.Host)}
	w.exports.byVolume = make(map[string]*export)
	return w
}

// Prepare checks the backend, removes what a crash left half-made, takes over
// the jobs of a dead predecessor and exports every attached volume again.
func (w *Worker) Prepare(ctx context.Context) error {
	if err := w.Driver.Check(ctx); err != nil {
		return fmt.Errorf("backend %s: %w", w.Host, err)
	}
	only, release, err := w.Store.HoldHost(ctx, w.Host)
	if err != nil {
		return err
	}
	w.release = release
	if w.service, err = w.Store.RegisterService(ctx, w.Host, db.BinaryVolume, w.AvailabilityZone); err != nil {
		return err
	}
	if err := w.Store.JoinCluster(ctx, w.service.ID, db.BinaryVolume, w.Cluster); err != nil {
		return err
	}
	if only {
		if err := w.sweep(ctx); err != nil {
			return err
		}
	}
	if err := w.reexport(ctx); err != nil {
		return err
	}
	if only {
		if err := w.Store.TakeOver(ctx, w.Host, w.owner); err != nil {
			return err
		}
	}
	return w.report(ctx)
}

// Run serves jobs until ctx ends.
func (w *Worker) Run(ctx context.Context) error {
	reporting := make(chan struct{})
	go func() {
		defer close(reporting)
		w.reportEvery(ctx)
	}()
	loop := job.Loop{Store: w.Store, Bus: w.Bus, Queue: db.VolumeQueue(w.Host), Owner: w.owner, Handle: w.handle,
		Log: w.Log, Slots: jobSlots, Poll: jobPoll, Grace: jobGrace}
	err := loop.Run(ctx)
	<-reporting
	return err
}

// Close ends the exports and lets go of the backend. The target's listeners
// must be closed before, so that no initiator is refused.
func (w *Worker) Close() error {
	err := w.closeExports()
	if w.release != nil {
		w.release()
	}
	return errors.Join(err, w.Driver.Close())
}

// handle does one job. It returns an error only when the job could not be
// ended in the database.
func (w *Worker) handle(ctx context.Context, j *db.Job) error {
	started := time.Now()
	log := w.Log.With(j.LogIDs()...).With("kind", j.Kind, "volume", j.VolumeID)
	ctx = openstack.WithRequestID(ctx, j.Actor().PassOn())
	err := w.do(ctx, j)
	switch {
	case err == nil:
		log.Info("done", "took", time.Since(started))
		w.afterwards(ctx, j)
		return nil
	case errors.Is(err, errLater):
		return nil
	case ctx.Err() != nil || errors.Is(err, db.ErrLeaseLost):
		return err
	case int(j.Attempts) < w.MaxAttempts && !final(err), passing(err) && j.Attempts < imageAttempts:
		return err
	}
	log.Error("failed for good", "attempt", j.Attempts, "err", err)
	err = w.giveUp(ctx, j, err)
	w.afterwards(ctx, j)
	return err
}

// do dispatches; each operation ends the job itself when it succeeds.
func (w *Worker) do(ctx context.Context, j *db.Job) error {
	switch j.Kind {
	case db.JobVolumeCreate:
		return w.createVolume(ctx, j)
	case db.JobVolumeDelete:
		return w.deleteVolume(ctx, j)
	case db.JobVolumeExtend:
		return w.extendVolume(ctx, j)
	case db.JobVolumeRetype, db.JobVolumeMigrate:
		return w.move(ctx, j)
	case db.JobVolumeDiscard:
		return w.discard(ctx, j)
	case db.JobVolumeUpload:
		return w.uploadVolume(ctx, j)
	case db.JobVolumeReimage:
		return w.reimage(ctx, j)
	case db.JobComputeTell:
		return w.tell(ctx, j)
	case db.JobSnapshotCreate:
		return w.createSnapshot(ctx, j)
	case db.JobSnapshotDelete:
		return w.deleteSnapshot(ctx, j)
	case db.JobVolumeManage:
		return w.manageVolume(ctx, j)
	case db.JobVolumeUnmanage:
		return w.unmanageVolume(ctx, j)
	case db.JobVolumeRevert:
		return w.revertVolume(ctx, j)
	case db.JobSnapshotManage:
		return w.manageSnapshot(ctx, j)
	case db.JobSnapshotUnmanage:
		return w.unmanageSnapshot(ctx, j)
	case db.JobListManageable:
		return w.listManageable(ctx, j)
	case db.JobConnect:
		return w.connect(ctx, j)
	case db.JobDisconnect:
		return w.disconnect(ctx, j)
	case db.JobInitialize:
		return w.initialize(ctx, j)
	case db.JobTerminate:
		return w.terminate(ctx, j)
	case db.JobGroupClone:
		return w.cloneGroup(ctx, j)
	case db.JobGroupDelete:
		return w.deleteGroup(ctx, j)
	case db.JobGroupSnapshotCreate:
		return w.createGroupSnapshot(ctx, j)
	case db.JobGroupSnapshotDelete:
		return w.deleteGroupSnapshot(ctx, j)
	}
	return fmt.Errorf("%w: unknown job kind %q", driver.ErrInvalid, j.Kind)
}

// final reports whether another attempt could not end otherwise.
func final(err error) bool {
	return errors.Is(err, driver.ErrNoSpace) || errors.Is(err, driver.ErrInvalid) || errors.Is(err, driver.ErrNotFound) ||
		errors.Is(err, driver.ErrExists) || errors.Is(err, db.ErrMoveCalledOff) || db.IsKind(err, db.OverLimit) || hopeless(err)
}

// giveUp undoes what a failed operation may have left and ends the job.
func (w *Worker) giveUp(ctx context.Context, j *db.Job, cause error) error {
	switch j.Kind {
	case db.JobVolumeCreate:
		return w.giveUpCreate(ctx, j, cause)
	case db.JobVolumeUpload:
		return w.giveUpUpload(ctx, j, cause)
	case db.JobInitialize:
		w.takeBack(ctx, j.VolumeID, j.ID)
	case db.JobVolumeManage, db.JobSnapshotManage:
		return w.giveUpManage(ctx, j, cause)
	case db.JobGroupClone:
		w.dropCopies(ctx, j)
	case db.JobGroupSnapshotCreate:
		w.dropMembers(ctx, j)
	case db.JobConnect:
		w.takeBack(ctx, j.VolumeID, *j.AttachmentID)
	case db.JobVolumeDiscard:
		return w.giveUpDiscard(ctx, j, cause)
	case db.JobVolumeMigrate, db.JobVolumeRetype:
		if leftToCompute(j) {
			return w.Store.Retry(ctx, j, maxSwapPoll)
		}
	case db.JobComputeTell:
		return w.Store.NotTold(ctx, j, userReason(cause))
	}
	return w.Store.Failed(ctx, j, userReason(cause))
}

// takeBack ends an export that nobody was told of.
func (w *Worker) takeBack(ctx context.Context, volumeID, grant string) {
	if err := w.revoke(ctx, volumeID, grant); err != nil {
		w.Log.Warn("cannot take back an export that failed", "volume", volumeID, "err", err)
	}
}

// userReason is the part of an error that a user may see.
func userReason(err error) string {
	switch {
	case errors.Is(err, driver.ErrNoSpace):
		return "The backend is full."
	case errors.Is(err, driver.ErrInUse):
		return "The volume is busy."
	case errors.Is(err, driver.ErrNotFound):
		return "The backend does not have the volume."
	}
	return "The backend failed."
}

// volume and snapshot name a row for the driver.
func (w *Worker) volume(v db.Volume) driver.Volume {
	return driver.Volume{ID: v.BackendID(), Name: fmt.Sprintf(w.VolumeName, v.BackendID()), SizeBytes: bytesOf(v.Size), Pool: db.PoolOf(deref(v.Host))}
}

func (w *Worker) snapshot(s db.Snapshot, v db.Volume) driver.Snapshot {
	return driver.Snapshot{ID: s.ID, Name: fmt.Sprintf(w.SnapshotName, s.ID), VolumeID: v.BackendID(),
		VolumeName: fmt.Sprintf(w.VolumeName, v.BackendID()), SizeBytes: bytesOf(s.VolumeSize), Pool: db.PoolOf(deref(v.Host))}
}

func bytesOf(gib int32) int64 { return int64(gib) << 30 }

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
