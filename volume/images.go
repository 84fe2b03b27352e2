package volume

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
	"github.com/clinker-io/clinker/openstack/glance/signature"
	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/image"
)

// Images is how a worker deals with the image service.
type Images struct {
	Glance    *glance.Client // nil: there is none
	Converter *image.Converter

	VerifySignatures bool // verify_glance_signatures
	CloneLocations   bool // allowed_direct_url_schemes has cinder

	CacheEnabled       bool // image_volume_cache_enabled
	CacheMaxGiB        int
	CacheMaxCount      int
	InternalProject    string // who owns the cache
	InternalUser       string
	UploadAsVolume     bool // image_upload_use_cinder_backend
	UploadIntoInternal bool // image_upload_use_internal_tenant
}

// imageAttempts is how often a job is tried while Glance cannot be reached: an
// outage of about a minute leaves no trace.
const imageAttempts = 15

// errImage is around everything that goes wrong between image and volume, and
// makes the user's message.
type errImage struct {
	detail db.Detail
	err    error
}

func (e *errImage) Error() string { return e.err.Error() }
func (e *errImage) Unwrap() error { return e.err }

// imageFault gives an error its detail.
func imageFault(doing string, err error) error {
	if err == nil {
		return nil
	}
	var tooBig *image.TooBig
	var notAllowed *image.NotAllowed
	detail := db.DetailUnknown
	switch {
	case errors.As(err, &tooBig), errors.Is(err, image.ErrNoRoom), errors.Is(err, driver.ErrNoSpace):
		detail = db.DetailImageTooBig
	case errors.As(err, &notAllowed):
		detail = db.DetailImageFormat
	case badSignature(err):
		detail = db.DetailSignature
	}
	return &errImage{detail: detail, err: fmt.Errorf("%s: %w", doing, err)}
}

// passing reports whether an error of an image, or of its key, may be gone a moment later.
func passing(err error) bool { return errors.Is(err, glance.ErrUnavailable) || errors.Is(err, errKeys) }

// hopeless reports whether another attempt at an image could not end otherwise.
func hopeless(err error) bool {
	var unsafe *image.Unsafe
	var tooBig *image.TooBig
	var notAllowed *image.NotAllowed
	switch {
	case errors.As(err, &unsafe), errors.As(err, &tooBig), errors.As(err, &notAllowed), badSignature(err):
		return true
	}
	for _, e := range []error{image.ErrNoRoom, image.ErrChecksum, image.ErrConverter, errNoGlance, glance.ErrAbsent,
		glance.ErrNotFound, glance.ErrUnauthorized, glance.ErrOverLimit, glance.ErrConflict, glance.ErrRefused, errKept} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

var errNoGlance = errors.New("no image service is configured")

// image shows an image to us, who may see every one.
func (w *Worker) image(ctx context.Context, id string) (glance.Image, error) {
	if w.Images.Glance == nil {
		return glance.Image{}, imageFault("ask for image "+id, errNoGlance)
	}
	i, err := w.Images.Glance.Show(ctx, nil, id)
	return i, imageFault("ask for image "+id, err)
}

// writeImage writes an image over a whole volume: whatever was there, and
// whatever an earlier attempt left of it, is not there afterwards. check is nil
// when nobody asks for the image's signature.
func (w *Worker) writeImage(ctx context.Context, j *db.Job, i *glance.Image, row db.Volume, v driver.Volume, check *signature.Verifier) (err error) {
	if err := w.mayUse(i); err != nil {
		return imageFault("image "+i.ID, err)
	}
	key, err := j.KeyOfImage()
	if err != nil {
		return err
	}
	opened, err := w.Driver.Open(ctx, driver.VolumeSource(v), driver.ReadWrite)
	if err != nil {
		return fmt.Errorf("open volume: %w", err)
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	dst := opened
	if row.EncryptionKeyID != nil && (key.Key != nil || !i.Encrypted()) { // never a plain image in clear
		if dst, err = w.underLUKS(ctx, key.Key, row, dst); err != nil {
			return imageFault("encrypt image "+i.ID, err)
		}
	}
	body, err := w.Images.Glance.Download(ctx, nil, i.ID)
	if err != nil {
		return imageFault("download image "+i.ID, err)
	}
	defer func() { _ = body.Close() }()
	data, err := checked(body, i)
	if err != nil {
		return imageFault("image "+i.ID, err)
	}
	if check != nil {
		data = check.Reader(data)
	}
	switch {
	case i.ContainerFormat == "compressed":
		err = w.unpack(ctx, data, i, dst)
	case image.Streams(i.DiskFormat):
		_, err = w.Images.Converter.Raw(ctx, data, i.Size, i.DiskFormat, upTo(dst, i.Size), nil)
	default:
		err = w.convert(ctx, data, i, dst)
	}
	return imageFault("write image "+i.ID, err)
}

// mayUse checks what the record says.
func (w *Worker) mayUse(i *glance.Image) error {
	if i.Status != "active" {
		return &image.Unsafe{Reason: fmt.Sprintf("its status is %q", i.Status)}
	}
	return w.Images.Converter.Allowed(i.DiskFormat, false)
}

// checked ends in an error when the data is not what the record says. As
// Glance's own client does, the stronger of the two checksums decides.
func checked(r io.Reader, i *glance.Image) (io.Reader, error) {
	if i.HashAlgo != "" && i.HashValue != "" {
		return image.Checked(r, i.HashAlgo, i.HashValue)
	}
	if i.Checksum != "" {
		return image.Checked(r, "md5", i.Checksum)
	}
	return r, nil
}

// convert writes an image that must be whole before it can be decoded.
func (w *Worker) convert(ctx context.Context, data io.Reader, i *glance.Image, dst driver.Device) error {
	f, info, err := w.Images.Converter.Download(ctx, data, i.Size, i.DiskFormat)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it has no name
	return w.Images.Converter.ToRaw(ctx, f, info, upTo(dst, info.VirtualSize), nil)
}

// unpack writes a compressed image.
func (w *Worker) unpack(ctx context.Context, data io.Reader, i *glance.Image, dst driver.Device) error {
	f, n, err := w.Images.Converter.Unpack(ctx, data, dst.Size())
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()                     // it has no name
	if _, err := io.Copy(io.Discard, data); err != nil { // the checksum is at its end
		return err
	}
	if image.Streams(i.DiskFormat) {
		_, err = w.Images.Converter.Raw(ctx, io.NewSectionReader(f, 0, n), n, i.DiskFormat, upTo(dst, n), nil)
		return err
	}
	return w.decode(ctx, f, n, i, dst)
}

// decode writes what the n bytes of an image in f hold.
func (w *Worker) decode(ctx context.Context, f *os.File, n int64, i *glance.Image, dst driver.Device) error {
	info, err := w.Images.Converter.Inspect(f, n, i.DiskFormat)
	if err != nil {
		return err
	}
	return w.Images.Converter.ToRaw(ctx, f, info, upTo(dst, info.VirtualSize), nil)
}

// imageMetadata is what a volume keeps of its image.
func (w *Worker) imageMetadata(i *glance.Image, verified bool) db.Metadata {
	m := make(db.Metadata, len(i.Properties)+10)
	for k, v := range i.Properties {
		m[k] = v
	}
	delete(m, signatureVerified) // the image cannot say so itself
	if w.Images.VerifySignatures {
		m[signatureVerified] = "False"
		if verified {
			m[signatureVerified] = "True"
		}
	}
	for k, v := range map[string]string{"image_id": i.ID, "image_name": i.Name, "checksum": i.Checksum,
		"container_format": i.ContainerFormat, "disk_format": i.DiskFormat} {
		if v != "" {
			m[k] = v
		}
	}
	for k, n := range map[string]int64{"min_disk": i.MinDisk, "min_ram": i.MinRAM, "size": i.Size} {
		m[k] = strconv.FormatInt(n, 10)
	}
	return m
}
