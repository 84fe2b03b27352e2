package auth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
)

// maxAnswer bounds what is read of Keystone's answer.
const maxAnswer = 1 << 20

// keystoneClient speaks to Keystone as the service's own user. It logs in when
// it is first needed, and again when its own token has ended.
type keystoneClient struct {
	cfg  *KeystoneConfig
	http http.Client

	mu      sync.Mutex // held while logging in, so that one does it
	service *gophercloud.ServiceClient
}

func newKeystoneClient(c *KeystoneConfig) (*keystoneClient, error) {
	var missing []string
	for _, o := range [][2]string{{"auth_url", c.AuthURL}, {"username", c.Username}, {"password", c.Password}, {"project_name", c.ProjectName}} {
		if o[1] == "" {
			missing = append(missing, o[0])
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("auth_strategy = keystone needs in section [keystone_authtoken]: %s", strings.Join(missing, ", "))
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.Insecure}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("option cafile in [keystone_authtoken]: %w", err)
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("option cafile in [keystone_authtoken]: %s holds no certificate", c.CAFile)
		}
	}
	return &keystoneClient{cfg: c, http: http.Client{Transport: transport, Timeout: c.Timeout}}, nil
}

// login returns the client, logged in at least once.
func (k *keystoneClient) login(ctx context.Context) (*gophercloud.ServiceClient, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.service != nil {
		return k.service, nil
	}
	provider, err := openstack.NewClient(k.cfg.AuthURL)
	if err != nil {
		return nil, fmt.Errorf("option auth_url in [keystone_authtoken]: %w", err)
	}
	provider.HTTPClient = k.http
	provider.UseTokenLock()
	c := k.cfg
	err = openstack.AuthenticateV3(ctx, provider, &gophercloud.AuthOptions{IdentityEndpoint: c.AuthURL, Username: c.Username, Password: c.Password,
		DomainName: c.UserDomainName, DomainID: c.UserDomainID, AllowReauth: true,
		Scope: &gophercloud.AuthScope{ProjectName: c.ProjectName, DomainName: c.ProjectDomainName, DomainID: c.ProjectDomainID}}, gophercloud.EndpointOpts{})
	if err != nil {
		return nil, loginError(err)
	}
	service, err := openstack.NewIdentityV3(provider, gophercloud.EndpointOpts{Region: c.Region, Availability: gophercloud.Availability(c.Interface)})
	if err != nil { // the catalogue need not list Keystone itself
		service, err = openstack.NewIdentityV3(provider, gophercloud.EndpointOpts{})
	}
	if err != nil {
		return nil, fmt.Errorf("find Keystone's endpoint: %w", err)
	}
	k.service = service
	return service, nil
}

// loginError says whose fault it is.
func loginError(err error) error {
	if gophercloud.ResponseCodeIs(err, http.StatusUnauthorized) {
		return fmt.Errorf("Keystone refuses the service's own user: check username, password and domains in [keystone_authtoken]: %w", err)
	}
	return fmt.Errorf("log in to Keystone: %w", err)
}

// validate asks for a token; errInvalid is Keystone's word that there is none.
func (k *keystoneClient) validate(ctx context.Context, text string, expiredToo bool) (*token, error) {
	service, err := k.login(ctx)
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
		return nil, validateError(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("answer of Keystone: %w", err)
	}
	return parseToken(raw)
}

func validateError(err error) error {
	var reauth *gophercloud.ErrUnableToReauthenticate
	var after *gophercloud.ErrErrorAfterReauthentication
	switch {
	case errors.As(err, &reauth):
		return loginError(reauth.ErrReauth)
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
