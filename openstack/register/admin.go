package register

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"

	peer "github.com/clinker-io/clinker/openstack"
)

// Admin is how an administrator logs in: what the openstack client reads of its
// options, the environment and clouds.yaml. Empty fields are not given.
type Admin struct {
	AuthURL, Username, UserID, Password, Token     string
	UserDomainID, UserDomainName                   string
	ProjectID, ProjectName                         string
	ProjectDomainID, ProjectDomainName             string
	SystemScope                                    string // "all"
	CredentialID, CredentialName, CredentialSecret string // application credential
	Region, CACert                                 string
	Insecure                                       bool
}

const requestLimit = 30 * time.Second

// options are what gophercloud logs in with.
func (a Admin) options() (gophercloud.AuthOptions, error) {
	o := gophercloud.AuthOptions{IdentityEndpoint: a.AuthURL, AllowReauth: true, Username: a.Username, UserID: a.UserID, Password: a.Password,
		TokenID: a.Token, ApplicationCredentialID: a.CredentialID, ApplicationCredentialName: a.CredentialName,
		ApplicationCredentialSecret: a.CredentialSecret}
	if a.AuthURL == "" {
		return o, errors.New("say who the administrator is: OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME and their like, or --os-cloud with a clouds.yaml")
	}
	if o.TokenID != "" {
		o.AllowReauth, o.Username, o.UserID, o.Password = false, "", "", ""
	}
	if o.Username != "" && o.UserID == "" {
		if o.DomainID, o.DomainName = a.UserDomainID, a.UserDomainName; o.DomainID == "" && o.DomainName == "" {
			o.DomainID = "default"
		}
	}
	if o.ApplicationCredentialSecret != "" {
		return o, nil // names its scope by itself
	}
	switch {
	case a.SystemScope != "":
		o.Scope = &gophercloud.AuthScope{System: true}
	case a.ProjectID != "":
		o.Scope = &gophercloud.AuthScope{ProjectID: a.ProjectID}
	case a.ProjectName != "":
		o.Scope = &gophercloud.AuthScope{ProjectName: a.ProjectName, DomainID: a.ProjectDomainID, DomainName: a.ProjectDomainName}
		if a.ProjectDomainID == "" && a.ProjectDomainName == "" {
			o.Scope.DomainID = "default"
		}
	}
	return o, nil
}

func (a Admin) httpClient() (http.Client, error) {
	c, err := peer.TLS{CAFile: a.CACert, Insecure: a.Insecure}.Client(0)
	if err != nil {
		return http.Client{}, err
	}
	c.Timeout = requestLimit
	return *c, nil
}

// logIn returns Keystone as the administrator sees it. It is asked where the
// login was: a catalogue may be what is to be put right.
func (a Admin) logIn(ctx context.Context) (*gophercloud.ServiceClient, error) {
	o, err := a.options()
	if err != nil {
		return nil, err
	}
	p, err := openstack.NewClient(a.AuthURL)
	if err != nil {
		return nil, fmt.Errorf("auth_url %q: %w", a.AuthURL, err)
	}
	if p.HTTPClient, err = a.httpClient(); err != nil {
		return nil, err
	}
	err = openstack.AuthenticateV3(ctx, p, &o, gophercloud.EndpointOpts{})
	if gophercloud.ResponseCodeIs(err, http.StatusUnauthorized) {
		return nil, fmt.Errorf("the administrator %[2]q is refused by Keystone at %[1]s: check the user, password, domains and project",
			a.AuthURL, a.Username+a.UserID)
	}
	if err != nil {
		return nil, fmt.Errorf("log in to Keystone at %s: %w", a.AuthURL, err)
	}
	at := strings.TrimSuffix(a.AuthURL, "/")
	if !strings.HasSuffix(at, "/v3") {
		at += "/v3"
	}
	return &gophercloud.ServiceClient{ProviderClient: p, Endpoint: at + "/", ResourceBase: at + "/", Type: "identity"}, nil
}
