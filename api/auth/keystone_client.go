package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/clinker-io/clinker/openstack"
)

// maxAnswer bounds what is read of Keystone's answer.
const maxAnswer = 1 << 20

// keystoneClient speaks to Keystone as the service's own user.
type keystoneClient struct {
	session  *openstack.Session
	endpoint openstack.Endpoint
	authURL  string // with its version
	retries  int
}

func newKeystoneClient(c *KeystoneConfig) (*keystoneClient, error) {
	session, err := openstack.NewSession(c.Login)
	if err != nil {
		return nil, fmt.Errorf("auth_strategy = keystone: %w", err)
	}
	return &keystoneClient{session, openstack.Endpoint{Type: "identity", Region: c.Region, Interface: c.Interface, Version: "v3"},
		strings.TrimSuffix(strings.TrimRight(c.Login.AuthURL, "/"), "/v3") + "/v3", c.MaxRetries}, nil
}

// retryAfter is how long the first new try waits; each later one twice as long.
const retryAfter = 100 * time.Millisecond

// persist tries again when there was no answer at all: a Keystone that is
// restarted is away for a moment.
func (k *keystoneClient) persist(ctx context.Context, try func() error) error {
	wait := retryAfter
	for n := 0; ; n++ {
		err := try()
		var lost *net.OpError
		if err == nil || n >= k.retries || !errors.As(err, &lost) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
			wait *= 2
		}
	}
}

// client is one of Keystone's endpoint; the catalogue need not list that.
func (k *keystoneClient) client(ctx context.Context) (*gophercloud.ServiceClient, error) {
	service, err := k.session.Client(ctx, k.endpoint)
	if errors.Is(err, openstack.ErrNoEndpoint) {
		service, err = k.session.Client(ctx, openstack.Endpoint{Type: "identity", URL: k.authURL})
	}
	return service, err
}

// clientOf is client on behalf of the user whose token it is.
func (k *keystoneClient) clientOf(ctx context.Context, token string) (*gophercloud.ServiceClient, error) {
	c, err := k.session.As(ctx, token, false, k.endpoint)
	if errors.Is(err, openstack.ErrNoEndpoint) {
		c, err = k.session.As(ctx, token, false, openstack.Endpoint{Type: "identity", URL: k.authURL})
	}
	return c, err
}

// validate asks for a token; errInvalid is Keystone's word that there is none.
func (k *keystoneClient) validate(ctx context.Context, text string, expiredToo bool) (t *token, err error) {
	err = k.persist(ctx, func() error {
		t, err = k.ask(ctx, text, expiredToo)
		return err
	})
	return t, err
}

func (k *keystoneClient) ask(ctx context.Context, text string, expiredToo bool) (*token, error) {
	service, err := k.client(ctx)
	if err != nil {
		return nil, err
	}
	url := service.ServiceURL("auth", "tokens") + "?nocatalog"
	if expiredToo {
		url += "&allow_expired=1"
	}
	resp, err := service.Get(ctx, url, nil, &gophercloud.RequestOpts{KeepResponseBody: true, OkCodes: []int{http.StatusOK},
		MoreHeaders: map[string]string{"X-Subject-Token": text, "OpenStack-Identity-Access-Rules": "1.0"}})
	if err != nil {
		return nil, validateError(k.session, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("answer of Keystone: %w", err)
	}
	return parseToken(raw)
}

func validateError(session *openstack.Session, err error) error {
	var reauth *gophercloud.ErrUnableToReauthenticate
	var after *gophercloud.ErrErrorAfterReauthentication
	switch {
	case errors.As(err, &reauth):
		return session.LoginError(reauth.ErrReauth)
	case errors.As(err, &after):
		err = after.ErrOriginal
	}
	switch {
	case gophercloud.ResponseCodeIs(err, http.StatusNotFound):
		return errInvalid
	case gophercloud.ResponseCodeIs(err, http.StatusForbidden):
		return fmt.Errorf("the service's own user may not validate tokens; give it the role service or admin: %w", err)
	}
	return fmt.Errorf("validate a token: %w", err)
}
