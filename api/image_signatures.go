package api

import (
	"errors"
	"fmt"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
	"github.com/clinker-io/clinker/openstack/glance/signature"
	"github.com/clinker-io/clinker/openstack/keymanager"
)

// signedImage fetches, as the user, the certificate of a signed image; nil for
// one that is not signed. Without it the job fails, and says why: that is where
// users look for what is wrong with an image.
func (a *API) signedImage(r *Request, i *glance.Image) *db.SignedImage {
	if !a.VerifySignatures {
		return nil
	}
	s, err := signature.Of(i.Properties)
	if s == nil || err != nil { // an incomplete one is the worker's to refuse
		return nil
	}
	out := &db.SignedImage{Signature: s.Value, CertificateID: s.CertificateID}
	out.Certificate, err = a.Keys.Certificate(r.Context(), r.who(), s.CertificateID)
	if err == nil {
		return out
	}
	a.Logger.WarnContext(r.Context(), "the certificate of a signed image cannot be had", "image", i.ID, "certificate", s.CertificateID,
		"request", r.ID(), "err", err)
	out.Missing = fmt.Sprintf("Unable to retrieve certificate with ID: %.64s", s.CertificateID)
	if errors.Is(err, keymanager.ErrNotFound) {
		out.Missing = fmt.Sprintf("Certificate not found with ID: %.64s", s.CertificateID)
	}
	return out
}
