package volume

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
	"github.com/clinker-io/clinker/openstack/glance/signature"
	"github.com/clinker-io/clinker/volume/driver"
)

// signatureVerified is the property of a volume's image that says what was checked.
const signatureVerified = "signature_verified"

// badSignature reports whether an error is about the signature of an image.
func badSignature(err error) bool {
	return errors.Is(err, signature.ErrIncomplete) || errors.Is(err, signature.ErrUnusable) || errors.Is(err, signature.ErrWrong)
}

// verifier checks the signature of an image, nil when it has none or nobody asks
// for it. asked is what the API, which has the user's token, knows of it.
func (w *Worker) verifier(i *glance.Image, asked *db.SignedImage) (*signature.Verifier, error) {
	if !w.Images.VerifySignatures {
		return nil, nil
	}
	v, err := verifierOf(i, asked)
	return v, imageFault("signature of image "+i.ID, err)
}

func verifierOf(i *glance.Image, asked *db.SignedImage) (*signature.Verifier, error) {
	s, err := signature.Of(i.Properties)
	switch {
	case err != nil:
		return nil, err
	case s == nil && asked == nil:
		return nil, nil
	case asked == nil:
		return nil, fmt.Errorf("%w: the image was not signed when it was asked for, or verify_glance_signatures is disabled at the API", signature.ErrUnusable)
	case s == nil, s.Value != asked.Signature, s.CertificateID != asked.CertificateID:
		return nil, fmt.Errorf("%w: it is not the one that the image had when it was asked for", signature.ErrUnusable)
	case asked.Missing != "":
		return nil, fmt.Errorf("%w: %s", signature.ErrUnusable, asked.Missing)
	}
	return s.Verifier(asked.Certificate)
}

// verifyCopy checks the signature of an image by the volume that is a copy of it.
func (w *Worker) verifyCopy(ctx context.Context, i *glance.Image, v db.Volume, check *signature.Verifier) (err error) {
	d, err := w.Driver.Open(ctx, driver.VolumeSource(w.volume(v)), driver.ReadOnly)
	if err != nil {
		return fmt.Errorf("open volume: %w", err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if i.Size > d.Size() {
		return imageFault("image "+i.ID, fmt.Errorf("%w: its volume is smaller than it", signature.ErrWrong))
	}
	_, err = io.Copy(io.Discard, check.Reader(io.NewSectionReader(stops{ctx, d}, 0, i.Size)))
	return imageFault("image "+i.ID, err)
}

// stops reads until the context ends.
type stops struct {
	ctx context.Context
	r   io.ReaderAt
}

// ReadAt fails once the context has ended.
func (s stops) ReadAt(b []byte, off int64) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.ReadAt(b, off)
}
