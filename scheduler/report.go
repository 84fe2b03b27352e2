package scheduler

import (
	"math"
	"strconv"
	"strings"
)

// NewPool reads a worker's report of one pool. What is missing or malformed
// counts as Cinder's default for it; fallback is the option
// max_over_subscription_ratio of the scheduler, for pools that report none.
func NewPool(host, zone string, stats map[string]any, fallback Ratio) Pool {
	p := Pool{
		Host:                     host,
		AvailabilityZone:         zone,
		Stats:                    stats,
		TotalGiB:                 capacity(stats, "total_capacity_gb"),
		FreeGiB:                  capacity(stats, "free_capacity_gb"),
		ReservedPercentage:       percentage(stats["reserved_percentage"]),
		MaxOverSubscriptionRatio: ratio(stats["max_over_subscription_ratio"], fallback),
		Thin:                     flag(stats, "thin_provisioning_support", false),
		Thick:                    flag(stats, "thick_provisioning_support", false),
		Multiattach:              flag(stats, "multiattach", false),
		OnlineExtend:             flag(stats, "online_extend_support", true),
	}
	p.AllocatedGiB, _ = number(stats["allocated_capacity_gb"])
	var reported bool
	if p.ProvisionedGiB, reported = number(stats["provisioned_capacity_gb"]); !reported {
		p.ProvisionedGiB = p.AllocatedGiB
	}
	return p
}

// capacity reads a number or a word; a key that is there and null was never reported.
func capacity(stats map[string]any, key string) Capacity {
	v, there := stats[key]
	if there && v == nil {
		return Capacity{Kind: Unreported}
	}
	switch v {
	case "infinite":
		return Capacity{Kind: Infinite}
	case "unknown":
		return Capacity{Kind: Unknown}
	}
	n, _ := number(v)
	return GiB(n)
}

// number reads what JSON or a driver may hold a number in; never NaN or infinity.
func number(v any) (float64, bool) {
	var n float64
	switch v := v.(type) {
	case float64:
		n = v
	case bool: // as Python counts
		if v {
			n = 1
		}
	case int:
		n = float64(v)
	case int64:
		n = float64(v)
	case string:
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || strings.ContainsAny(v, "xX_") { // hexadecimal is Go's alone
			return 0, false
		}
		n = f
	default:
		return 0, false
	}
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false
	}
	return n, true
}

func percentage(v any) int {
	n, _ := number(v)
	return int(min(max(n, 0), 100))
}

func ratio(v any, fallback Ratio) Ratio {
	if v == "auto" {
		return Ratio{Auto: true}
	}
	// Below 1 it is taken as it is: CapacityFilter refuses such a thin pool.
	if n, ok := number(v); ok {
		return Ratio{Number: n}
	}
	return fallback
}

func flag(stats map[string]any, key string, otherwise bool) bool {
	switch v := stats[key].(type) {
	case bool:
		return v
	case string:
		return truth(v)
	}
	return otherwise
}
