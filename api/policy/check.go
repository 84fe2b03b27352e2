package policy

import "strings"

// Credentials are what a rule may ask of the caller, by oslo.policy's names.
type Credentials struct {
	UserID         string
	ProjectID      string
	DomainID       string
	SystemScope    string
	Roles          []string
	IsAdmin        bool
	IsAdminProject bool
}

// Target is what the call works on: project_id, user_id and the like.
type Target map[string]string

// check is one compiled rule or a part of one.
type check interface {
	ok(e *Enforcer, c *Credentials, t Target) bool
	// String is the check as it stands in a rule.
	String() string
}

type (
	// constant is @ (true) or ! (false).
	constant bool
	both     struct{ a, b check }
	either   struct{ a, b check }
	negation struct{ a check }
	// refersTo asks another rule.
	refersTo string
	// hasRole compares without regard to case, as oslo.policy does.
	hasRole struct{ want pattern }
	// attribute compares a credential with a text.
	attribute struct {
		kind string
		want pattern
	}
	// literal compares a text constant ('Member':%(role.name)s) with the target.
	literal struct {
		constant string
		quote    byte
		want     pattern
	}
)

const (
	always = constant(true)
	never  = constant(false)
)

func (k constant) ok(*Enforcer, *Credentials, Target) bool { return bool(k) }

func (k constant) String() string {
	if k {
		return "@"
	}
	return "!"
}

func (x both) ok(e *Enforcer, c *Credentials, t Target) bool {
	return x.a.ok(e, c, t) && x.b.ok(e, c, t)
}
func (x both) String() string { return "(" + x.a.String() + " and " + x.b.String() + ")" }

func (x either) ok(e *Enforcer, c *Credentials, t Target) bool {
	return x.a.ok(e, c, t) || x.b.ok(e, c, t)
}
func (x either) String() string { return "(" + x.a.String() + " or " + x.b.String() + ")" }

func (x negation) ok(e *Enforcer, c *Credentials, t Target) bool { return !x.a.ok(e, c, t) }
func (x negation) String() string                                { return "not " + x.a.String() }

func (name refersTo) ok(e *Enforcer, c *Credentials, t Target) bool {
	return e.rule(string(name)).ok(e, c, t)
}
func (name refersTo) String() string { return "rule:" + string(name) }

func (x hasRole) ok(_ *Enforcer, c *Credentials, t Target) bool {
	want, ok := x.want.in(t)
	if !ok {
		return false
	}
	for _, r := range c.Roles {
		if strings.EqualFold(r, want) {
			return true
		}
	}
	return false
}

func (x hasRole) String() string { return "role:" + x.want.String() }

// ok: what is not there matches nothing.
func (x attribute) ok(_ *Enforcer, c *Credentials, t Target) bool {
	want, ok := x.want.in(t)
	if !ok {
		return false
	}
	got, ok := c.attribute(x.kind)
	return ok && got == want
}

func (x attribute) String() string { return x.kind + ":" + x.want.String() }

func (x literal) ok(_ *Enforcer, _ *Credentials, t Target) bool {
	got, ok := x.want.in(t)
	return ok && got == x.constant
}

func (x literal) String() string {
	return string(x.quote) + x.constant + string(x.quote) + ":" + x.want.String()
}

// attribute is a credential as Python prints it; an unset one is absent.
func (c *Credentials) attribute(name string) (string, bool) {
	text := func(s string) (string, bool) { return s, s != "" }
	switch name {
	case "user_id", "user":
		return text(c.UserID)
	case "project_id", "tenant", "tenant_id":
		return text(c.ProjectID)
	case "domain_id":
		return text(c.DomainID)
	case "system_scope":
		return text(c.SystemScope)
	case "is_admin":
		return python(c.IsAdmin), true
	case "is_admin_project":
		return python(c.IsAdminProject), true
	}
	return "", false
}

func python(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// pattern is a text in which %(name)s stands for a value of the target: even
// parts are text, odd ones names.
type pattern []string

func newPattern(text string) pattern {
	before, rest, found := strings.Cut(text, "%(")
	name, after, closed := strings.Cut(rest, ")s")
	if !found || !closed {
		return pattern{text}
	}
	return append(pattern{before, name}, newPattern(after)...)
}

// in fills in the target's values; false when the target lacks one.
func (p pattern) in(t Target) (string, bool) {
	out := p[0]
	for i := 1; i < len(p); i += 2 {
		v, ok := t[p[i]]
		if !ok {
			return "", false
		}
		out += v + p[i+1]
	}
	return out, true
}

func (p pattern) String() string {
	out := p[0]
	for i := 1; i < len(p); i += 2 {
		out += "%(" + p[i] + ")s" + p[i+1]
	}
	return out
}
