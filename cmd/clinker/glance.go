package main

import (
	"github.com/clinker-io/clinker/api"
	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/openstack"
	"github.com/clinker-io/clinker/openstack/glance"
)

// openGlance makes the client of the image service, nil where there is no Keystone.
func openGlance(cfg *config.Config) (*glance.Client, error) {
	d := cfg.Default
	if d.AuthStrategy == "noauth" {
		return nil, nil
	}
	session, err := openstack.NewSession(glanceLogin(cfg))
	if err != nil {
		return nil, err
	}
	return glance.New(glance.Config{Session: session, Servers: d.GlanceServers, Catalog: d.GlanceCatalog, Region: cfg.Glance.Region,
		ServiceToken: cfg.Service.SendToken, Retries: d.GlanceRetries, Timeout: config.Seconds(d.GlanceTimeout),
		CAFile: d.GlanceCAFile, Insecure: d.GlanceInsecure})
}

// glanceLogin is our own user towards Glance: the first section that names one.
func glanceLogin(cfg *config.Config) openstack.Login {
	switch {
	case cfg.Glance.AuthURL != "":
		return login("glance", cfg.Glance.Login)
	case cfg.Service.AuthURL != "":
		return login("service_user", cfg.Service.Login)
	}
	return login("keystone_authtoken", cfg.Keystone.Login)
}

func imageOptions(d config.Images) api.ImageOptions {
	return api.ImageOptions{ForceUpload: d.ForceUpload, AllowCompression: d.AllowCompression, CoreProperties: d.CoreProperties, Reserved: d.Reserved}
}
