package policy

import (
	"fmt"
	"strings"
)

// Explain says whether a rule allows something and which of its checks decide:
// one line for each check, indented below what it is a part of.
func (e *Enforcer) Explain(rule string, c *Credentials, t Target) (allowed bool, why string) {
	x := explainer{e: e, c: c, t: t}
	x.rule(rule, 0)
	return e.Allowed(rule, c, t), x.out.String()
}

type explainer struct {
	e   *Enforcer
	c   *Credentials
	t   Target
	out strings.Builder
}

func (x *explainer) line(depth int, what string, ok bool, note string) {
	answer := "no"
	if ok {
		answer = "yes"
	}
	if note != "" {
		note = "  (" + note + ")"
	}
	fmt.Fprintf(&x.out, "%s%-3s %s%s\n", strings.Repeat("  ", depth), answer, what, note)
}

func (x *explainer) rule(name string, depth int) {
	check, source := x.e.rule(name), x.e.texts[name].source
	switch {
	case x.e.rules[name] != nil:
	case x.e.rules[x.e.fallback] != nil:
		source = "does not exist: rule " + x.e.fallback + " stands for it"
	default:
		source = "does not exist"
	}
	x.line(depth, "rule:"+name, check.ok(x.e, x.c, x.t), source)
	x.check(check, depth+1)
}

func (x *explainer) check(c check, depth int) {
	ok := c.ok(x.e, x.c, x.t)
	switch v := c.(type) {
	case refersTo:
		x.rule(string(v), depth)
	case both:
		x.line(depth, "all of", ok, "")
		x.parts(v, depth+1)
	case either:
		x.line(depth, "any of", ok, "")
		x.parts(v, depth+1)
	case negation:
		x.line(depth, "not", ok, "")
		x.check(v.a, depth+1)
	default:
		x.line(depth, c.String(), ok, x.compared(c))
	}
}

// parts shows "a and b and c" as three parts of one thing.
func (x *explainer) parts(c check, depth int) {
	var a, b check
	switch v := c.(type) {
	case both:
		a, b = v.a, v.b
		if _, same := a.(both); same {
			x.parts(a, depth)
			a = nil
		}
	case either:
		a, b = v.a, v.b
		if _, same := a.(either); same {
			x.parts(a, depth)
			a = nil
		}
	}
	if a != nil {
		x.check(a, depth)
	}
	x.check(b, depth)
}

// compared says what stood on both sides.
func (x *explainer) compared(c check) string {
	switch v := c.(type) {
	case hasRole:
		return "the caller's roles: " + orNone(strings.Join(x.c.Roles, ", "))
	case attribute:
		got, _ := x.c.attribute(v.kind)
		want, ok := v.want.in(x.t)
		if !ok {
			return "the target has none"
		}
		return fmt.Sprintf("the caller's is %s, wanted is %s", orNone(got), orNone(want))
	case literal:
		got, _ := v.want.in(x.t)
		return "the target's is " + orNone(got)
	}
	return ""
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
