package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/tlstest"
	"github.com/clinker-io/clinker/openstack"
)

// The options of [nova] say how it is reached though they name no user; the
// Nova of this test knows no server.
func TestNovaOverTLS(t *testing.T) {
	t.Parallel()
	k := keystonetest.Start(t)
	u := k.ServiceUser("clinker")
	ca, stranger := tlstest.NewAuthority(t), tlstest.NewAuthority(t)
	k.Register("compute", "nova", ca.Serve(http.NotFoundHandler(), true)+"/v2.1")
	cert, key := ca.Issue("clinker")
	for name, c := range map[string]struct {
		options map[string]string
		says    string // "": it works
	}{
		"its authority":            {map[string]string{"cafile": ca.File}, ""},
		"another authority":        {map[string]string{"cafile": stranger.File}, "certificate signed by unknown authority"},
		"those of the system":      {nil, "certificate signed by unknown authority"},
		"not checked":              {map[string]string{"insecure": "true"}, ""},
		"no certificate of ours":   {map[string]string{"cafile": ca.File, "certfile": "", "keyfile": ""}, "certificate required"},
		"a file without any":       {map[string]string{"cafile": "nova_test.go"}, "keyfile in [nova]: file of certificates: nova_test.go holds no certificate"},
		"a key that does not fit":  {map[string]string{"cafile": ca.File, "keyfile": ca.File}, "our own certificate " + cert},
		"a key that is not there":  {map[string]string{"cafile": ca.File, "keyfile": "/none"}, "/none"},
		"a bundle of nobody there": {map[string]string{"cafile": "/none/ca.pem"}, "certificate signed by unknown authority"}, // as DevStack names one
	} {
		set := map[string]string{"keystone_authtoken::auth_url": k.URL, "keystone_authtoken::username": u.Name, "keystone_authtoken::password": u.Password,
			"keystone_authtoken::project_name": keystonetest.ServiceProject, "nova::certfile": cert, "nova::keyfile": key}
		for option, value := range c.options {
			set["nova::"+option] = value
		}
		cfg, err := config.Load("", set)
		if err != nil {
			t.Fatal(err)
		}
		var uses bool
		nova, err := compute(cfg)
		if err == nil {
			uses, err = nova.Uses(t.Context(), openstack.Caller{Token: "some"}, "server", "volume", "attachment")
		}
		switch {
		case c.says == "" && (err != nil || uses):
			t.Errorf("%s: %t %v", name, uses, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}
