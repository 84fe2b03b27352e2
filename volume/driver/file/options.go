package file

import (
	"path/filepath"
	"strings"

	"github.com/clinker-io/clinker/volume/driver"
)

// Options configures the driver. The tags are what the configuration layer
// reads: the option's name in the backend's section, its default, its help.
type Options struct {
	PoolPath             string `conf:"file_pool_path" default:"$state_path/volumes" help:"Folder that holds the volumes of this backend as sparse files. One service at a time uses it."`
	BackendName          string `conf:"volume_backend_name" default:"file" help:"Name of the backend, and of its one pool; volume types choose by it."`
	VolumeNameTemplate   string `conf:"volume_name_template" default:"volume-%s" help:"Name of a volume's file; %s becomes the volume's UUID."`
	SnapshotNameTemplate string `conf:"snapshot_name_template" default:"snapshot-%s" help:"Name of a snapshot's file; %s becomes the snapshot's UUID."`
}

// withDefaults fills what is empty, PoolPath excepted: a folder is never guessed.
func (o Options) withDefaults() Options {
	if o.BackendName == "" {
		o.BackendName = "file"
	}
	if o.VolumeNameTemplate == "" {
		o.VolumeNameTemplate = "volume-%s"
	}
	if o.SnapshotNameTemplate == "" {
		o.SnapshotNameTemplate = "snapshot-%s"
	}
	return o
}

func (o Options) validate() error {
	if !filepath.IsAbs(o.PoolPath) || strings.ContainsRune(o.PoolPath, 0) {
		return &driver.ConfigError{Option: "file_pool_path", Value: o.PoolPath, Allowed: "an absolute path"}
	}
	if strings.ContainsAny(o.BackendName, "#@") {
		return &driver.ConfigError{Option: "volume_backend_name", Value: o.BackendName, Allowed: "a name without # and @"}
	}
	if !validTemplate(o.VolumeNameTemplate) {
		return &driver.ConfigError{Option: "volume_name_template", Value: o.VolumeNameTemplate, Allowed: templateRule}
	}
	if !validTemplate(o.SnapshotNameTemplate) {
		return &driver.ConfigError{Option: "snapshot_name_template", Value: o.SnapshotNameTemplate, Allowed: templateRule}
	}
	if o.SnapshotNameTemplate == o.VolumeNameTemplate {
		return &driver.ConfigError{Option: "snapshot_name_template", Value: o.SnapshotNameTemplate, Allowed: "other than volume_name_template"}
	}
	return nil
}
