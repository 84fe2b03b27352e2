package main

import (
	"fmt"

	"github.com/clinker-io/clinker/api"
	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/openstack"
	"github.com/clinker-io/clinker/openstack/nova"
	"github.com/clinker-io/clinker/volume"
)

// serviceLogin is the user of ours who asks other services: that of the named
// section when it has one, else the one of [service_user], else the one who
// validates tokens.
func serviceLogin(cfg *config.Config, section string, l config.Login) openstack.Login {
	switch {
	case l.AuthURL != "":
		return login(section, l)
	case cfg.Service.AuthURL != "":
		return login("service_user", cfg.Service.Login)
	}
	return login("keystone_authtoken", cfg.Keystone.Login)
}

// openNova makes the client of the compute service; nil in a cloud without Keystone.
func openNova(cfg *config.Config) (*nova.Client, error) {
	l := serviceLogin(cfg, "nova", cfg.Nova.Login)
	if l.AuthURL == "" {
		return nil, nil
	}
	session, err := openstack.NewSession(l)
	if err != nil {
		return nil, fmt.Errorf("compute service: %w", err)
	}
	service := session
	if u := serviceLogin(cfg, "", config.Login{}); l.Section == "nova" && u.AuthURL != "" {
		if service, err = openstack.NewSession(u); err != nil {
			return nil, fmt.Errorf("compute service: %w", err)
		}
	}
	client, err := session.TLS(tlsOf(cfg.Nova.Login)).Client(config.Seconds(cfg.Nova.Timeout))
	if err != nil {
		return nil, fmt.Errorf("options cafile, certfile and keyfile in [nova]: %w", err)
	}
	return nova.New(nova.Config{Session: session, HTTP: client, Service: service, Region: cfg.Nova.Region, Interface: cfg.Nova.Interface,
		ServiceToken: cfg.Service.SendToken, Timeout: config.Seconds(cfg.Nova.Timeout)}), nil
}

// compute is what the API asks; tokens that Keystone has not issued are nothing
// to Nova.
func compute(cfg *config.Config) (api.Compute, error) {
	client, err := openNova(cfg)
	if err != nil || client == nil || cfg.Default.AuthStrategy == "noauth" {
		return api.UnaskedCompute{}, err
	}
	return client, nil
}

// workerCompute is what volume workers ask; nil when there is nothing to ask.
func workerCompute(cfg *config.Config) (volume.Compute, error) {
	client, err := openNova(cfg)
	if err != nil || client == nil {
		return nil, err
	}
	return client, nil
}
