package register

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/domains"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/endpoints"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/projects"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/roles"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/services"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/users"
	"github.com/gophercloud/gophercloud/v2/pagination"

	"github.com/clinker-io/clinker/openstack"
)

// registrar asks Keystone as an administrator.
type registrar struct {
	keystone *gophercloud.ServiceClient
	out      io.Writer
}

func (r *registrar) say(what, format string, args ...any) {
	_, _ = fmt.Fprintf(r.out, "%-8s %s\n", what, fmt.Sprintf(format, args...))
}

const (
	there   = "there"
	made    = "created"
	changed = "changed"
)

// list reads every page of a list.
func list[T any](ctx context.Context, what string, p pagination.Pager, extract func(pagination.Page) ([]T, error)) ([]T, error) {
	pages, err := p.AllPages(ctx)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", what, err)
	}
	all, err := extract(pages)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", what, err)
	}
	return all, nil
}

// domain is the id of a domain that is named by id or name.
func (r *registrar) domain(ctx context.Context, id, name string) (string, error) {
	switch {
	case id != "":
		return id, nil
	case name == "":
		return "default", nil
	}
	all, err := list(ctx, "domains", domains.List(r.keystone, domains.ListOpts{Name: name}), domains.ExtractDomains)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", fmt.Errorf("no domain %q in Keystone", name)
	}
	return all[0].ID, nil
}

// user finds or makes the service's user and its project.
func (r *registrar) user(ctx context.Context, p *Plan) (project, user string, err error) {
	domain, err := r.domain(ctx, p.User.ProjectDomainID, p.User.ProjectDomainName)
	if err != nil {
		return "", "", err
	}
	if project, err = r.project(ctx, p.User.ProjectName, domain); err != nil {
		return "", "", err
	}
	if domain, err = r.domain(ctx, p.User.UserDomainID, p.User.UserDomainName); err != nil {
		return "", "", err
	}
	name := p.User.Username
	all, err := list(ctx, "users", users.List(r.keystone, users.ListOpts{Name: name, DomainID: domain}), users.ExtractUsers)
	if err != nil {
		return "", "", err
	}
	if len(all) > 0 {
		r.say(there, "user %s (%s)", name, all[0].ID)
		return project, all[0].ID, nil
	}
	u, err := users.Create(ctx, r.keystone, users.CreateOpts{Name: name, DomainID: domain, Password: p.User.Password}).Extract()
	if err != nil {
		return "", "", fmt.Errorf("create user %s: %w", name, err)
	}
	r.say(made, "user %s (%s)", name, u.ID)
	return project, u.ID, nil
}

func (r *registrar) project(ctx context.Context, name, domain string) (string, error) {
	all, err := list(ctx, "projects", projects.List(r.keystone, projects.ListOpts{Name: name, DomainID: domain}), projects.ExtractProjects)
	if err != nil {
		return "", err
	}
	if len(all) > 0 {
		r.say(there, "project %s (%s)", name, all[0].ID)
		return all[0].ID, nil
	}
	p, err := projects.Create(ctx, r.keystone, projects.CreateOpts{Name: name, DomainID: domain, Description: "Users of the cloud's services"}).Extract()
	if err != nil {
		return "", fmt.Errorf("create project %s: %w", name, err)
	}
	r.say(made, "project %s (%s)", name, p.ID)
	return p.ID, nil
}

// grants gives the user its roles.
func (r *registrar) grants(ctx context.Context, user, project string) error {
	for _, name := range grants {
		role, err := r.role(ctx, name)
		if err != nil {
			return err
		}
		err = roles.Validate(ctx, r.keystone, role, roles.ValidateOpts{UserID: user, ProjectID: project}).ExtractErr()
		if err == nil {
			r.say(there, "role %s of the user in the project", name)
			continue
		}
		if !gophercloud.ResponseCodeIs(err, http.StatusNotFound) {
			return fmt.Errorf("roles of the user: %w", err)
		}
		if err := roles.Assign(ctx, r.keystone, role, roles.AssignOpts{UserID: user, ProjectID: project}).ExtractErr(); err != nil {
			return fmt.Errorf("give the user the role %s: %w", name, err)
		}
		r.say(made, "role %s of the user in the project", name)
	}
	return nil
}

func (r *registrar) role(ctx context.Context, name string) (string, error) {
	all, err := list(ctx, "roles", roles.List(r.keystone, roles.ListOpts{Name: name}), roles.ExtractRoles)
	if err != nil {
		return "", err
	}
	for _, role := range all {
		if role.DomainID == "" {
			return role.ID, nil
		}
	}
	role, err := roles.Create(ctx, r.keystone, roles.CreateOpts{Name: name}).Extract()
	if err != nil {
		return "", fmt.Errorf("create role %s: %w", name, err)
	}
	r.say(made, "role %s", name)
	return role.ID, nil
}

// password proves that the user can log in as the configuration says.
func (r *registrar) password(ctx context.Context, p *Plan, user string) error {
	login := p.User
	if login.AuthURL == "" {
		login.AuthURL = r.keystone.Endpoint
	}
	session, err := openstack.NewSession(login)
	if err != nil {
		return err
	}
	_, err = session.Client(ctx, openstack.Endpoint{Type: "identity", URL: login.AuthURL})
	switch {
	case err == nil:
		r.say(there, "password of the user, as [%s] has it", login.Section)
		return nil
	case !gophercloud.ResponseCodeIs(err, http.StatusUnauthorized):
		return fmt.Errorf("try the login of [%s]: %w", login.Section, err)
	case !p.ResetPassword:
		return fmt.Errorf("user %s has another password than [%s] says, or is disabled: put the right one there, or have it changed with --reset-password",
			login.Username, login.Section)
	}
	if _, err := users.Update(ctx, r.keystone, user, users.UpdateOpts{Password: login.Password}).Extract(); err != nil {
		return fmt.Errorf("set the password of user %s: %w", login.Username, err)
	}
	r.say(changed, "password of the user, to that of [%s]", login.Section)
	return nil
}

func (r *registrar) service(ctx context.Context, kind, name string) (string, error) {
	all, err := list(ctx, "services", services.List(r.keystone, services.ListOpts{ServiceType: kind}), services.ExtractServices)
	if err != nil {
		return "", err
	}
	if len(all) > 0 {
		r.say(there, "service %s, type %s (%s)", all[0].Name, kind, all[0].ID)
		return all[0].ID, nil
	}
	s, err := services.Create(ctx, r.keystone, services.CreateOpts{Type: kind, Name: name, Description: "Block Storage"}).Extract()
	if err != nil {
		return "", fmt.Errorf("create service %s: %w", name, err)
	}
	r.say(made, "service %s, type %s (%s)", name, kind, s.ID)
	return s.ID, nil
}

// endpoint makes the endpoint of an interface, or moves the one that is there.
func (r *registrar) endpoint(ctx context.Context, kind, service string, face gophercloud.Availability, region, url string) error {
	all, err := list(ctx, "endpoints", endpoints.List(r.keystone,
		endpoints.ListOpts{ServiceID: service, Availability: face, RegionID: region}), endpoints.ExtractEndpoints)
	if err != nil {
		return err
	}
	switch {
	case len(all) == 0:
		_, err = endpoints.Create(ctx, r.keystone, endpoints.CreateOpts{Availability: face, Region: region, URL: url, ServiceID: service}).Extract()
		if err != nil {
			return fmt.Errorf("create the %s endpoint of %s: %w", face, kind, err)
		}
		r.say(made, "%s endpoint of %s in %s: %s", face, kind, region, url)
	case all[0].URL == url:
		r.say(there, "%s endpoint of %s in %s: %s", face, kind, region, url)
	default:
		if _, err = endpoints.Update(ctx, r.keystone, all[0].ID, endpoints.UpdateOpts{URL: url}).Extract(); err != nil {
			return fmt.Errorf("change the %s endpoint of %s: %w", face, kind, err)
		}
		r.say(changed, "%s endpoint of %s in %s: %s, it was %s", face, kind, region, url, all[0].URL)
	}
	return nil
}
