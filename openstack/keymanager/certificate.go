package keymanager

import (
	"context"
	"encoding/pem"
	"fmt"

	"github.com/google/uuid"
	"github.com/gophercloud/gophercloud/v2/openstack/keymanager/v1/secrets"
)

const maxCertificate = 64 << 10 // bytes of PEM

// Certificate reads a secret of type certificate, which Barbican has as PEM.
func (b *Barbican) Certificate(ctx context.Context, who Who, id string) ([]byte, error) {
	if uuid.Validate(id) != nil { // it would be a part of a URL
		return nil, fmt.Errorf("certificate %.40q: %w", id, ErrNotFound)
	}
	c, err := b.client(ctx, who)
	if err != nil {
		return nil, err
	}
	about, err := answer(ctx, func(ctx context.Context) (*secrets.Secret, error) { return secrets.Get(ctx, c, id).Extract() })
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", id, orNotFound(err))
	}
	if about.SecretType != string(secrets.CertificateSecret) {
		return nil, fmt.Errorf("secret %s is of type %q and no certificate", id, about.SecretType)
	}
	contentType := about.ContentTypes["default"]
	if contentType == "" {
		return nil, fmt.Errorf("certificate %s has no contents", id)
	}
	raw, err := payload(ctx, c, id, contentType, maxCertificate)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("secret %s holds no certificate in PEM", id)
	}
	return block.Bytes, nil
}
