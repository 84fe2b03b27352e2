package scheduler

import "testing"

func number20() Ratio { return Ratio{Number: 20} }

func TestCapacityFilter(t *testing.T) {
	t.Parallel()
	thick := map[string]string{"provisioning:type": "thick"}
	for name, c := range map[string]struct {
		p     Pool
		size  int
		specs map[string]string
		want  bool
	}{
		"takes over without asking":     {Pool{FreeGiB: Capacity{Kind: Unreported}}, 0, nil, true},
		"never reported":                {Pool{TotalGiB: GiB(10), FreeGiB: Capacity{Kind: Unreported}}, 1, nil, false},
		"infinite":                      {Pool{FreeGiB: Capacity{Kind: Infinite}}, 1, nil, true},
		"unknown":                       {Pool{FreeGiB: Capacity{Kind: Unknown}}, 1, nil, true},
		"total unknown":                 {Pool{TotalGiB: Capacity{Kind: Unknown}, FreeGiB: GiB(1)}, 5, nil, true},
		"a share of an unknown total":   {Pool{TotalGiB: Capacity{Kind: Unknown}, FreeGiB: GiB(1), ReservedPercentage: 1}, 5, nil, false},
		"no total":                      {Pool{FreeGiB: GiB(10)}, 1, nil, false},
		"thick, just fits":              {Pool{TotalGiB: GiB(100), FreeGiB: GiB(10)}, 10, nil, true},
		"thick, just not":               {Pool{TotalGiB: GiB(100), FreeGiB: GiB(9.99)}, 10, nil, false},
		"thick, promised already":       {Pool{TotalGiB: GiB(100), FreeGiB: GiB(90), ProvisionedGiB: 95}, 10, nil, false},
		"thick, reserved":               {Pool{TotalGiB: GiB(100), FreeGiB: GiB(100), ReservedPercentage: 10}, 91, nil, false},
		"the reserve is rounded down":   {Pool{TotalGiB: GiB(19), FreeGiB: GiB(19), ReservedPercentage: 10}, 18, nil, true},
		"thin beyond total":             {Pool{Thin: true, MaxOverSubscriptionRatio: number20(), TotalGiB: GiB(100), FreeGiB: GiB(1)}, 2000, nil, true},
		"thin beyond its ratio":         {Pool{Thin: true, MaxOverSubscriptionRatio: number20(), TotalGiB: GiB(100), FreeGiB: GiB(1)}, 2001, nil, false},
		"thin, promised already":        {Pool{Thin: true, MaxOverSubscriptionRatio: number20(), TotalGiB: GiB(100), ProvisionedGiB: 1995}, 6, nil, false},
		"thin with a reserve":           {Pool{Thin: true, MaxOverSubscriptionRatio: number20(), TotalGiB: GiB(100), ReservedPercentage: 50}, 1001, nil, false},
		"thin, ratio 1":                 {Pool{Thin: true, MaxOverSubscriptionRatio: Ratio{Number: 1}, TotalGiB: GiB(100)}, 100, nil, true},
		"thin, ratio below 1":           {Pool{Thin: true, MaxOverSubscriptionRatio: Ratio{Number: 0.5}, TotalGiB: GiB(100)}, 1, nil, false},
		"thin, everything is reserved":  {Pool{Thin: true, MaxOverSubscriptionRatio: number20(), TotalGiB: GiB(100), ReservedPercentage: 100}, 1, nil, false},
		"a thick type on a thin pool":   {Pool{Thin: true, MaxOverSubscriptionRatio: number20(), TotalGiB: GiB(100), FreeGiB: GiB(1)}, 2, thick, false},
		"a thick type that fits":        {Pool{Thin: true, MaxOverSubscriptionRatio: Ratio{Number: 0.5}, TotalGiB: GiB(100), FreeGiB: GiB(2)}, 2, thick, true},
		"auto, nothing provisioned yet": {Pool{Thin: true, MaxOverSubscriptionRatio: Ratio{Auto: true}, TotalGiB: GiB(100), FreeGiB: GiB(100)}, 2000, nil, true},
		// 99 used: ratio 1+300/(99+1) = 4, so 400 available, 100 of it virtually free.
		"auto, just fits": {Pool{Thin: true, MaxOverSubscriptionRatio: Ratio{Auto: true}, TotalGiB: GiB(100), FreeGiB: GiB(1), ProvisionedGiB: 300}, 100, nil, true},
		"auto, just not":  {Pool{Thin: true, MaxOverSubscriptionRatio: Ratio{Auto: true}, TotalGiB: GiB(100), FreeGiB: GiB(1), ProvisionedGiB: 300}, 101, nil, false},
	} {
		if got := passes("CapacityFilter", Request{SizeGiB: c.size, ExtraSpecs: c.specs}, c.p); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOverSubscriptionRatio(t *testing.T) {
	t.Parallel()
	auto := Ratio{Auto: true}
	for name, c := range map[string]struct {
		p    Pool
		want float64
	}{
		"a number":           {Pool{MaxOverSubscriptionRatio: Ratio{Number: 7}}, 7},
		"auto without thin":  {Pool{MaxOverSubscriptionRatio: auto, TotalGiB: GiB(10)}, 1},
		"auto, infinite":     {Pool{MaxOverSubscriptionRatio: auto, Thin: true, TotalGiB: Capacity{Kind: Infinite}}, 1},
		"auto, unknown":      {Pool{MaxOverSubscriptionRatio: auto, Thin: true, FreeGiB: Capacity{Kind: Unknown}}, 1},
		"auto, empty":        {Pool{MaxOverSubscriptionRatio: auto, Thin: true, TotalGiB: GiB(10), FreeGiB: GiB(10)}, 20},
		"auto, rounded":      {Pool{MaxOverSubscriptionRatio: auto, Thin: true, TotalGiB: GiB(10), FreeGiB: GiB(8), ProvisionedGiB: 10}, 4.33},
		"auto, a mad report": {Pool{MaxOverSubscriptionRatio: auto, Thin: true, TotalGiB: GiB(10), FreeGiB: GiB(11), ProvisionedGiB: 10}, 20},
	} {
		if got := c.p.overSubscription(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestReportsAreReadWithCindersDefaults(t *testing.T) {
	t.Parallel()
	empty := NewPool("h@b#p", "nova", nil, number20())
	if empty.TotalGiB != GiB(0) || empty.FreeGiB != GiB(0) || empty.MaxOverSubscriptionRatio != number20() || empty.Thin || !empty.OnlineExtend {
		t.Errorf("an empty report became %+v", empty)
	}
	full := NewPool("h@b#p", "nova", map[string]any{
		"total_capacity_gb": "infinite", "free_capacity_gb": nil, "allocated_capacity_gb": 7.0, "reserved_percentage": 120.0,
		"max_over_subscription_ratio": "1.5", "thin_provisioning_support": "True", "multiattach": true, "online_extend_support": false,
	}, number20())
	if full.TotalGiB.Kind != Infinite || full.FreeGiB.Kind != Unreported || full.ProvisionedGiB != 7 || full.ReservedPercentage != 100 ||
		full.MaxOverSubscriptionRatio != (Ratio{Number: 1.5}) || !full.Thin || !full.Multiattach || full.OnlineExtend {
		t.Errorf("read as %+v", full)
	}
	if auto := NewPool("", "", map[string]any{"max_over_subscription_ratio": "auto"}, number20()); !auto.MaxOverSubscriptionRatio.Auto {
		t.Error("auto was not read")
	}
}

func TestParseRatio(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Ratio{"auto": {Auto: true}, "20.0": {Number: 20}, "1": {Number: 1}, "0.5": {}, "NaN": {}, "inf": {}, "": {}} {
		if got, ok := ParseRatio(s); got != want || ok != (want != Ratio{}) {
			t.Errorf("%q: %v %v", s, got, ok)
		}
	}
}
