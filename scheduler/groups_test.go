package scheduler

import "testing"

func TestAGroupNeedsABackendForAllItsTypes(t *testing.T) {
	t.Parallel()
	pool := func(host string, free float64, stats map[string]any) Pool {
		return Pool{Host: host, AvailabilityZone: "nova", TotalGiB: GiB(1000), FreeGiB: GiB(free), Stats: stats}
	}
	pools := []Pool{
		pool("h@a#1", 10, map[string]any{"colour": "red"}),
		pool("h@b#1", 30, map[string]any{"colour": "red"}),
		pool("h@b#2", 20, map[string]any{"colour": "blue", "together": true}),
		pool("h@c#1", 90, map[string]any{"colour": "blue", "together": true}),
	}
	want := func(specs map[string]string) Request { return Request{AvailabilityZone: "nova", ExtraSpecs: specs} }
	red, blue := want(map[string]string{"colour": "red"}), want(map[string]string{"colour": "blue"})
	together := want(map[string]string{"together": "<is> True"})
	for name, c := range map[string]struct {
		reqs []Request
		host string
	}{
		"one type":               {[]Request{red, want(nil)}, "h@b#1"},
		"two types":              {[]Request{red, blue, want(nil)}, "h@b#1"},
		"the first one decides":  {[]Request{blue, red, want(nil)}, "h@b#2"},
		"the group's own specs":  {[]Request{red, together}, "h@b#1"},
		"specs of nobody":        {[]Request{red, want(map[string]string{"colour": "green"})}, ""},
		"first type of nobody":   {[]Request{want(map[string]string{"colour": "green"}), want(nil)}, ""},
		"another zone":           {[]Request{red, {AvailabilityZone: "mars"}}, ""},
		"only one of the types":  {[]Request{red, want(map[string]string{"colour": "blue", "size": "xl"})}, ""},
		"types on other backend": {[]Request{{OnlyBackend: "h@a", ExtraSpecs: red.ExtraSpecs}, blue}, ""},
	} {
		got, err := PickGroup(DefaultConfig(), pools, c.reqs)
		if got.Host != c.host || (err == nil) != (c.host != "") {
			t.Errorf("%s: %q, %v; want %q", name, got.Host, err, c.host)
		}
	}
}
