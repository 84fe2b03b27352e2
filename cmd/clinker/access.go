package main

import (
	"log/slog"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/api/policy"
	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/openstack"
)

// access is who may call the API, and what.
type access struct {
	who   auth.Authenticator
	rules policy.Source
}

func openAccess(cfg *config.Config, log *slog.Logger) (a access, err error) {
	if a.rules, err = openPolicy(cfg, log); err != nil {
		return a, err
	}
	a.who, err = authenticator(cfg, log)
	return a, err
}

// authenticator checks tokens as auth_strategy says.
func authenticator(cfg *config.Config, log *slog.Logger) (auth.Authenticator, error) {
	if cfg.Default.AuthStrategy == "noauth" {
		log.Warn("auth_strategy is noauth: whoever reaches the API is an administrator")
		return auth.NoAuth{}, nil
	}
	k := cfg.Keystone
	return auth.NewKeystone(auth.KeystoneConfig{Login: login("keystone_authtoken", k.Login), Region: k.Region, Interface: k.Interface,
		WWWAuthenticateURI: k.WWWAuthenticate, ServiceTokenRoles: k.ServiceTokenRoles, ServiceTokenRolesRequired: k.ServiceTokenRolesRequired,
		ServiceType: k.ServiceType, MaxRetries: k.MaxRetries, CacheTime: config.Seconds(max(0, k.CacheTime)), Logger: log})
}

// login is the user that a section names.
func login(section string, l config.Login) openstack.Login {
	return openstack.Login{Section: section, AuthURL: l.AuthURL, Username: l.Username, Password: l.Password, ProjectName: l.ProjectName,
		UserDomainName: l.UserDomainName, UserDomainID: l.UserDomainID, ProjectDomainName: l.ProjectDomainName, ProjectDomainID: l.ProjectDomainID,
		ByCredential: l.AuthType == "v3applicationcredential", CredentialID: l.CredentialID, CredentialSecret: l.CredentialSecret,
		TLS: tlsOf(l), Timeout: config.Seconds(l.Timeout)}
}

func tlsOf(l config.Login) openstack.TLS {
	return openstack.TLS{CAFile: l.CAFile, CertFile: l.CertFile, KeyFile: l.KeyFile, Insecure: l.Insecure}
}
