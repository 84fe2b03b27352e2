package volume

import "github.com/clinker-io/clinker/target"

// Backing is what the target serves of an exported volume.
func (w *Worker) Backing(volumeID string) *target.Blocking { return w.exported(volumeID).backing }
