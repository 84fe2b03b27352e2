package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/openstack/keymanager"
)

func TestTheKeyManagerIsTheConfiguredOne(t *testing.T) {
	t.Parallel()
	login := map[string]string{"keystone_authtoken::auth_url": "http://k:5000/v3", "keystone_authtoken::username": "u",
		"keystone_authtoken::password": "p", "keystone_authtoken::project_name": "service"}
	with := func(more ...string) map[string]string {
		set := map[string]string{}
		for k, v := range login {
			set[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			set[more[i]] = more[i+1]
		}
		return set
	}
	fixed := "cinder.keymgr.conf_key_mgr.ConfKeyManager"
	for name, c := range map[string]struct {
		set  map[string]string
		want any // a manager's kind, the URL of Barbican, or a part of an error
		err  string
	}{
		"no Keystone":               {set: nil, want: keymanager.None{}},
		"fixed":                     {set: map[string]string{"key_manager::backend": fixed, "key_manager::fixed_key": "00ff"}, want: keymanager.Fixed{Key: "\x00\xff"}},
		"fixed without a key":       {set: map[string]string{"key_manager::backend": fixed}, err: "fixed_key"},
		"fixed with a word":         {set: map[string]string{"key_manager::backend": fixed, "key_manager::fixed_key": "secret"}, err: "fixed_key"},
		"Barbican by the catalogue": {set: login, want: ""},
		"Barbican at a URL":         {set: with("barbican::barbican_endpoint", "http://b:9311/"), want: "http://b:9311/v1"},
		"Barbican at v1":            {set: with("barbican::barbican_endpoint", "http://b:9311/v1/"), want: "http://b:9311/v1"},
		"half a login":              {set: with("keystone_authtoken::password", ""), err: "password"},
		"no certificates":           {set: with("barbican::verify_ssl_path", "keymanager_test.go"), err: "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := config.Load("", c.set)
			if err != nil {
				t.Fatal(err)
			}
			m, err := openKeys(cfg, slog.New(slog.DiscardHandler))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, want one about %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if url, ok := c.want.(string); ok {
				if b, ok := m.(*keymanager.Barbican); !ok || b.Endpoint.URL != url {
					t.Errorf("the manager is %+v, want Barbican at %q", m, url)
				}
			} else if m != c.want {
				t.Errorf("the manager is %T, want %T", m, c.want)
			}
		})
	}
}
