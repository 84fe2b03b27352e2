package scheduler

import "testing"

const (
	volumeA = "00000000-0000-4000-8000-00000000000a"
	volumeB = "00000000-0000-4000-8000-00000000000b"
)

// passes asks one filter about one pool.
func passes(name string, r Request, p Pool) bool { return filters[name](&r)(&p) }

func TestAvailabilityZoneFilter(t *testing.T) {
	t.Parallel()
	p := Pool{AvailabilityZone: "nova"}
	for name, c := range map[string]struct {
		r    Request
		want bool
	}{
		"no wish":                   {Request{}, true},
		"the same":                  {Request{AvailabilityZone: "nova"}, true},
		"another":                   {Request{AvailabilityZone: "az2"}, false},
		"the type decides":          {Request{AvailabilityZone: "az2", TypeAZs: []string{"az1", "nova"}}, true},
		"the type decides against":  {Request{AvailabilityZone: "nova", TypeAZs: []string{"az1"}}, false},
		"a type with an empty list": {Request{TypeAZs: []string{}}, false},
	} {
		if got := passes("AvailabilityZoneFilter", c.r, p); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRetryFilter(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"RetryFilter", "IgnoreAttemptedHostsFilter"} {
		r := Request{Exclude: []string{"h@b#one"}}
		if passes(name, r, Pool{Host: "h@b#one"}) || !passes(name, r, Pool{Host: "h@b#two"}) {
			t.Errorf("%s does not do what it says", name)
		}
	}
}

func TestBackendHintFilters(t *testing.T) {
	t.Parallel()
	here := Pool{Host: "h@b#here"}
	hosts := map[string]string{volumeA: "h@b#here", volumeB: "h@b#there"}
	for name, c := range map[string]struct {
		hint            []string
		same, different bool
	}{
		"no hint":           {nil, true, true},
		"lives here":        {[]string{volumeA}, true, false},
		"lives there":       {[]string{volumeB}, false, true},
		"one of two":        {[]string{volumeA, volumeB}, true, false},
		"unknown":           {[]string{"00000000-0000-4000-8000-00000000000c"}, false, true},
		"not a UUID":        {[]string{"disk"}, false, false},
		"one is not a UUID": {[]string{volumeB, "disk"}, false, false},
	} {
		same, different := Request{SameHost: c.hint, VolumeHosts: hosts}, Request{DifferentHost: c.hint, VolumeHosts: hosts}
		if got := passes("SameBackendFilter", same, here); got != c.same {
			t.Errorf("same, %s: %v", name, got)
		}
		if got := passes("DifferentBackendFilter", different, here); got != c.different {
			t.Errorf("different, %s: %v", name, got)
		}
	}
}

func TestCapabilitiesFilter(t *testing.T) {
	t.Parallel()
	p := Pool{OnlineExtend: true, Stats: map[string]any{
		"volume_backend_name": "lvm",
		"storage_protocol":    "iSCSI",
		"multiattach":         true,
		"null":                nil,
		"nested":              map[string]any{"deep": map[string]any{"key": 7.0}},
		"pools":               []any{"a", "b"},
	}}
	for name, c := range map[string]struct {
		specs map[string]string
		want  bool
	}{
		"no specs":                      {nil, true},
		"equal":                         {map[string]string{"volume_backend_name": "lvm"}, true},
		"not equal":                     {map[string]string{"volume_backend_name": "ceph"}, false},
		"one of two fails":              {map[string]string{"volume_backend_name": "lvm", "multiattach": "<is> False"}, false},
		"scope capabilities":            {map[string]string{"capabilities:volume_backend_name": "lvm"}, true},
		"scope capabilities fails":      {map[string]string{"capabilities:volume_backend_name": "ceph"}, false},
		"another scope is ignored":      {map[string]string{"provisioning:type": "thin", "RESKEY:availability_zones": "x"}, true},
		"nested":                        {map[string]string{"capabilities:nested:deep:key": ">= 7"}, true},
		"nested too deep":               {map[string]string{"capabilities:nested:deep:key:more": ">= 7"}, false},
		"missing":                       {map[string]string{"compression": "<is> False"}, false},
		"null":                          {map[string]string{"null": ""}, false},
		"the scope alone":               {map[string]string{"capabilities": "lvm"}, false},
		"any element of a list":         {map[string]string{"pools": "b"}, true},
		"another spelling of iSCSI":     {map[string]string{"storage_protocol": "iscsi"}, true},
		"another protocol":              {map[string]string{"storage_protocol": "nfs"}, false},
		"a spelling behind an operator": {map[string]string{"storage_protocol": "<or> FC <or> iscsi"}, true},
	} {
		if got := passes("CapabilitiesFilter", Request{ExtraSpecs: c.specs}, p); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	p.OnlineExtend = false
	if passes("CapabilitiesFilter", Request{ExtendAttached: true}, p) || !passes("CapabilitiesFilter", Request{}, p) {
		t.Error("online_extend_support False must refuse to extend attached volumes, and nothing else")
	}
}
