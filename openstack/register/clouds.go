package register

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// cloud is an entry of clouds.yaml, as far as it says how to log in.
type cloud struct {
	Auth struct {
		AuthURL           string `yaml:"auth_url"`
		Username          string `yaml:"username"`
		UserID            string `yaml:"user_id"`
		Password          string `yaml:"password"`
		Token             string `yaml:"token"`
		UserDomainID      string `yaml:"user_domain_id"`
		UserDomainName    string `yaml:"user_domain_name"`
		ProjectID         string `yaml:"project_id"`
		ProjectName       string `yaml:"project_name"`
		ProjectDomainID   string `yaml:"project_domain_id"`
		ProjectDomainName string `yaml:"project_domain_name"`
		SystemScope       string `yaml:"system_scope"`
		CredentialID      string `yaml:"application_credential_id"`
		CredentialName    string `yaml:"application_credential_name"`
		CredentialSecret  string `yaml:"application_credential_secret"`
	} `yaml:"auth"`
	Region string `yaml:"region_name"`
	CACert string `yaml:"cacert"`
	Verify *bool  `yaml:"verify"`
}

// FromEnvironment reads the OS_ variables and, when a cloud is named there or
// by name, clouds.yaml and secure.yaml where the openstack client looks for
// them. A variable wins over the files.
func FromEnvironment(name string) (Admin, error) {
	a, env := Admin{}, os.Getenv
	if name == "" {
		name = env("OS_CLOUD")
	}
	if name != "" {
		c, err := findCloud(name)
		if err != nil {
			return a, err
		}
		a = c.admin()
	}
	for _, v := range []struct {
		to   *string
		from string
	}{
		{&a.AuthURL, "OS_AUTH_URL"}, {&a.Username, "OS_USERNAME"}, {&a.UserID, "OS_USER_ID"}, {&a.Password, "OS_PASSWORD"}, {&a.Token, "OS_TOKEN"},
		{&a.UserDomainID, "OS_USER_DOMAIN_ID"}, {&a.UserDomainName, "OS_USER_DOMAIN_NAME"},
		{&a.ProjectID, "OS_PROJECT_ID"}, {&a.ProjectName, "OS_PROJECT_NAME"},
		{&a.ProjectDomainID, "OS_PROJECT_DOMAIN_ID"}, {&a.ProjectDomainName, "OS_PROJECT_DOMAIN_NAME"}, {&a.SystemScope, "OS_SYSTEM_SCOPE"},
		{&a.CredentialID, "OS_APPLICATION_CREDENTIAL_ID"}, {&a.CredentialName, "OS_APPLICATION_CREDENTIAL_NAME"},
		{&a.CredentialSecret, "OS_APPLICATION_CREDENTIAL_SECRET"}, {&a.Region, "OS_REGION_NAME"}, {&a.CACert, "OS_CACERT"},
	} {
		if text := env(v.from); text != "" {
			*v.to = text
		}
	}
	return a, nil
}

func (c *cloud) admin() Admin {
	u := &c.Auth
	return Admin{AuthURL: u.AuthURL, Username: u.Username, UserID: u.UserID, Password: u.Password, Token: u.Token,
		UserDomainID: u.UserDomainID, UserDomainName: u.UserDomainName, ProjectID: u.ProjectID, ProjectName: u.ProjectName,
		ProjectDomainID: u.ProjectDomainID, ProjectDomainName: u.ProjectDomainName, SystemScope: u.SystemScope,
		CredentialID: u.CredentialID, CredentialName: u.CredentialName, CredentialSecret: u.CredentialSecret,
		Region: c.Region, CACert: c.CACert, Insecure: c.Verify != nil && !*c.Verify}
}

// findCloud reads an entry; what secure.yaml says of it is laid over.
func findCloud(name string) (*cloud, error) {
	c, found := new(cloud), false
	for _, file := range []string{"clouds", "secure"} {
		path, raw, err := readCloudFile(file)
		if err != nil {
			return nil, err
		}
		var all struct {
			Clouds map[string]yaml.Node `yaml:"clouds"`
		}
		if err := yaml.Unmarshal(raw, &all); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		node, ok := all.Clouds[name]
		if !ok {
			continue
		}
		found = true
		if err := node.Decode(c); err != nil {
			return nil, fmt.Errorf("%s: cloud %s: %w", path, name, err)
		}
	}
	if !found {
		return nil, fmt.Errorf("no clouds.yaml has a cloud %q (looked here, in ~/.config/openstack and /etc/openstack)", name)
	}
	return c, nil
}

// readCloudFile finds the first of the files that may be there; none is no error.
func readCloudFile(name string) (path string, raw []byte, err error) {
	places := []string{name + ".yaml"}
	if home, err := os.UserConfigDir(); err == nil {
		places = append(places, filepath.Join(home, "openstack", name+".yaml"))
	}
	places = append(places, filepath.Join("/etc/openstack", name+".yaml"))
	variable := map[string]string{"clouds": "OS_CLIENT_CONFIG_FILE", "secure": "OS_CLIENT_SECURE_FILE"}[name]
	if given := os.Getenv(variable); given != "" {
		places = append([]string{given}, places...)
	}
	for _, path = range places {
		raw, err = os.ReadFile(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return path, raw, err
		}
	}
	return "", nil, nil
}
