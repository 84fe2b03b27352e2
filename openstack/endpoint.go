package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// Endpoint says which entry of the catalogue is meant.
type Endpoint struct {
	Type      string // image, compute, key-manager, identity
	Name      string // of the service; empty: any
	Region    string // empty: any
	Interface string // public, internal or admin
	Version   string // the API's, as v2: the resources are below URL/v2/
	URL       string // if the operator gives it, the catalogue is not asked
	// HTTP is for a service that needs other certificates or limits than
	// Keystone; nil: the client of the login.
	HTTP *http.Client
}

// ErrNoEndpoint is a catalogue that lacks a service.
var ErrNoEndpoint = errors.New("the catalogue of Keystone has no such endpoint")

// find returns the URL; version discovery would cost a call and bring nothing.
func (e Endpoint) find(own *gophercloud.ProviderClient) (string, error) {
	if e.URL != "" {
		return e.URL, nil
	}
	result, ok := own.GetAuthResult().(tokens.CreateResult)
	if !ok {
		return "", fmt.Errorf("%w: nobody has logged in", ErrNoEndpoint)
	}
	catalog, err := result.ExtractServiceCatalog()
	if err != nil {
		return "", fmt.Errorf("catalogue of Keystone: %w", err)
	}
	for _, s := range catalog.Entries {
		if s.Type != e.Type || e.Name != "" && s.Name != e.Name {
			continue
		}
		for _, at := range s.Endpoints {
			if at.Interface == e.Interface && (e.Region == "" || at.Region == e.Region || at.RegionID == e.Region) {
				return at.URL, nil
			}
		}
	}
	return "", fmt.Errorf("%w: type %q, interface %q, region %q", ErrNoEndpoint, e.Type, e.Interface, e.Region)
}

var versionSuffix = regexp.MustCompile(`/v[0-9.]+/?$`)

func (e Endpoint) client(p *gophercloud.ProviderClient, url string) *gophercloud.ServiceClient {
	if e.HTTP != nil {
		p = withHTTP(p, *e.HTTP)
	}
	url = strings.TrimSuffix(url, "/")
	if e.Version != "" && e.URL == "" {
		url = versionSuffix.ReplaceAllString(url, "") + "/" + e.Version
	}
	c := &gophercloud.ServiceClient{ProviderClient: p, Endpoint: url + "/", Type: e.Type}
	c.ResourceBase = c.Endpoint
	return c
}

// withHTTP asks with p's token, renewed as p renews it, over another client.
func withHTTP(p *gophercloud.ProviderClient, h http.Client) *gophercloud.ProviderClient {
	out := &gophercloud.ProviderClient{HTTPClient: h, UserAgent: p.UserAgent}
	out.UseTokenLock()
	out.CopyTokenFrom(p)
	if p.ReauthFunc == nil {
		return out
	}
	out.ReauthFunc = func(ctx context.Context) error {
		if err := p.Reauthenticate(ctx, out.Token()); err != nil {
			return err
		}
		out.CopyTokenFrom(p)
		return nil
	}
	return out
}
