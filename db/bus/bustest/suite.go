// Package bustest is the one suite that every message bus passes.
package bustest

import (
	"testing"

	"github.com/clinker-io/clinker/db/bus"
)

// Factory returns a function that joins one and the same bus, again and again;
// what it opened is closed by the test's cleanup.
type Factory func(t *testing.T) func() bus.Bus

// Run runs the suite; every case has a bus of its own.
func Run(t *testing.T, f Factory) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, join func() bus.Bus)
	}{
		{"a wake-up arrives with its id", arrives},
		{"those who serve one queue share it", shared},
		{"a queue gets its own wake-ups only", separate},
		{"what failed comes again", comesAgain},
		{"what always fails is given up", givenUp},
		{"a queue keeps its wake-ups while nobody serves it", kept},
		{"a queue that was never served returns its wake-ups", returned},
		{"a private queue goes with its owner", private},
		{"an ended context ends Serve without an error", contextEnds},
		{"Close ends Serve and refuses what comes after", closes},
		{"names are bounded", bounded},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, f(t))
		})
	}
}
