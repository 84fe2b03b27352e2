package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// What a test came to, in stestr's words.
const (
	passed  = "ok"
	failed  = "FAILED"
	skipped = "SKIPPED"
)

// test is one, or the preparation of a class of them.
type test struct{ name, result, reason string }

var testLine = regexp.MustCompile(`^\{\d+\} (.+?)(?: \[[0-9.]+s\])? \.\.\. (ok|FAILED|SKIPPED)(?:: (.*))?$`)

// totalsLine is what stestr counts in the end.
var totalsLine = regexp.MustCompile(`(?m)^Ran: (\d+) tests`)

// parseTest reads a line that stestr prints for a test.
func parseTest(line string) (test, bool) {
	m := testLine.FindStringSubmatch(line)
	if m == nil {
		return test{}, false
	}
	return test{m[1], m[2], m[3]}, true
}

// results are those of one set of tests.
type results struct {
	name  string
	tests []test
	took  time.Duration
}

func (r *results) count(result string) int {
	n := 0
	for _, t := range r.tests {
		if t.result == result {
			n++
		}
	}
	return n
}

// skip is a reason for which a test may be skipped.
type skip struct{ name, reason *regexp.Regexp }

//go:embed skips.txt
var skipsText string

// allowedSkips reads skips.txt: a pattern of tests and one of reasons a line,
// a tab between them.
func allowedSkips(p *program) []skip {
	var all []skip
	for line := range strings.Lines(skipsText) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, ok := strings.Cut(line, "\t")
		if !ok {
			p.Fatalf("skips.txt: no tab in %q", line)
		}
		all = append(all, skip{regexp.MustCompile(name), regexp.MustCompile(reason)})
	}
	return all
}

func (w *workspace) mayBeSkipped(t test) bool {
	for _, s := range w.allowed {
		if s.name.MatchString(t.name) && s.reason.MatchString(t.reason) {
			return true
		}
	}
	return false
}

// report prints the totals, the skipped and the details of what failed.
func (w *workspace) report(r *results, rest string) {
	if r.count(failed) > 0 {
		fmt.Println(rest)
		w.bad = true
	}
	if m := totalsLine.FindStringSubmatch(rest); m == nil || m[1] != fmt.Sprint(len(r.tests)) {
		fmt.Printf("%d tests were read of stestr's output, of %v\n", len(r.tests), m)
		w.bad = true
	}
	fmt.Printf("\n%s: %d passed, %d failed, %d skipped in %.0f s with %d workers\n", r.name, r.count(passed), r.count(failed), r.count(skipped),
		r.took.Seconds(), w.workers)
	for _, t := range r.tests {
		switch t.result {
		case failed:
			fmt.Println("  failed:", t.name)
		case skipped:
			fmt.Printf("  skipped: %s: %s\n", t.name, t.reason)
			if !w.mayBeSkipped(t) {
				fmt.Println("    skips.txt does not allow that")
				w.bad = true
			}
		}
	}
}
