// Package openstack reaches the other services of a cloud: it logs in to
// Keystone as one of our own users, finds endpoints in the catalogue, and makes
// clients that ask as ourselves or on behalf of a user.
package openstack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// Login is what a section of cinder.conf says of a user of ours.
type Login struct {
	Section string // its name, for what is told to the operator
	AuthURL string

	Username, Password, ProjectName    string
	UserDomainName, UserDomainID       string
	ProjectDomainName, ProjectDomainID string

	// An application credential is a user and a project in one, and takes their place.
	ByCredential                   bool
	CredentialID, CredentialSecret string

	CAFile   string
	Insecure bool
	Timeout  time.Duration // of a request; 0 is half a minute
}

// Session is a login that is made when it is first needed, and again when its
// token has ended. It may be used by many at once.
type Session struct {
	login Login
	http  http.Client

	turn     chan struct{} // held while logging in, so that one does it and no other waits longer than it has time
	provider *gophercloud.ProviderClient
}

// NewSession checks the login; Keystone need not answer yet.
func NewSession(l Login) (*Session, error) {
	if missing := l.missing(); missing != nil {
		return nil, fmt.Errorf("section [%s] needs: %s", l.Section, strings.Join(missing, ", "))
	}
	if l.Timeout == 0 {
		l.Timeout = 30 * time.Second
	}
	if l.UserDomainName == "" && l.UserDomainID == "" {
		l.UserDomainID = "default"
	}
	if l.ProjectDomainName == "" && l.ProjectDomainID == "" {
		l.ProjectDomainID = "default"
	}
	transport, err := l.transport()
	if err != nil {
		return nil, err
	}
	return &Session{login: l, http: http.Client{Transport: passOn{transport}}, turn: make(chan struct{}, 1)}, nil
}

// missing are the options without which nobody can log in.
func (l *Login) missing() (names []string) {
	needs := [][2]string{{"auth_url", l.AuthURL}, {"username", l.Username}, {"password", l.Password}, {"project_name", l.ProjectName}}
	if l.ByCredential {
		needs = [][2]string{{"auth_url", l.AuthURL}, {"application_credential_id", l.CredentialID}, {"application_credential_secret", l.CredentialSecret}}
	}
	for _, o := range needs {
		if o[1] == "" {
			names = append(names, o[0])
		}
	}
	return names
}

// options are the login in gophercloud's words.
func (l *Login) options() *gophercloud.AuthOptions {
	if l.ByCredential {
		return &gophercloud.AuthOptions{IdentityEndpoint: l.AuthURL, ApplicationCredentialID: l.CredentialID,
			ApplicationCredentialSecret: l.CredentialSecret, AllowReauth: true}
	}
	return &gophercloud.AuthOptions{IdentityEndpoint: l.AuthURL, Username: l.Username, Password: l.Password,
		DomainName: l.UserDomainName, DomainID: l.UserDomainID, AllowReauth: true,
		Scope: &gophercloud.AuthScope{ProjectName: l.ProjectName, DomainName: l.ProjectDomainName, DomainID: l.ProjectDomainID}}
}

// transport waits no longer than the time limit for the head of an answer; what
// follows may be an image and is the business of the caller's context.
func (l *Login) transport() (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = l.Timeout
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: l.Insecure}
	if l.CAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(l.CAFile)
	if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(l.AuthURL, "http://") {
		return t, nil // DevStack, as others, names one before there is any TLS
	}
	if err != nil {
		return nil, fmt.Errorf("option cafile in [%s]: %w", l.Section, err)
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("option cafile in [%s]: %s holds no certificate", l.Section, l.CAFile)
	}
	return t, nil
}

// own returns the provider of our own user, logged in at least once.
func (s *Session) own(ctx context.Context) (*gophercloud.ProviderClient, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("log in to Keystone: %w", ctx.Err())
	}
	if s.provider != nil {
		return s.provider, nil
	}
	l := &s.login
	p, err := openstack.NewClient(l.AuthURL)
	if err != nil {
		return nil, fmt.Errorf("option auth_url in [%s]: %w", l.Section, err)
	}
	p.HTTPClient = s.http
	p.UseTokenLock()
	ctx, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	if err = openstack.AuthenticateV3(ctx, p, l.options(), gophercloud.EndpointOpts{}); err != nil {
		return nil, s.LoginError(err)
	}
	s.provider = p
	return p, nil
}

// LoginError says whose fault it is that a login failed.
func (s *Session) LoginError(err error) error {
	if gophercloud.ResponseCodeIs(err, http.StatusUnauthorized) {
		what := "username, password and domains"
		if s.login.ByCredential {
			what = "application_credential_id and application_credential_secret"
		}
		return fmt.Errorf("log in to Keystone: it refuses the service's own user: check %s in [%s]: %w", what, s.login.Section, err)
	}
	return fmt.Errorf("log in to Keystone: %w", err)
}

// renewBefore is how long a token of ours must still do when it is lent.
const renewBefore = time.Minute

// token returns our own token, renewed in time: who is shown a stale one as
// X-Service-Token can only refuse.
func (s *Session) token(ctx context.Context, own *gophercloud.ProviderClient) (string, error) {
	text := own.Token()
	result, ok := own.GetAuthResult().(tokens.CreateResult)
	if !ok {
		return text, nil
	}
	t, err := result.ExtractToken()
	if err != nil || time.Until(t.ExpiresAt) > renewBefore {
		return text, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.login.Timeout)
	defer cancel()
	if err := own.Reauthenticate(ctx, text); err != nil {
		return "", s.LoginError(err)
	}
	return own.Token(), nil
}

// Client asks as our own user; a token that has ended is renewed.
func (s *Session) Client(ctx context.Context, e Endpoint) (*gophercloud.ServiceClient, error) {
	own, err := s.own(ctx)
	if err != nil {
		return nil, err
	}
	url, err := e.find(own)
	if err != nil {
		return nil, err
	}
	return e.client(own, url), nil
}

// As asks on behalf of the user whose token it is. Our own token goes with it as
// X-Service-Token when asService is set, so that a service that trusts us heeds
// the user's token even if it has expired meanwhile.
func (s *Session) As(ctx context.Context, userToken string, asService bool, e Endpoint) (*gophercloud.ServiceClient, error) {
	own, err := s.own(ctx)
	if err != nil {
		return nil, err
	}
	url, err := e.find(own)
	if err != nil {
		return nil, err
	}
	c := e.client(&gophercloud.ProviderClient{HTTPClient: s.http, TokenID: userToken}, url)
	if asService {
		text, err := s.token(ctx, own)
		if err != nil {
			return nil, err
		}
		c.MoreHeaders = map[string]string{"X-Service-Token": text}
	}
	return c, nil
}
