package glance

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Image is what Glance tells of an image.
type Image struct {
	ID, Name, Status, Visibility, Owner string
	DiskFormat, ContainerFormat         string
	Checksum                            string // MD5 of the data, in hexadecimal
	HashAlgo, HashValue                 string // a stronger one, as sha512
	Size, VirtualSize                   int64  // bytes; 0 when not known
	MinDisk, MinRAM                     int64  // GiB and MiB
	Protected                           bool
	UpdatedAt                           time.Time
	Locations                           []string          // URLs of the data, where Glance shows them
	Properties                          map[string]string // what is not Glance's own
}

// EncryptionKey is the property that names the key of an image whose data is
// that of an encrypted volume.
const EncryptionKey = "cinder_encryption_key_id"

// Encrypted reports whether the data of an image is that of an encrypted volume.
func (i *Image) Encrypted() bool {
	_, ok := i.Properties[EncryptionKey]
	return ok
}

// core are the attributes of every image; what else a record holds are properties.
var core = []string{"id", "name", "status", "visibility", "protected", "os_hidden", "checksum", "os_hash_algo", "os_hash_value", "owner",
	"size", "virtual_size", "container_format", "disk_format", "created_at", "updated_at", "tags", "direct_url", "min_ram", "min_disk",
	"self", "file", "schema", "locations"}

// maxRecord bounds the record of one image, and a page of records.
const maxRecord = 8 << 20

// UnmarshalJSON reads Glance's record.
func (i *Image) UnmarshalJSON(raw []byte) error {
	var r struct {
		ID              string    `json:"id"`
		Name            string    `json:"name"`
		Status          string    `json:"status"`
		Visibility      string    `json:"visibility"`
		Owner           string    `json:"owner"`
		DiskFormat      string    `json:"disk_format"`
		ContainerFormat string    `json:"container_format"`
		Checksum        string    `json:"checksum"`
		HashAlgo        string    `json:"os_hash_algo"`
		HashValue       string    `json:"os_hash_value"`
		Size            int64     `json:"size"`
		VirtualSize     int64     `json:"virtual_size"`
		MinDisk         int64     `json:"min_disk"`
		MinRAM          int64     `json:"min_ram"`
		Protected       bool      `json:"protected"`
		UpdatedAt       time.Time `json:"updated_at"`
		DirectURL       string    `json:"direct_url"`
		Locations       []struct {
			URL string `json:"url"`
		} `json:"locations"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	if r.ID == "" {
		return fmt.Errorf("it has no id")
	}
	*i = Image{ID: r.ID, Name: r.Name, Status: r.Status, Visibility: r.Visibility, Owner: r.Owner, DiskFormat: r.DiskFormat,
		ContainerFormat: r.ContainerFormat, Checksum: r.Checksum, HashAlgo: r.HashAlgo, HashValue: r.HashValue,
		Size: r.Size, VirtualSize: r.VirtualSize, MinDisk: r.MinDisk, MinRAM: r.MinRAM, Protected: r.Protected, UpdatedAt: r.UpdatedAt}
	for _, l := range r.Locations {
		i.Locations = append(i.Locations, l.URL)
	}
	if r.DirectURL != "" && !slices.Contains(i.Locations, r.DirectURL) {
		i.Locations = append(i.Locations, r.DirectURL)
	}
	return i.readProperties(raw)
}

func (i *Image) readProperties(raw []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	i.Properties = make(map[string]string)
	for k, v := range all {
		var text string
		switch {
		case slices.Contains(core, k) || string(v) == "null":
			continue
		case json.Unmarshal(v, &text) != nil:
			text = string(v)
		}
		i.Properties[k] = text
	}
	return nil
}
