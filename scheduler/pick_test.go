package scheduler

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// poolsOf makes thick pools with the given free room of 1,000 GiB.
func poolsOf(free ...float64) []Pool {
	ps := make([]Pool, len(free))
	for i, f := range free {
		ps[i] = Pool{Host: fmt.Sprintf("h@b#%d", i), AvailabilityZone: "nova", TotalGiB: GiB(1000), FreeGiB: GiB(f)}
	}
	return ps
}

func TestWeighersOrderThePools(t *testing.T) {
	t.Parallel()
	vague := append(poolsOf(10, 30, 20), Pool{Host: "h@b#vague", FreeGiB: Capacity{Kind: Infinite}})
	counted := poolsOf(10, 10, 10)
	counted[0].VolumeCount, counted[1].VolumeCount, counted[2].VolumeCount = 3, 1, 2
	counted[0].AllocatedGiB, counted[1].AllocatedGiB, counted[2].AllocatedGiB = 1, 2, 3
	dice := func(throws ...float64) func() float64 {
		return func() float64 { x := throws[0]; throws = throws[1:]; return x }
	}
	for name, c := range map[string]struct {
		pools  []Pool
		change func(c *Config)
		want   string
	}{
		"most free room":               {poolsOf(10, 30, 20), func(*Config) {}, "h@b#1"},
		"ties keep the order":          {poolsOf(10, 30, 30), func(*Config) {}, "h@b#1"},
		"all equal":                    {poolsOf(10, 10), func(*Config) {}, "h@b#0"},
		"least free room":              {poolsOf(20, 30, 10), func(c *Config) { c.CapacityWeightMultiplier = -1 }, "h@b#2"},
		"vague is last when spreading": {vague, func(*Config) {}, "h@b#1"},
		"vague is last when stacking":  {vague, func(c *Config) { c.CapacityWeightMultiplier = -1 }, "h@b#0"},
		"vague beside one":             {vague[2:], func(c *Config) { c.CapacityWeightMultiplier = -1 }, "h@b#2"},
		"fewest volumes":               {counted, func(c *Config) { c.Weighers = []string{"VolumeNumberWeigher"} }, "h@b#1"},
		"least allocated":              {counted, func(c *Config) { c.Weighers = []string{"AllocatedCapacityWeigher"} }, "h@b#0"},
		"chance":                       {counted, func(c *Config) { c.Weighers, c.Rand = []string{"ChanceWeigher"}, dice(0.1, 0.2, 0.9) }, "h@b#2"},
		"multiplied and added": {counted, func(c *Config) {
			c.Weighers, c.VolumeNumberMultiplier = []string{"AllocatedCapacityWeigher", "VolumeNumberWeigher"}, 0.5
			c.AllocatedCapacityWeightMultiplier = 1 // 0+0.5, 0.5+0, 1+0.25
		}, "h@b#2"},
		"no weighers": {poolsOf(10, 30), func(c *Config) { c.Weighers = []string{} }, "h@b#0"},
	} {
		cfg := DefaultConfig()
		c.change(&cfg)
		got, err := Pick(cfg, c.pools, Request{SizeGiB: 1})
		if err != nil || got.Host != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got.Host, err, c.want)
		}
	}
}

func TestTheSourcesBackendIsAllThatStays(t *testing.T) {
	t.Parallel()
	pools := append(poolsOf(10, 20), Pool{Host: "h@other#0", TotalGiB: GiB(1000), FreeGiB: GiB(900)})
	for _, c := range []struct {
		r    Request
		want string
	}{
		{Request{SizeGiB: 1}, "h@other#0"},
		{Request{SizeGiB: 1, OnlyBackend: "h@b"}, "h@b#1"},
		{Request{SizeGiB: 1, OnlyPool: "h@b#0"}, "h@b#0"},
	} {
		if got, err := Pick(DefaultConfig(), pools, c.r); err != nil || got.Host != c.want {
			t.Errorf("%+v: %q, %v", c.r, got.Host, err)
		}
	}
}

func TestNoValidBackendSaysWhichFilterRefusedWhat(t *testing.T) {
	t.Parallel()
	pools := append(poolsOf(1, 2, 3, 4, 5, 6), Pool{Host: "h@far#0", AvailabilityZone: "far"})
	_, err := Pick(DefaultConfig(), pools, Request{SizeGiB: 10, AvailabilityZone: "nova"})
	var none *NoValidBackend
	if !errors.As(err, &none) {
		t.Fatalf("got %v", err)
	}
	want := []Refusal{
		{"AvailabilityZoneFilter", []string{"h@far#0"}},
		{"CapacityFilter", []string{"h@b#0", "h@b#1", "h@b#2", "h@b#3", "h@b#4", "h@b#5"}},
	}
	if d := cmp.Diff(want, none.Refusals); d != "" {
		t.Error(d)
	}
	const log = "No valid backend was found. AvailabilityZoneFilter refused h@far#0; CapacityFilter refused h@b#0, h@b#1, h@b#2, h@b#3, h@b#4 and 1 more."
	if err.Error() != log {
		t.Errorf("log: %s", err)
	}
	if msg := none.UserMessage(); strings.Contains(msg, "@") || !strings.Contains(msg, "CapacityFilter refused 6 of 7 pools") {
		t.Errorf("user: %s", msg)
	}
	if _, err := Pick(DefaultConfig(), nil, Request{}); !errors.As(err, &none) || none.Pools != 0 {
		t.Errorf("without pools: %v", err)
	}
}

func TestConfigurationErrorsNameTheOptionAndWhatItAllows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cfg  Config
		want []string
	}{
		{Config{Filters: []string{"CapacityFiler"}}, []string{"scheduler_default_filters", `unknown "CapacityFiler"`, "AvailabilityZoneFilter, Cap"}},
		{Config{Weighers: []string{"Goodness"}}, []string{"scheduler_default_weighers", `unknown "Goodness"`, "CapacityWeigher"}},
		{Config{WeightHandler: "x.Stochastic"}, []string{"scheduler_weight_handler", `unknown "x.Stochastic"`, "cinder.scheduler.weights.stochastic.StochasticHostWeightHandler"}},
	} {
		for _, err := range []error{c.cfg.Check(), second(Pick(c.cfg, poolsOf(10), Request{}))} {
			for _, part := range c.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("%v does not say %q", err, part)
				}
			}
		}
	}
	if err := errors.Join(DefaultConfig().Check(), Config{}.Check()); err != nil {
		t.Error(err)
	}
}

func second(_ Pool, err error) error { return err }

var kinds = []CapacityKind{Known, Known, Known, Infinite, Unknown, Unreported}

func genPool(t *rapid.T) Pool {
	figure := func(label string) Capacity {
		return Capacity{rapid.Float64Range(0, 1000).Draw(t, label), rapid.SampledFrom(kinds).Draw(t, label+" kind")}
	}
	return Pool{
		Host:                     rapid.SampledFrom([]string{"a@x#1", "a@x#2", "a@y#1", "b@x#1"}).Draw(t, "host"),
		AvailabilityZone:         rapid.SampledFrom([]string{"nova", "far"}).Draw(t, "zone"),
		Stats:                    map[string]any{"name": rapid.SampledFrom([]any{"fast", "slow", nil, 3.0}).Draw(t, "name")},
		TotalGiB:                 figure("total"),
		FreeGiB:                  figure("free"),
		ProvisionedGiB:           rapid.Float64Range(0, 5000).Draw(t, "provisioned"),
		AllocatedGiB:             rapid.Float64Range(0, 5000).Draw(t, "allocated"),
		ReservedPercentage:       rapid.IntRange(0, 100).Draw(t, "reserved"),
		MaxOverSubscriptionRatio: Ratio{rapid.Float64Range(0, 30).Draw(t, "ratio"), rapid.Bool().Draw(t, "auto")},
		Thin:                     rapid.Bool().Draw(t, "thin"),
		VolumeCount:              rapid.IntRange(0, 9).Draw(t, "volumes"),
	}
}

func genRequest(t *rapid.T) Request {
	return Request{
		SizeGiB:          rapid.IntRange(0, 2000).Draw(t, "size"),
		AvailabilityZone: rapid.SampledFrom([]string{"", "nova", "far"}).Draw(t, "wanted zone"),
		ExtraSpecs:       rapid.SampledFrom([]map[string]string{nil, {"name": "fast"}, {"name": ">= 3"}, {thickSpec: "thick"}}).Draw(t, "specs"),
		Exclude:          rapid.SampledFrom([][]string{nil, {"a@x#1"}}).Draw(t, "exclude"),
		OnlyBackend:      rapid.SampledFrom([]string{"", "a@x"}).Draw(t, "only"),
		DifferentHost:    rapid.SampledFrom([][]string{nil, {volumeA}}).Draw(t, "different"),
		VolumeHosts:      map[string]string{volumeA: "a@x#2"},
	}
}

// Whatever the pools and the request: what is picked passes every filter by
// itself, and nothing is picked only when every pool is refused by one.
func TestPickNeverReturnsWhatAFilterRefuses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pools, r := rapid.SliceOfN(rapid.Custom(genPool), 0, 8).Draw(t, "pools"), genRequest(t)
		cfg := DefaultConfig()
		cfg.Filters = []string{"RetryFilter", "CapacityFilter", "AvailabilityZoneFilter", "CapabilitiesFilter", "DifferentBackendFilter"}
		cfg.Weighers = []string{"CapacityWeigher", "AllocatedCapacityWeigher", "VolumeNumberWeigher", "ChanceWeigher"}
		cfg.CapacityWeightMultiplier = rapid.SampledFrom([]float64{1, -1, 0}).Draw(t, "multiplier")
		good := func(p Pool) bool {
			for _, name := range cfg.Filters {
				if !passes(name, r, p) {
					return false
				}
			}
			return r.OnlyBackend == "" || strings.HasPrefix(p.Host, r.OnlyBackend+"#")
		}
		got, err := Pick(cfg, pools, r)
		if err == nil {
			if !good(got) {
				t.Fatalf("picked %+v", got)
			}
			return
		}
		var none *NoValidBackend
		if !errors.As(err, &none) {
			t.Fatal(err)
		}
		refused := 0
		for _, f := range none.Refusals {
			refused += len(f.Pools)
		}
		if refused != len(pools) {
			t.Errorf("%d of %d pools explained", refused, len(pools))
		}
		for _, p := range pools {
			if good(p) {
				t.Errorf("not picked: %+v", p)
			}
		}
	})
}

func BenchmarkPickOf1000Pools(b *testing.B) {
	pools := make([]Pool, 1000)
	for i := range pools {
		pools[i] = NewPool(fmt.Sprintf("host%d@lvm#pool", i), "nova", map[string]any{
			"total_capacity_gb": 10000.0, "free_capacity_gb": float64(i), "thin_provisioning_support": true,
			"volume_backend_name": "lvm", "multiattach": true, "storage_protocol": "iSCSI",
		}, number20())
	}
	r := Request{SizeGiB: 10, AvailabilityZone: "nova", ExtraSpecs: map[string]string{"volume_backend_name": "lvm", "multiattach": "<is> True", "storage_protocol": "iscsi"}}
	for b.Loop() {
		if _, err := Pick(DefaultConfig(), pools, r); err != nil {
			b.Fatal(err)
		}
	}
}
