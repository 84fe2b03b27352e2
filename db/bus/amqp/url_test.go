package amqp

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTransportURLsAreReadAsOsloWritesThem(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]URL{
		"rabbit://":                    {vhost: "/", brokers: []broker{{"guest", "guest", "localhost:5672"}}},
		"rabbit://stack:pw@10.0.0.1":   {vhost: "/", brokers: []broker{{"stack", "pw", "10.0.0.1:5672"}}},
		"rabbit://stack:pw@h:5673//":   {vhost: "/", brokers: []broker{{"stack", "pw", "h:5673"}}},
		"amqp://a:b@h/cinder?ssl=1":    {vhost: "cinder", brokers: []broker{{"a", "b", "h:5672"}}},
		"amqps://a:b@h/%2Fx":           {tls: true, vhost: "/x", brokers: []broker{{"a", "b", "h:5671"}}},
		"rabbit://a:p%40%2F%2C@h/":     {vhost: "/", brokers: []broker{{"a", "p@/,", "h:5672"}}},
		"rabbit://a:p@w@[::1]:1/":      {vhost: "/", brokers: []broker{{"a", "p@w", "[::1]:1"}}},
		"rabbit://a:b@h1:1,c:d@h2/v":   {vhost: "v", brokers: []broker{{"a", "b", "h1:1"}, {"c", "d", "h2:5672"}}},
		"rabbit://a:b:c@h:/":           {vhost: "/", brokers: []broker{{"a", "b:c", "h:5672"}}},
		"rabbit://a@h,[fe80::1]/nova/": {vhost: "nova/", brokers: []broker{{"a", "", "h:5672"}, {"guest", "guest", "[fe80::1]:5672"}}},
	} {
		got, err := ParseURL(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(URL{}, broker{})); d != "" {
			t.Errorf("%s: %s", in, d)
		}
	}
}

func TestBadTransportURLsAreRefusedWithoutTheirPassword(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "h", "http://a:sesame@h/", "kafka://a:sesame@h", "rabbit://a:sesame%zz@h/", "rabbit://a:sesame@h:0/",
		"rabbit://a:sesame@h:70000/", "rabbit://a:sesame@[::1/", "rabbit://a:sesame@[::1]x/", "rabbit://a:sesame@h/%zz",
		"rabbit://a:sesame@" + strings.Repeat("h", maxTransportURL), "rabbit://a:sesame@h" + strings.Repeat(",", maxHosts),
	} {
		_, err := ParseURL(in)
		if err == nil {
			t.Errorf("%.60s was accepted", in)
		} else if msg := err.Error(); strings.Contains(msg, "sesame") || !strings.Contains(msg, "transport_url") {
			t.Errorf("%.60s: %s", in, msg)
		}
	}
}

func TestAURLPrintsWithoutItsPassword(t *testing.T) {
	t.Parallel()
	u, err := ParseURL("rabbit://stack:sesame@h1,stack:sesame@h2/v")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{URL: u}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{u, &u, o, &o} {
			if s := fmt.Sprintf(format, v); strings.Contains(s, "sesame") {
				t.Errorf("%s of %T prints %s", format, v, s)
			}
		}
	}
	if got := u.LogValue().String(); got != "rabbit://h1:5672,h2:5672/v" {
		t.Errorf("logged as %s", got)
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"rabbit://", "amqp://a:b@h:1,c:d@[::1]:2/v%2F", "amqps://@,@/", "rabbit://a:%@[", "rabbit://:@:/?"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURL(s)
		if err != nil {
			return
		}
		if len(u.brokers) == 0 || u.vhost == "" {
			t.Errorf("%q: %d hosts, virtual host %q", s, len(u.brokers), u.vhost)
		}
		for _, b := range u.brokers {
			if _, port, err := net.SplitHostPort(b.addr); err != nil || port == "" {
				t.Errorf("%q: address %q: %v", s, b.addr, err)
			}
		}
	})
}
