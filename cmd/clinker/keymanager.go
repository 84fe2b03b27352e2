package main

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/openstack"
	"github.com/clinker-io/clinker/openstack/keymanager"
)

const fixedKeyBackend = "cinder.keymgr.conf_key_mgr.ConfKeyManager"

// openKeys is the key manager of [key_manager] backend. Without a Keystone to
// log in to there is no Barbican: encrypted volumes are refused.
func openKeys(cfg *config.Config, log *slog.Logger) (keymanager.Manager, error) {
	if cfg.Keys.Backend == fixedKeyBackend {
		key, err := hex.DecodeString(cfg.Keys.FixedKey)
		if err != nil || len(key) == 0 {
			return nil, fmt.Errorf("option fixed_key in [key_manager] must be hexadecimal digits with the backend %s", fixedKeyBackend)
		}
		log.Warn("all encrypted volumes have the same key: for tests only")
		return keymanager.Fixed{Key: string(key)}, nil
	}
	who := login("service_user", cfg.Service.Login)
	if who.AuthURL == "" {
		who = login("keystone_authtoken", cfg.Keystone.Login)
	}
	b := cfg.Barbican
	if b.AuthURL != "" {
		who.AuthURL = b.AuthURL
	}
	if who.AuthURL == "" {
		return keymanager.None{}, nil
	}
	who.Insecure = who.Insecure || !b.VerifySSL
	if b.CAFile != "" {
		who.CAFile = b.CAFile
	}
	s, err := openstack.NewSession(who)
	if err != nil {
		return nil, err
	}
	return &keymanager.Barbican{Session: s, AsService: b.SendToken, Retries: b.Retries, Delay: config.Seconds(b.RetryDelay),
		Endpoint: openstack.Endpoint{Type: "key-manager", Region: b.Region, Interface: b.Interface, Version: b.APIVersion, URL: barbicanURL(b)}}, nil
}

var versionAtEnd = regexp.MustCompile(`/v[0-9.]+/?$`)

// barbicanURL is the configured endpoint with the version of the API.
func barbicanURL(b config.Barbican) string {
	if b.Endpoint == "" {
		return ""
	}
	return strings.TrimSuffix(versionAtEnd.ReplaceAllString(b.Endpoint, ""), "/") + "/" + b.APIVersion
}
