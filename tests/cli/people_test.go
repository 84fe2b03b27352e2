package cli

import (
	"fmt"
	"testing"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/tests/harness"
)

// person is somebody who logs in for a project.
type person struct {
	keystonetest.User
	project, role string
}

// populate makes the people, and the clouds.yaml with a cloud for each.
func (c *cloudOfKeystone) populate() {
	k := c.keystone
	for _, name := range []string{"demo", "other", "spare", "leaving"} {
		c.projects[name] = k.Project(name)
	}
	clouds := "clouds:\n"
	for name, p := range map[string]person{
		runner: {project: "demo", role: "admin"}, "ann": {project: "demo", role: "member"},
		"rae": {project: "demo", role: "reader"}, "bob": {project: "other", role: "member"},
		"eve": {project: "leaving", role: "member"},
	} {
		p.User = k.User(name)
		k.Grant(p.User, keystonetest.OfProject(c.projects[p.project]), p.role)
		c.people[name] = p
		clouds += fmt.Sprintf(`  %s:
    auth:
      auth_url: %s
      username: %s
      password: %s
      project_name: %s
      user_domain_id: default
      project_domain_id: default
    region_name: %s
    identity_api_version: 3
    volume_api_version: '3.65'
`, name, k.URL, p.Name, p.Password, p.project, keystonetest.Region)
	}
	c.write("clouds.yaml", clouds)
	c.token = k.Token(c.people[runner].User, keystonetest.OfProject(c.projects["demo"]))
}

// login gives the older client variables and the newer one a cloud of clouds.yaml.
func (c *cloudOfKeystone) login(program, name string) []string {
	if program == "openstack" {
		return append(withoutCloud(), "OS_CLIENT_CONFIG_FILE="+c.in("clouds.yaml"), "OS_CLOUD="+name)
	}
	p := c.people[name]
	return append(withoutCloud(), "OS_AUTH_URL="+c.keystone.URL, "OS_USERNAME="+p.Name, "OS_PASSWORD="+p.Password, "OS_PROJECT_NAME="+p.project,
		"OS_USER_DOMAIN_NAME=Default", "OS_PROJECT_DOMAIN_NAME=Default", "OS_REGION_NAME="+keystonetest.Region, "OS_IDENTITY_API_VERSION=3")
}

// asks is a client with a token of the runner.
func (c *cloudOfKeystone) asks(t testing.TB) *harness.Client {
	s := &harness.Service{URL: c.url + "/" + c.projects["demo"]}
	return s.Client(t).WithToken(c.token)
}
