package drivertest

import (
	"bytes"

	"github.com/clinker-io/clinker/volume/driver"
)

// twin is the simplest driver there can be: contents by name.
type twin map[string][]byte

func (w twin) create(v driver.Volume) error {
	data, ok := w[v.Name]
	if ok && int64(len(data)) != v.SizeBytes {
		return driver.ErrExists
	}
	if !ok {
		w[v.Name] = make([]byte, v.SizeBytes)
	}
	return nil
}

func (w twin) extend(name string, size int64) error {
	data, ok := w[name]
	switch {
	case !ok:
		return driver.ErrNotFound
	case size < int64(len(data)):
		return driver.ErrInvalid
	}
	w[name] = grown(data, size)
	return nil
}

func (w twin) snapshot(s driver.Snapshot) error {
	if _, ok := w[s.Name]; ok {
		return nil
	}
	data, ok := w[s.VolumeName]
	if !ok {
		return driver.ErrNotFound
	}
	w[s.Name] = bytes.Clone(data)
	return nil
}

func (w twin) clone(v driver.Volume, from string) error {
	if v.Name == from {
		return driver.ErrInvalid
	}
	if data, ok := w[v.Name]; ok {
		if int64(len(data)) != v.SizeBytes {
			return driver.ErrExists
		}
		return nil
	}
	data, ok := w[from]
	switch {
	case !ok:
		return driver.ErrNotFound
	case v.SizeBytes < int64(len(data)):
		return driver.ErrInvalid
	}
	w[v.Name] = grown(data, v.SizeBytes)
	return nil
}

func (w twin) revert(v driver.Volume, s driver.Snapshot) error {
	_, there := w[v.Name]
	data, taken := w[s.Name]
	switch {
	case !there || !taken:
		return driver.ErrNotFound
	case v.SizeBytes < int64(len(data)):
		return driver.ErrInvalid
	}
	w[v.Name] = grown(data, v.SizeBytes)
	return nil
}
