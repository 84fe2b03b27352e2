package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
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
}

// Enforcer holds compiled rules. It is immutable, so any number of goroutines
// may ask it; a changed policy file makes a new one.
type Enforcer struct {
	rules map[string]check
}

// New compiles the defaults with the overrides. Every mistake is reported.
func New(o Options) (*Enforcer, error) {
	texts := make(map[string]string, len(defaults))
	for _, r := range defaults {
		texts[r.Name] = r.text(o.EnforceNewDefaults)
	}
	for name, text := range o.Overrides {
		texts[name] = text
	}
	return load(texts)
}

func (r Rule) text(newOnly bool) string {
	switch {
	case r.Older == nil || newOnly || r.Check == "":
		return r.Check
	case *r.Older == "":
		return "@"
	}
	return fmt.Sprintf("(%s) or (%s)", r.Check, *r.Older)
}

func load(texts map[string]string) (*Enforcer, error) {
	e := &Enforcer{rules: make(map[string]check, len(texts))}
	refers := make(map[string][]string, len(texts))
	var failed []error
	for name, text := range texts {
		c, refs, err := compile(text)
		if err != nil {
			failed = append(failed, fmt.Errorf("policy %s: %w", name, err))
			continue
		}
		e.rules[name], refers[name] = c, refs
	}
	if name := (&cycles{refers: refers}).find(); name != "" {
		failed = append(failed, fmt.Errorf("policy %s refers to itself", name))
	}
	if len(failed) > 0 {
		return nil, errors.Join(failed...)
	}
	return e, nil
}

// fallback is the rule that stands for those that do not exist.
const fallback = "default"

// cycles finds a rule that leads back to itself.
type cycles struct {
	refers map[string][]string
	state  map[string]bool // true while on the way, false when done
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
			next = fallback
		}
		if found := c.visit(next); found != "" {
			return found
		}
	}
	c.state[name] = false
	return ""
}

// rule finds a rule, else the one named default, else one that says no.
func (e *Enforcer) rule(name string) check {
	if c, ok := e.rules[name]; ok {
		return c
	}
	if c, ok := e.rules[fallback]; ok {
		return c
	}
	return never
}

// Allowed reports whether the rule lets c work on the target.
func (e *Enforcer) Allowed(rule string, c *Credentials, t Target) bool {
	return e.rule(rule)(e, c, t)
}

// Known reports whether the rule exists by itself.
func (e *Enforcer) Known(rule string) bool { return e.rules[rule] != nil }
