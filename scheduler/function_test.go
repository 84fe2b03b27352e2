package scheduler

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func functionPool(name, function string) Pool {
	stats := map[string]any{"vendor_name": "acme", "total_capacity_gb": 100.5, "free_capacity_gb": "infinite", "storage_protocol": "fc", "multiattach": true,
		"deep": map[string]any{"a": 1.0}}
	if function != "" {
		stats[name] = function
	}
	return Pool{Host: "node@b#p", AllocatedGiB: 7, ReservedPercentage: 20, Stats: stats}
}

var functionRequest = Request{SizeGiB: 5, ExtraSpecs: map[string]string{"tier": "gold"}, QoS: map[string]any{"iops": "500"},
	Volume: map[string]any{"size": int32(5), "display_name": nil, "bootable": true}}

func TestDriverFilter(t *testing.T) {
	t.Parallel()
	for function, want := range map[string]bool{
		"":                                      true,
		"1 == 1":                                true,
		"0":                                     false,
		"volume.size < 10":                      true,
		"volume.size < 5":                       false,
		"stats.total_capacity_gb == 100":        true, // without its fraction
		"stats.allocated_capacity_gb == 7":      true,
		"stats.reserved_percentage == 20":       true,
		"stats.free_capacity_gb == 'infinite'":  true,
		"stats.free_capacity_gb > 5":            false, // text and number: an error
		"capabilities.vendor_name == 'acme'":    true,
		"capabilities.multiattach":              true,
		"capabilities.deep > 0":                 false,
		"extra.tier == 'gold'":                  true,
		"extra.none == 'gold'":                  false,
		"qos.iops > 400 and volume.bootable":    true,
		"volume.display_name == 'x'":            false,
		"stats.host == 'node@b#p'":              true,
		"stats.cluster_name == 'x'":             false,
		"stats.storage_protocol == 'FC'":        true, // in every spelling
		"capabilities.storage_protocol == 'fc'": true,
		"stats.storage_protocol == 'iSCSI'":     false,
		"volume.size <":                         false,
		"import os":                             false,
	} {
		if got := passes("DriverFilter", functionRequest, functionPool("filter_function", function)); got != want {
			t.Errorf("%s: %v", function, got)
		}
	}
	for _, function := range []string{"volume.size <", "import os", "extra.none == 'gold'"} {
		troubles, r := 0, functionRequest
		r.Trouble = func(string, string, error) { troubles++ }
		passes("DriverFilter", r, functionPool("filter_function", function))
		if troubles != 1 {
			t.Errorf("%s: told %d times", function, troubles)
		}
	}
	clustered := functionPool("filter_function", "stats.cluster_name == 'c@b#p' and stats.backend_id == 'c@b#p'")
	clustered.Cluster = "c@b#p"
	if !passes("DriverFilter", functionRequest, clustered) {
		t.Error("the cluster is not known")
	}
}

func TestGoodnessWeigher(t *testing.T) {
	t.Parallel()
	for function, want := range map[string]float64{
		"": 0, "50": 50, "100": 100, "101": 0, "0-1": 0, "volume.size * 10": 50, "1 == 1": 100, "1 == 2": 0, "'text'": 0, "1, 2": 0, "1/0": 0,
		"stats.storage_protocol == 'FC' ? 80 : 20": 80, // the best of the spellings
	} {
		p := functionPool("goodness_function", function)
		out := []float64{-1}
		goodnessWeigher(&Config{}, &functionRequest, []*Pool{&p}, out)
		if out[0] != want {
			t.Errorf("%s: %v, want %v", function, out[0], want)
		}
	}
}

func TestJsonFilter(t *testing.T) {
	t.Parallel()
	p := Pool{Host: "node@b#p", AllocatedGiB: 7, ProvisionedGiB: 9, ReservedPercentage: 10,
		Stats: map[string]any{"free_capacity_gb": 50.0, "vendor_name": "acme", "thin_provisioning_support": true, "deep": map[string]any{"a": "b"}}}
	for query, want := range map[string]bool{
		`["=", "$backend_id", "node@b#p"]`:                             true,
		`["=", "$host", "another"]`:                                    false,
		`[">", "$free_capacity_gb", 40, 49]`:                           true,
		`[">=", "$free_capacity_gb", 50]`:                              true,
		`["<", "$free_capacity_gb", 60, 40]`:                           false,
		`["<=", "$provisioned_capacity_gb", 9]`:                        true,
		`["=", "$reserved_percentage", 10]`:                            true,
		`["in", "$vendor_name", "zeta", "acme"]`:                       true,
		`["in", "$vendor_name", "zeta"]`:                               false,
		`["in", "$vendor_name"]`:                                       false,
		`["=", "$capabilities.deep.a", "b"]`:                           true,
		`["=", "$capabilities.none", "b"]`:                             false, // it does not count, so one is left
		`["and", ["=", "$vendor_name", "acme"], ["<", "$host", "z"]]`:  true,
		`["or", ["=", "$vendor_name", "zeta"], ["=", 1, 2]]`:           false,
		`["not", ["=", "$vendor_name", "zeta"]]`:                       true,
		`["not", "$thin_provisioning_support"]`:                        false,
		`["and", ["not", ["=", "$vendor_name", "acme"]], ["=", 1, 1]]`: false,
		`[]`:                                    true,
		`null`:                                  true,
		`{}`:                                    true,
		`{"a": 1}`:                              false,
		`["like", "$host", "x"]`:                false,
		`[[]]`:                                  false,
		`"text"`:                                false,
		`[`:                                     false,
		`["<", "$vendor_name", 5]`:              false,
		`["=", "$vendor_name.part", 5]`:         false,
		`["and", "", null, "$", "$.", "$host"]`: true,
		strings.Repeat(`["not",`, 200) + "1" + strings.Repeat("]", 200): false,
	} {
		if got := passes("JsonFilter", Request{Query: query}, p); got != want {
			t.Errorf("%.80s: %v", query, got)
		}
	}
	for _, hint := range []any{nil, ""} {
		if !passes("JsonFilter", Request{Query: hint}, p) {
			t.Errorf("the hint %v refuses", hint)
		}
	}
	if passes("JsonFilter", Request{Query: []any{"=", 1.0, 1.0}}, p) {
		t.Error("a hint that is no text passes")
	}
}

func FuzzQuery(f *testing.F) {
	f.Add(`["and", ["=", "$capabilities.deep.a", "b"], ["not", ["in", "$host", 1, "x"]]]`)
	p := functionPool("", "")
	f.Fuzz(func(_ *testing.T, text string) {
		passes("JsonFilter", Request{Query: text}, p) // must not panic
	})
}

func TestInstanceLocalityFilter(t *testing.T) {
	t.Parallel()
	p := Pool{Host: "node@b#p"}
	for name, c := range map[string]struct {
		r    Request
		want bool
	}{
		"no hint":           {Request{}, true},
		"same host":         {Request{LocalToInstance: volumeA, InstanceHost: "node"}, true},
		"another host":      {Request{LocalToInstance: volumeA, InstanceHost: "other"}, false},
		"nobody can tell":   {Request{LocalToInstance: volumeA}, false},
		"a backend is none": {Request{LocalToInstance: volumeA, InstanceHost: "node@b"}, false},
	} {
		if got := passes("InstanceLocalityFilter", c.r, p); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestStochasticHandlerGivesChancesByWeight(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	cfg.Weighers, cfg.WeightHandler = []string{"GoodnessWeigher"}, "cinder.scheduler.weights.stochastic.StochasticHostWeightHandler"
	cfg.Filters = []string{}
	var pools []Pool
	for i, goodness := range []string{"10", "30", "60"} {
		p := functionPool("goodness_function", goodness)
		p.Host = "h@b#" + string(rune('0'+i))
		pools = append(pools, p)
	}
	for throw, want := range map[float64]string{0: "h@b#0", 0.099: "h@b#0", 0.1: "h@b#1", 0.39: "h@b#1", 0.4: "h@b#2", 0.999: "h@b#2"} {
		cfg.Rand = func() float64 { return throw }
		if got, err := Pick(cfg, pools, Request{}); err != nil || got.Host != want {
			t.Errorf("%v picks %s, %v; want %s", throw, got.Host, err, want)
		}
	}
}

// Whatever the weights are, somebody wins.
func TestDrawAlwaysPicks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.Float64Range(-100, 100), 1, 5).Draw(t, "scores")
		i := draw(scores, rapid.Float64Range(0, math.Nextafter(1, 0)).Draw(t, "throw"))
		if i < 0 || i >= len(scores) {
			t.Fatalf("drew %d of %v", i, scores)
		}
	})
}

func TestSuitsAsksForNoRoom(t *testing.T) {
	t.Parallel()
	pools := []Pool{{Host: "a@b#0", Stats: map[string]any{"tier": "gold"}}, {Host: "a@b#1", Stats: map[string]any{}}}
	got, err := Suits(DefaultConfig(), pools, map[string]string{"tier": "gold"})
	if err != nil || !slices.Equal(got, []bool{true, false}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestANullSpecMatchesNullAlone(t *testing.T) {
	t.Parallel()
	r := Request{ExtraSpecs: map[string]string{"tier": ""}, NullSpecs: []string{"tier"}}
	for _, c := range []struct {
		stats map[string]any
		want  bool
	}{{map[string]any{}, true}, {map[string]any{"tier": nil}, true}, {map[string]any{"tier": ""}, false}, {map[string]any{"tier": "gold"}, false}} {
		if got := passes("CapabilitiesFilter", r, Pool{Stats: c.stats}); got != c.want {
			t.Errorf("%v: %v", c.stats, got)
		}
	}
}
