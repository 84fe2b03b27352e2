package scheduler

import (
	"math"
	"strconv"
	"strings"
)

// Pool is one pool as its worker last reported it.
type Pool struct {
	Host             string // host@backend#pool
	Cluster          string // cluster@backend#pool, "" when it is in none
	AvailabilityZone string
	Stats            map[string]any // the report: Cinder's keys, values as JSON decodes them

	TotalGiB, FreeGiB            Capacity
	AllocatedGiB, ProvisionedGiB float64
	ReservedPercentage           int
	MaxOverSubscriptionRatio     Ratio
	Thin, Thick, Multiattach     bool
	OnlineExtend                 bool
	VolumeCount                  int
}

// Capacity is a number of GiB, or one of the words a backend may say instead.
// The zero value is 0 GiB.
type Capacity struct {
	GiB  float64
	Kind CapacityKind
}

// CapacityKind says what a backend knows of a capacity.
type CapacityKind uint8

// A capacity is a known number, or one of these words; Unreported is free_capacity_gb before any report.
const (
	Known CapacityKind = iota
	Infinite
	Unknown
	Unreported
)

// GiB is a known capacity.
func GiB(n float64) Capacity { return Capacity{GiB: n} }

func (c Capacity) vague() bool { return c.Kind == Infinite || c.Kind == Unknown }

// Ratio is max_over_subscription_ratio: a number, or the text auto.
type Ratio struct {
	Number float64
	Auto   bool
}

// ParseRatio reads a number of at least 1 or the word auto.
func ParseRatio(s string) (Ratio, bool) {
	if s == "auto" {
		return Ratio{Auto: true}, true
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || n < 1 {
		return Ratio{}, false
	}
	return Ratio{Number: n}, true
}

// backend cuts host@backend#pool down to host@backend.
func backend(host string) string {
	b, _, _ := strings.Cut(host, "#")
	return b
}
