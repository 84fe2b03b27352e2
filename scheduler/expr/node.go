package expr

import (
	"errors"
	"fmt"
	"strings"
)

// Vars are the values of group.name, as JSON decodes them.
type Vars map[string]map[string]any

// Eval computes the expression: a float64, bool, string, or []any of several.
func (e *Expr) Eval(vars Vars) (any, error) { return e.root.eval(vars) }

// node is a part of an expression.
type node interface {
	eval(vars Vars) (any, error)
}

type constant struct{ value any }

func (c constant) eval(Vars) (any, error) { return c.value, nil }

type variable struct{ group, name string }

func (v variable) eval(vars Vars) (any, error) {
	value, ok := vars[v.group][v.name]
	if !ok {
		return nil, fmt.Errorf("there is no %s.%s", v.group, v.name)
	}
	got, ok := whole(value)
	if !ok {
		return nil, fmt.Errorf("%s.%s is neither number nor text", v.group, v.name)
	}
	return got, nil
}

// named is a variable when the word has the form of one, and text otherwise.
func named(word string) node {
	group, name, dotted := strings.Cut(word, ".")
	if dotted && group != "" && name != "" && !strings.Contains(name, ".") {
		return variable{group, name}
	}
	return constant{numberOrText(word)}
}

type not struct{ of node }

func (n not) eval(vars Vars) (any, error) {
	v, err := n.of.eval(vars)
	return !Truth(v), err
}

type sign struct {
	minus bool
	of    node
}

func (s sign) eval(vars Vars) (any, error) {
	v, err := s.of.eval(vars)
	if err != nil {
		return nil, err
	}
	f, ok := num(v)
	if !ok {
		return nil, errors.New("a sign stands before what is no number")
	}
	if s.minus {
		f = -f
	}
	return f, nil
}

type choice struct{ cond, yes, no node }

func (c choice) eval(vars Vars) (any, error) {
	v, err := c.cond.eval(vars)
	if err != nil {
		return nil, err
	}
	if Truth(v) {
		return c.yes.eval(vars)
	}
	return c.no.eval(vars)
}

type comma struct{ first, rest node }

func (c comma) eval(vars Vars) (any, error) {
	first, err := c.first.eval(vars)
	if err != nil {
		return nil, err
	}
	rest, err := c.rest.eval(vars)
	if err != nil {
		return nil, err
	}
	if list, ok := rest.([]any); ok {
		return append([]any{first}, list...), nil
	}
	return []any{first, rest}, nil
}

type call struct {
	f  func(args any) (any, error)
	of node
}

func (c call) eval(vars Vars) (any, error) {
	args, err := c.of.eval(vars)
	if err != nil {
		return nil, err
	}
	return c.f(args)
}

// term is an operator of a chain, with what stands behind it.
type term struct {
	op string
	of node
}

// logic is a chain of && or ||. Every term is computed, as Cinder does: an error
// in one of them is an error of the whole, whatever the others say.
type logic struct {
	first node
	rest  []term
}

func (l logic) eval(vars Vars) (any, error) {
	have, err := l.first.eval(vars)
	if err != nil {
		return nil, err
	}
	for _, t := range l.rest {
		next, err := t.of.eval(vars)
		if err != nil {
			return nil, err
		}
		if Truth(have) == (t.op == "&&") {
			have = next
		}
	}
	return have, nil
}

// sum is a chain of arithmetic of one level.
type sum struct {
	first node
	rest  []term
}

func (s sum) eval(vars Vars) (any, error) {
	have, err := s.first.eval(vars)
	if err != nil {
		return nil, err
	}
	for _, t := range s.rest {
		next, err := t.of.eval(vars)
		if err != nil {
			return nil, err
		}
		if have, err = arithmetic(t.op, have, next); err != nil {
			return nil, err
		}
	}
	return have, nil
}

// comparison is a chain such as a < b < c, which holds when both do.
type comparison struct {
	first node
	rest  []term
}

func (c comparison) eval(vars Vars) (any, error) {
	have, err := c.first.eval(vars)
	if err != nil {
		return nil, err
	}
	for _, t := range c.rest {
		next, err := t.of.eval(vars)
		if err != nil {
			return nil, err
		}
		ok, err := Compare(t.op, have, next)
		if err != nil || !ok {
			return false, err
		}
		have = next
	}
	return true, nil
}
