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

// check is one compiled rule.
type check func(e *Enforcer, c *Credentials, t Target) bool

func always(*Enforcer, *Credentials, Target) bool { return true }
func never(*Enforcer, *Credentials, Target) bool  { return false }

func both(a, b check) check {
	return func(e *Enforcer, c *Credentials, t Target) bool { return a(e, c, t) && b(e, c, t) }
}

func either(a, b check) check {
	return func(e *Enforcer, c *Credentials, t Target) bool { return a(e, c, t) || b(e, c, t) }
}

func not(a check) check {
	return func(e *Enforcer, c *Credentials, t Target) bool { return !a(e, c, t) }
}

// hasRole compares without regard to case, as oslo.policy does.
func hasRole(match string) check {
	value := substitute(match)
	return func(_ *Enforcer, c *Credentials, t Target) bool {
		want, ok := value(t)
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
}

func refersTo(name string) check {
	return func(e *Enforcer, c *Credentials, t Target) bool { return e.rule(name)(e, c, t) }
}

// attribute compares a credential with a text in which %(name)s stands for a
// value of the target. What is not there matches nothing.
func attribute(kind, match string) check {
	value := substitute(match)
	return func(_ *Enforcer, c *Credentials, t Target) bool {
		want, ok := value(t)
		if !ok {
			return false
		}
		got, ok := c.attribute(kind)
		return ok && got == want
	}
}

// literal compares a text constant ('Member':%(role.name)s) with the target.
func literal(constant, match string) check {
	value := substitute(match)
	return func(_ *Enforcer, _ *Credentials, t Target) bool {
		got, ok := value(t)
		return ok && got == constant
	}
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

// substitute prepares a text with %(name)s parts.
func substitute(match string) func(Target) (string, bool) {
	before, rest, found := strings.Cut(match, "%(")
	name, after, closed := strings.Cut(rest, ")s")
	if !found || !closed {
		return func(Target) (string, bool) { return match, true }
	}
	tail := substitute(after)
	return func(t Target) (string, bool) {
		v, ok := t[name]
		end, okTail := tail(t)
		return before + v + end, ok && okTail
	}
}
