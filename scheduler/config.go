package scheduler

import (
	"errors"
	"slices"
)

// Config is what an operator decides about scheduling, by Cinder's options.
type Config struct {
	Filters  []string // scheduler_default_filters; nil is Cinder's default
	Weighers []string // scheduler_default_weighers; nil is Cinder's default

	WeightHandler string // scheduler_weight_handler; "" is Cinder's default

	CapacityWeightMultiplier          float64 // capacity_weight_multiplier
	AllocatedCapacityWeightMultiplier float64 // allocated_capacity_weight_multiplier
	VolumeNumberMultiplier            float64 // volume_number_multiplier

	// Rand throws the dice of ChanceWeigher and of the stochastic handler, 0 to
	// 1; nil is a good source.
	Rand func() float64
}

// DefaultConfig has Cinder's defaults.
func DefaultConfig() Config {
	return Config{
		Filters:                           defaultFilters,
		Weighers:                          defaultWeighers,
		CapacityWeightMultiplier:          1,
		AllocatedCapacityWeightMultiplier: -1,
		VolumeNumberMultiplier:            -1,
	}
}

// Check says what is wrong with a configuration, all at once; each error names
// the option and what it allows.
func (c Config) Check() error {
	_, ferr := c.filters()
	_, werr := c.weighers()
	_, herr := c.stochastic()
	return errors.Join(ferr, werr, herr)
}

type namedFilter struct {
	name    string
	prepare filter
}

func (c Config) filters() ([]namedFilter, error) {
	names := c.Filters
	if names == nil {
		names = defaultFilters
	}
	var found []namedFilter
	for _, name := range names {
		f, err := find("scheduler_default_filters", name, filters)
		if err != nil {
			return nil, err
		}
		found = append(found, namedFilter{name, f})
	}
	return found, nil
}

func (c Config) weighers() ([]weighing, error) {
	names := c.Weighers
	if names == nil {
		names = defaultWeighers
	}
	var found []weighing
	for _, name := range names {
		w, err := find("scheduler_default_weighers", name, weighers)
		if err != nil {
			return nil, err
		}
		found = append(found, w)
	}
	return found, nil
}

// uses reports whether a filter is configured.
func (c *Config) uses(filter string) bool {
	return slices.Contains(c.Filters, filter)
}
