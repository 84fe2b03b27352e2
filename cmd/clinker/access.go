package main

import (
	"log/slog"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/api/policy"
	"github.com/clinker-io/clinker/internal/config"
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
	c := auth.KeystoneConfig{AuthURL: k.AuthURL, Username: k.Username, Password: k.Password, ProjectName: k.ProjectName,
		UserDomainName: k.UserDomainName, UserDomainID: k.UserDomainID, ProjectDomainName: k.ProjectDomainName, ProjectDomainID: k.ProjectDomainID,
		Region: k.Region, Interface: k.Interface, CAFile: k.CAFile, Insecure: k.Insecure, Timeout: config.Seconds(k.Timeout),
		WWWAuthenticateURI: k.WWWAuthenticate, ServiceTokenRoles: k.ServiceTokenRoles, ServiceTokenRolesRequired: k.ServiceTokenRolesRequired,
		ServiceType: k.ServiceType, CacheTime: config.Seconds(max(0, k.CacheTime)), Logger: log}
	if c.UserDomainName == "" && c.UserDomainID == "" {
		c.UserDomainID = "default"
	}
	if c.ProjectDomainName == "" && c.ProjectDomainID == "" {
		c.ProjectDomainID = "default"
	}
	return auth.NewKeystone(c)
}
