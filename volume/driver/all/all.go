// Package all is the registry: every driver, and the values of the
// volume_driver option that choose it.
package all

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/driver/file"
)

// Entry is one driver.
type Entry struct {
	Name    string   // short value of volume_driver
	Classes []string // the same in the form of the class names that cinder.conf has
	// Options makes the driver's option struct for the configuration layer to
	// fill by its conf, default and help tags.
	Options func() any
	// Open makes the driver from what Options made.
	Open func(options any) (driver.Driver, error)
}

// Drivers is every driver.
var Drivers = []Entry{
	{
		Name:    "file",
		Classes: []string{"clinker.volume.driver.file.Driver", "cinder.volume.drivers.clinker.FileDriver"},
		Options: func() any { return new(file.Options) },
		Open:    open(file.New),
	},
}

// Find is the driver that a value of volume_driver means.
func Find(volumeDriver string) (Entry, error) {
	var allowed []string
	for _, e := range Drivers {
		if e.Name == volumeDriver || slices.Contains(e.Classes, volumeDriver) {
			return e, nil
		}
		allowed = append(append(allowed, e.Name), e.Classes...)
	}
	return Entry{}, &driver.ConfigError{
		Option: "volume_driver", Value: volumeDriver,
		Allowed: "one of " + strings.Join(allowed, ", "),
	}
}

// open gives a factory of one option type the registry's shape.
func open[O any, D driver.Driver](f func(O) (D, error)) func(any) (driver.Driver, error) {
	return func(options any) (driver.Driver, error) {
		o, ok := options.(*O)
		if !ok || o == nil {
			return nil, fmt.Errorf("%w: options of type %T, not %T", driver.ErrInvalid, options, o)
		}
		d, err := f(*o)
		if err != nil {
			return nil, err
		}
		return d, nil
	}
}
