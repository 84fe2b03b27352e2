package register

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/clinker-io/clinker/openstack"
)

// Plan is what is to be there afterwards.
type Plan struct {
	// User is the service's own: its name, password, project and domains.
	User openstack.Login
	// ResetPassword gives a user that exists with another password this one.
	ResetPassword bool
	// Region of the endpoints.
	Region string
	// PublicURL, InternalURL and AdminURL are the API's, up to /v3.
	PublicURL, InternalURL, AdminURL string
}

// grants are the roles that the user gets in its project: as an administrator it asks other
// services for what users may not, and the other marks its token as a service's.
var grants = []string{"admin", "service"}

// kinds are the entries of the catalogue: the one that clients have looked for
// since Cinder's API v3, and the official name of its type.
var kinds = []struct {
	kind, name string
	project    bool // the URL has the project in it
}{{"volumev3", "cinderv3", true}, {"block-storage", "cinder", false}}

// Apply makes what is missing, as the administrator, and writes a line to out
// for everything that it made, changed or found. A second run changes nothing.
func Apply(ctx context.Context, a Admin, p Plan, out io.Writer) error {
	if err := p.check(); err != nil {
		return err
	}
	c, err := a.logIn(ctx)
	if err != nil {
		return err
	}
	r := &registrar{keystone: c, out: out}
	project, user, err := r.user(ctx, &p)
	if err != nil {
		return forbidden(err)
	}
	if err := r.grants(ctx, user, project); err != nil {
		return forbidden(err)
	}
	if err := r.password(ctx, &p, user); err != nil {
		return forbidden(err)
	}
	for _, k := range kinds {
		service, err := r.service(ctx, k.kind, k.name)
		if err != nil {
			return forbidden(err)
		}
		for _, e := range []struct {
			face gophercloud.Availability
			base string
		}{{gophercloud.AvailabilityPublic, p.PublicURL}, {gophercloud.AvailabilityInternal, p.InternalURL}, {gophercloud.AvailabilityAdmin, p.AdminURL}} {
			if err := r.endpoint(ctx, k.kind, service, e.face, p.Region, endpointURL(e.base, k.project)); err != nil {
				return forbidden(err)
			}
		}
	}
	return nil
}

func forbidden(err error) error {
	if gophercloud.ResponseCodeIs(err, 403) {
		return fmt.Errorf("the administrator's role does not do: it takes admin on a project or on the system: %w", err)
	}
	return err
}

func (p *Plan) check() error {
	u := p.User
	for _, o := range [][2]string{{"username", u.Username}, {"password", u.Password}, {"project_name", u.ProjectName}} {
		if o[1] == "" {
			return fmt.Errorf("option %s in [%s] is missing: it names the service's own user", o[0], u.Section)
		}
	}
	if p.InternalURL == "" {
		p.InternalURL = p.PublicURL
	}
	if p.AdminURL == "" {
		p.AdminURL = p.InternalURL
	}
	for _, text := range []string{p.PublicURL, p.InternalURL, p.AdminURL} {
		u, err := url.Parse(strings.ReplaceAll(text, "%(", "("))
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%q is no URL of the API, such as http://controller:8776/v3", text)
		}
	}
	if p.Region == "" {
		return errors.New("say which region the endpoints are for")
	}
	return nil
}

// endpointURL is the URL of the API in the form that a type's clients know.
func endpointURL(base string, project bool) string {
	base = strings.TrimSuffix(base, "/")
	for _, suffix := range []string{"/%(project_id)s", "/$(project_id)s", "/%(tenant_id)s", "/$(tenant_id)s"} {
		base = strings.TrimSuffix(base, suffix)
	}
	if project {
		return base + "/%(project_id)s"
	}
	return base
}
