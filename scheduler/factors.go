package scheduler

import "math"

const (
	// autoRatio is max_over_subscription_ratio=auto while nothing is provisioned.
	autoRatio = 20.0
	thickSpec = "provisioning:type"
)

// factors are the figures that Cinder computes of a pool, in GiB, rounded to
// two decimals. They mean nothing when the total or free capacity is not known.
type factors struct {
	thin        bool
	available   float64 // what may be promised altogether
	virtualFree float64 // what may still be promised
}

// thick reports whether the type insists on thick provisioning.
func (r *Request) thick() bool { return r.ExtraSpecs[thickSpec] == "thick" }

func (p *Pool) factors(wantsThin bool) factors {
	total := p.TotalGiB.GiB
	usable := total - math.Floor(total*float64(p.ReservedPercentage)/100)
	f := factors{thin: wantsThin && p.Thin, available: usable}
	if f.thin {
		f.available = usable * p.overSubscription()
		f.virtualFree = f.available - p.ProvisionedGiB
	} else {
		f.virtualFree = min(p.FreeGiB.GiB, usable-p.ProvisionedGiB)
	}
	f.available, f.virtualFree = round2(f.available), round2(f.virtualFree)
	return f
}

// overSubscription is max_over_subscription_ratio as a number. With auto it
// follows from how thin the volumes made so far have stayed.
func (p *Pool) overSubscription() float64 {
	switch {
	case !p.MaxOverSubscriptionRatio.Auto:
		return p.MaxOverSubscriptionRatio.Number
	case !p.Thin || p.TotalGiB.vague() || p.FreeGiB.vague():
		return 1
	case p.ProvisionedGiB == 0:
		return autoRatio
	}
	used := p.TotalGiB.GiB - p.FreeGiB.GiB + 1
	if used <= 0 { // free beyond total: a report that cannot be
		return autoRatio
	}
	return round2(1 + p.ProvisionedGiB/used)
}

func round2(x float64) float64 { return math.RoundToEven(x*100) / 100 }
