package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/gophercloud/gophercloud/v2"
)

// ErrNotAllowed is Keystone's refusal to tell a user of something.
var ErrNotAllowed = errors.New("Keystone does not tell the caller of that")

// HasProject asks Keystone, as the user whose token it is, for a project.
func (k *Keystone) HasProject(ctx context.Context, token, id string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Login.Timeout)
	defer cancel()
	c, err := k.client.clientOf(ctx, token)
	if err != nil {
		return false, err
	}
	resp, err := c.Get(ctx, c.ServiceURL("projects", url.PathEscape(id)), nil, &gophercloud.RequestOpts{KeepResponseBody: true, OkCodes: []int{http.StatusOK}})
	switch {
	case err == nil:
		_ = resp.Body.Close()
		return true, nil
	case gophercloud.ResponseCodeIs(err, http.StatusNotFound):
		return false, nil
	case gophercloud.ResponseCodeIs(err, http.StatusForbidden), gophercloud.ResponseCodeIs(err, http.StatusUnauthorized):
		return false, fmt.Errorf("%w: %w", ErrNotAllowed, err)
	}
	return false, fmt.Errorf("ask Keystone for a project: %w", err)
}
