package keymanager

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"time"

	"github.com/google/uuid"
	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/keymanager/v1/orders"
	"github.com/gophercloud/gophercloud/v2/openstack/keymanager/v1/secrets"

	"github.com/clinker-io/clinker/openstack"
)

// Barbican keeps the keys in OpenStack's key manager, as Castellan does.
type Barbican struct {
	Session  *openstack.Session
	Endpoint openstack.Endpoint
	// AsService sends our own token along with the user's.
	AsService bool
	// Retries and Delay are how often and how long an order is waited for.
	Retries int
	Delay   time.Duration
}

const (
	octets   = "application/octet-stream"
	maxBytes = 4 << 10          // of a key; real ones have at most 64
	limit    = 30 * time.Second // of one call
)

func (b *Barbican) client(ctx context.Context, who Who) (*gophercloud.ServiceClient, error) {
	if who == Service {
		return b.Session.Client(ctx, b.Endpoint)
	}
	return b.Session.As(ctx, who.token, b.AsService, b.Endpoint)
}

// bounded adds the time limit of one call.
func bounded[T any](ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return call(ctx)
}

// answer is bounded for an answer with a body, which garbage like null is not.
func answer[T any](ctx context.Context, call func(context.Context) (*T, error)) (*T, error) {
	out, err := bounded(ctx, call)
	if err == nil && out == nil {
		err = errors.New("the key manager answers nothing")
	}
	return out, err
}

// order asks for a key; gophercloud's own names a mode and a length always.
type order map[string]any

// ToOrderCreateMap is the body of the request.
func (o order) ToOrderCreateMap() (map[string]any, error) {
	return map[string]any{"type": "key", "meta": o}, nil
}

// Create orders a key and waits until it is made.
func (b *Barbican) Create(ctx context.Context, who Who, algorithm string, bits *int32) (string, error) {
	c, err := b.client(ctx, who)
	if err != nil {
		return "", err
	}
	name := newName()
	meta := order{"name": name, "algorithm": algorithm, "payload_content_type": octets}
	if bits != nil {
		meta["bit_length"] = *bits
	}
	id, err := b.order(ctx, c, meta)
	if err != nil {
		b.forget(ctx, c, name)
	}
	return id, err
}

func (b *Barbican) order(ctx context.Context, c *gophercloud.ServiceClient, meta order) (string, error) {
	o, err := answer(ctx, func(ctx context.Context) (*orders.Order, error) { return orders.Create(ctx, c, meta).Extract() })
	if err != nil {
		return "", fmt.Errorf("order a key: %w", err)
	}
	return b.await(ctx, c, path.Base(o.OrderRef))
}

// newName is unique, so that a key is found whose id never arrived.
func newName() string { return "clinker-" + uuid.NewString() }

// forget deletes what may have been made though the answer says otherwise, or
// did not come. While the key manager does not answer at all, that stays.
func (b *Barbican) forget(ctx context.Context, c *gophercloud.ServiceClient, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	page, err := secrets.List(c, secrets.ListOpts{Name: name}).AllPages(ctx)
	if err != nil {
		return
	}
	made, err := secrets.ExtractSecrets(page)
	if err != nil {
		return
	}
	for _, s := range made {
		if id, err := idOf(s.SecretRef); err == nil && s.Name == name {
			_ = secrets.Delete(ctx, c, id).ExtractErr() // more cannot be done
		}
	}
}

// await asks for the order until its key is there.
func (b *Barbican) await(ctx context.Context, c *gophercloud.ServiceClient, id string) (string, error) {
	for try := 0; ; try++ {
		o, err := answer(ctx, func(ctx context.Context) (*orders.Order, error) { return orders.Get(ctx, c, id).Extract() })
		switch {
		case err != nil:
			return "", fmt.Errorf("order %s: %w", id, err)
		case o.Status == "ACTIVE":
			return idOf(o.SecretRef)
		case o.Status == "ERROR":
			return "", fmt.Errorf("order %s failed: %s %s", id, o.ErrorStatusCode, o.ErrorReason)
		case try >= b.Retries:
			return "", fmt.Errorf("order %s is still %q", id, o.Status)
		}
		select {
		case <-time.After(b.Delay):
		case <-ctx.Done():
			return "", fmt.Errorf("order %s is still %q: %w", id, o.Status, ctx.Err())
		}
	}
}

// idOf is the end of the URL of a secret.
func idOf(ref string) (string, error) {
	id, err := uuid.Parse(path.Base(ref))
	if err != nil {
		return "", fmt.Errorf("the key manager answers no id but %q", ref)
	}
	return id.String(), nil
}

// key is what a secret holds; nothing prints it.
type key struct {
	about   secrets.Secret
	payload []byte
}

// Copy stores the same key again.
func (b *Barbican) Copy(ctx context.Context, from, to Who, id string) (string, error) {
	k, err := b.read(ctx, from, id)
	if err != nil {
		return "", err
	}
	c, err := b.client(ctx, to)
	if err != nil {
		return "", err
	}
	name := newName()
	newID, err := b.store(ctx, c, name, k)
	if err != nil {
		b.forget(ctx, c, name)
		return "", fmt.Errorf("store a copy of key %s: %w", id, err)
	}
	return newID, nil
}

func (b *Barbican) store(ctx context.Context, c *gophercloud.ServiceClient, name string, k key) (string, error) {
	s, err := answer(ctx, func(ctx context.Context) (*secrets.Secret, error) {
		return secrets.Create(ctx, c, secrets.CreateOpts{Name: name, SecretType: secrets.SymmetricSecret, Algorithm: k.about.Algorithm, BitLength: k.about.BitLength,
			Payload: base64.StdEncoding.EncodeToString(k.payload), PayloadContentType: octets, PayloadContentEncoding: "base64"}).Extract()
	})
	if err != nil {
		return "", err
	}
	return idOf(s.SecretRef)
}

func (b *Barbican) read(ctx context.Context, who Who, id string) (k key, err error) {
	c, err := b.client(ctx, who)
	if err != nil {
		return k, err
	}
	about, err := answer(ctx, func(ctx context.Context) (*secrets.Secret, error) { return secrets.Get(ctx, c, id).Extract() })
	if err != nil {
		return k, fmt.Errorf("read key %s: %w", id, orNotFound(err))
	}
	k.about = *about
	k.payload, err = payload(ctx, c, id, octets, maxBytes)
	return k, err
}

// payload is what a secret holds, up to most bytes.
func payload(ctx context.Context, c *gophercloud.ServiceClient, id, contentType string, most int64) ([]byte, error) {
	raw, err := bounded(ctx, func(ctx context.Context) ([]byte, error) {
		r := secrets.GetPayload(ctx, c, id, secrets.GetPayloadOpts{PayloadContentType: contentType})
		if r.Err != nil {
			return nil, r.Err
		}
		defer func() { _ = r.Body.Close() }()
		return io.ReadAll(io.LimitReader(r.Body, most+1))
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read secret %s: %w", id, orNotFound(err))
	case len(raw) == 0 || int64(len(raw)) > most:
		return nil, fmt.Errorf("secret %s has %d bytes, which can be none", id, len(raw))
	}
	return raw, nil
}

// Read returns the payload of a secret.
func (b *Barbican) Read(ctx context.Context, who Who, id string) ([]byte, error) {
	k, err := b.read(ctx, who, id)
	return k.payload, err
}

// Delete ends a secret. What the user may not delete, our own user tries to.
func (b *Barbican) Delete(ctx context.Context, who Who, id string) error {
	err := b.delete(ctx, who, id)
	if err == nil || errors.Is(err, ErrNotFound) || who == Service {
		return err
	}
	again := b.delete(ctx, Service, id)
	if again == nil || errors.Is(again, ErrNotFound) {
		return again
	}
	return errors.Join(err, again)
}

func (b *Barbican) delete(ctx context.Context, who Who, id string) error {
	c, err := b.client(ctx, who)
	if err != nil {
		return err
	}
	_, err = bounded(ctx, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, secrets.Delete(ctx, c, id).ExtractErr()
	})
	if err != nil {
		return fmt.Errorf("delete key %s: %w", id, orNotFound(err))
	}
	return nil
}

func orNotFound(err error) error {
	if gophercloud.ResponseCodeIs(err, http.StatusNotFound) {
		return ErrNotFound
	}
	return err
}
