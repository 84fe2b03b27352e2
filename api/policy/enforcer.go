package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Rule is a default of upstream: its check, and the older one that is allowed
// beside it until enforce_new_defaults is set.
type Rule struct {
	Name  string
	Check string
	// Older is nil when upstream has no older check.
	Older *string
}

// Options of an Enforcer.
type Options struct {
	// EnforceNewDefaults leaves the older checks out.
	EnforceNewDefaults bool
	// Overrides replace defaults by name, as a policy file does.
	Overrides map[string]string
	// Sources says where each override was found.
	Sources map[string]string
	// Fallback names the rule that stands for those that do not exist; empty
	// is "default".
	Fallback string
}

// Enforcer holds compiled rules. It is immutable, so any number of goroutines
// may ask it; a changed policy file makes a new one.
type Enforcer struct {
	rules    map[string]check
	texts    map[string]text
	fallback string
	warnings []string
}

// text is a rule before it is compiled, and where it comes from.
type text struct{ check, source string }

// New compiles the defaults with the overrides. Every mistake is reported.
func New(o Options) (*Enforcer, error) {
	e := &Enforcer{rules: make(map[string]check, len(defaults)), texts: make(map[string]text, len(defaults)), fallback: o.Fallback}
	if e.fallback == "" {
		e.fallback = "default"
	}
	for _, r := range defaults {
		e.texts[r.Name] = r.text(o.EnforceNewDefaults)
	}
	e.rename(o)
	for name, check := range o.Overrides {
		e.texts[name] = text{check, o.Sources[name]}
	}
	refers, err := e.compile()
	if err != nil {
		return nil, err
	}
	e.warn(o.Overrides, refers)
	return e, nil
}

func (r Rule) text(newOnly bool) text {
	switch {
	case r.Older == nil || newOnly || r.Check == "" || *r.Older == r.Check:
		return text{r.Check, "default"}
	case *r.Older == "":
		return text{"@", "default, older check"}
	}
	return text{fmt.Sprintf("(%s) or (%s)", r.Check, *r.Older), "default or older check"}
}

// rename lets an override by a rule's older name count for the rule.
func (e *Enforcer) rename(o Options) {
	for name, older := range olderNames {
		check, ok := o.Overrides[older]
		if !ok {
			continue
		}
		if _, both := o.Overrides[name]; both || check == "rule:"+name {
			continue
		}
		e.texts[name] = text{check, strings.TrimSpace(o.Sources[older] + " by its older name " + older)}
		e.warnings = append(e.warnings, fmt.Sprintf("rule %s is called %s now", older, name))
	}
}

func (e *Enforcer) compile() (refers map[string][]string, err error) {
	refers = make(map[string][]string, len(e.texts))
	var failed []error
	for name, text := range e.texts {
		c, refs, err := compile(text.check)
		if err != nil {
			failed = append(failed, fmt.Errorf("policy %s: %w", name, err))
			continue
		}
		e.rules[name], refers[name] = c, refs
	}
	if name := (&cycles{refers: refers, fallback: e.fallback}).find(); name != "" {
		failed = append(failed, fmt.Errorf("policy %s refers to itself", name))
	}
	return refers, errors.Join(failed...)
}

// warn notes what is allowed and probably not meant.
func (e *Enforcer) warn(overrides map[string]string, refers map[string][]string) {
	asked := map[string]bool{e.fallback: true}
	for _, r := range defaults {
		asked[r.Name] = true
	}
	for _, older := range olderNames {
		asked[older] = true
	}
	for name, refs := range refers {
		for _, ref := range refs {
			if asked[ref] = true; e.rules[ref] == nil {
				e.warnings = append(e.warnings, fmt.Sprintf("rule %s refers to %s, which does not exist", name, ref))
			}
		}
	}
	for name := range overrides {
		if !asked[name] {
			e.warnings = append(e.warnings, fmt.Sprintf("nothing asks for a rule named %s", name))
		}
	}
	slices.Sort(e.warnings)
}

// Warnings are sentences about rules that are probably not what was meant.
func (e *Enforcer) Warnings() []string { return e.warnings }

// Current is e itself: an Enforcer that never changes is a Source.
func (e *Enforcer) Current() *Enforcer { return e }

// Source gives the rules that hold now.
type Source interface{ Current() *Enforcer }

// Effective is a rule as it holds.
type Effective struct{ Name, Check, Source string }

// Rules are all that hold, by name.
func (e *Enforcer) Rules() []Effective {
	var out []Effective
	for _, name := range slices.Sorted(maps.Keys(e.texts)) {
		out = append(out, Effective{name, e.texts[name].check, e.texts[name].source})
	}
	return out
}

// cycles finds a rule that leads back to itself.
type cycles struct {
	refers   map[string][]string
	fallback string
	state    map[string]bool // true while on the way, false when done
}

func (c *cycles) find() string {
	c.state = make(map[string]bool, len(c.refers))
	for _, name := range slices.Sorted(maps.Keys(c.refers)) {
		if found := c.visit(name); found != "" {
			return found
		}
	}
	return ""
}

func (c *cycles) visit(name string) string {
	onTheWay, seen := c.state[name]
	if seen {
		if onTheWay {
			return name
		}
		return ""
	}
	c.state[name] = true
	for _, next := range c.refers[name] {
		if _, ok := c.refers[next]; !ok {
			next = c.fallback
		}
		if found := c.visit(next); found != "" {
			return found
		}
	}
	c.state[name] = false
	return ""
}

// rule finds a rule, else the fallback, else one that says no.
func (e *Enforcer) rule(name string) check {
	if c, ok := e.rules[name]; ok {
		return c
	}
	if c, ok := e.rules[e.fallback]; ok {
		return c
	}
	return never
}

// Allowed reports whether the rule lets c work on the target.
func (e *Enforcer) Allowed(rule string, c *Credentials, t Target) bool {
	return e.rule(rule).ok(e, c, t)
}

// Known reports whether the rule exists by itself.
func (e *Enforcer) Known(rule string) bool { return e.rules[rule] != nil }
