package scheduler

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Names of scheduler_weight_handler; the module in front of the class may be
// left out.
const (
	orderedHandler    = "OrderedHostWeightHandler"
	stochasticHandler = "StochasticHostWeightHandler"
)

// stochastic reports which handler is configured; "" is the ordered one.
func (c Config) stochastic() (bool, error) {
	switch c.WeightHandler[strings.LastIndexByte(c.WeightHandler, '.')+1:] {
	case "", orderedHandler:
		return false, nil
	case stochasticHandler:
		return true, nil
	}
	return false, fmt.Errorf("option scheduler_weight_handler: unknown %q; allowed are cinder.scheduler.weights.%s and cinder.scheduler.weights.stochastic.%s",
		c.WeightHandler, orderedHandler, stochasticHandler)
}

func (c *Config) dice() func() float64 {
	if c.Rand == nil {
		return rand.Float64
	}
	return c.Rand
}

// best is the index of the highest score, the earliest of several.
func best(scores []float64) int {
	top := 0
	for i, s := range scores {
		if s > scores[top] {
			top = i
		}
	}
	return top
}

// draw is an index, each with a chance as big as its score; throw is 0 to 1.
func draw(scores []float64, throw float64) int {
	total := 0.0
	for _, s := range scores {
		total += s
	}
	mark, sum := throw*total, 0.0
	for i, s := range scores {
		if sum += s; sum > mark {
			return i
		}
	}
	return 0
}
