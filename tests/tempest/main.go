package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// suites are the sets of tests, in the order in which they run. Those of
// Tempest's API are what the service is measured by.
var suites = []suite{
	{"api", `^tempest\.api\.volume`},
	{"plugin", `^cinder_tempest_plugin\.`},
	{"scenario", `^tempest\.scenario\.test_(encrypted_cinder_volumes|minimum_basic|shelve_instance|snapshot_pattern|stamp_pattern|volume)`},
}

// suite is a set of tests, by a pattern of their names.
type suite struct{ name, pattern string }

// options of a run.
type options struct {
	suites  string
	only    string
	workers int
	logs    string
	hold    bool
	guide   string
}

func main() {
	var o options
	flag.StringVar(&o.suites, "suites", "api,plugin,scenario", "sets of tests, separated by commas: api, plugin (cinder-tempest-plugin), scenario")
	flag.StringVar(&o.only, "only", "", "regular expression of the tests to run, in the place of suites")
	flag.IntVar(&o.workers, "workers", 2, "tests that run at once")
	flag.StringVar(&o.logs, "logs", "", "folder to leave the logs in when tests fail (default: none are left)")
	flag.BoolVar(&o.hold, "hold", false, "leave the cloud running after the tests until interrupted")
	flag.StringVar(&o.guide, "guide", "", "run no tests but the commands of this guide, in a root of their own: see guide.sh")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	do := func(p *program) { p.all(o) }
	if o.guide != "" {
		do = func(p *program) { p.guide(o.guide) }
	}
	if !runProgram(ctx, do) {
		fmt.Fprintln(os.Stderr, "tempest: failed")
		os.Exit(1)
	}
}

func (p *program) all(o options) {
	began := time.Now()
	c := startCloud(p)
	fmt.Printf("The cloud is up after %.0f s.\n", time.Since(began).Seconds())
	w := newWorkspace(p, c, o.workers)
	for _, s := range o.chosen() {
		w.run(s.name, s.pattern)
	}
	fmt.Printf("Left out, since there are no guests to log in to:\n%s", leftOut())
	fmt.Printf("All of it took %.0f s.\n", time.Since(began).Seconds())
	if o.logs != "" && w.bad {
		c.saveLogs(o.logs)
	}
	if o.hold {
		fmt.Printf("The cloud stays until it is interrupted. To run tests:\n  cd %s && %s stestr run PATTERN\n", w.dir, strings.Join(w.variables(), " "))
		<-p.Context().Done()
	}
	if w.bad {
		p.endBadly()
	}
}

// chosen are the sets to run.
func (o *options) chosen() []suite {
	if o.only != "" {
		return []suite{{"only", o.only}}
	}
	return slices.DeleteFunc(slices.Clone(suites), func(s suite) bool { return !slices.Contains(strings.Split(o.suites, ","), s.name) })
}

// leftOut are the patterns of excludes.txt.
func leftOut() string {
	var b strings.Builder
	for line := range strings.Lines(string(excludes)) {
		if !strings.HasPrefix(line, "#") {
			b.WriteString("  " + strings.ReplaceAll(line, `\`, ""))
		}
	}
	return b.String()
}
