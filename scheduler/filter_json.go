package scheduler

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/clinker-io/clinker/scheduler/expr"
)

// jsonFilter: the hint query holds, a JSON text such as
// ["and", [">=", "$free_capacity_gb", 10], ["=", "$capabilities.vendor_name", "x"]].
// One that cannot be read or computed fails every pool.
func jsonFilter(r *Request) func(*Pool) bool {
	query, err := readQuery(r.Query)
	return func(p *Pool) bool {
		if err != nil {
			return false
		}
		holds, err := query.holds(p)
		return err == nil && holds
	}
}

// query is a decoded hint.
type query struct{ tree any }

func readQuery(hint any) (query, error) {
	if !expr.Truth(hint) {
		return query{}, nil
	}
	text, ok := hint.(string)
	if !ok {
		return query{}, errors.New("hint query: must be JSON in text")
	}
	var q query
	err := json.Unmarshal([]byte(text), &q.tree)
	return q, err
}

func (q query) holds(p *Pool) (bool, error) {
	v, err := lookups{p.queried()}.process(q.tree, 0)
	return expr.Truth(v), err
}

// queried is the pool with all names that a query may look up.
func (p *Pool) queried() map[string]any {
	s := p.state()
	s["capabilities"] = p.Stats
	for _, key := range []string{"pool_name", "max_over_subscription_ratio", "thin_provisioning_support", "thick_provisioning_support",
		"multiattach", "filter_function", "goodness_function"} {
		s[key] = p.Stats[key]
	}
	s["provisioned_capacity_gb"], s["reserved_percentage"] = p.ProvisionedGiB, float64(p.ReservedPercentage)
	return s
}

// lookups computes queries about the names of one pool.
type lookups struct{ names map[string]any }

const maxQueryDepth = 100

// process computes [operator, argument, …]; nothing is true.
func (l lookups) process(tree any, depth int) (any, error) {
	if !expr.Truth(tree) {
		return true, nil
	}
	list, ok := tree.([]any)
	if !ok || depth > maxQueryDepth {
		return nil, errors.New("hint query: must be a list of an operator and its arguments, not too deep")
	}
	name, _ := list[0].(string)
	op, ok := queryOps[name]
	if !ok {
		return nil, fmt.Errorf("hint query: no operator %q", name)
	}
	var args []any
	for _, arg := range list[1:] {
		switch v := arg.(type) {
		case []any:
			var err error
			if arg, err = l.process(v, depth+1); err != nil {
				return nil, err
			}
		case string:
			var err error
			if arg, err = l.look(v); err != nil {
				return nil, err
			}
		}
		if arg != nil { // what is not known does not count
			args = append(args, arg)
		}
	}
	return op(args)
}

// look is the value of $name.key, and text without the sign itself.
func (l lookups) look(text string) (any, error) {
	path, ok := strings.CutPrefix(text, "$")
	switch {
	case text == "":
		return nil, nil
	case !ok:
		return text, nil
	}
	var v any = l.names
	for key := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("hint query: %s has no parts", text)
		}
		if v = m[key]; v == nil {
			return nil, nil
		}
	}
	return v, nil
}

type queryOp func(args []any) (any, error)

var queryOps = map[string]queryOp{
	"=": eachOther("=="), "<": eachOther("<"), ">": eachOther(">"), "<=": eachOther("<="), ">=": eachOther(">="),
	"in": oneOfOthers,
	"not": func(args []any) (any, error) {
		return slices.ContainsFunc(args, func(v any) bool { return !expr.Truth(v) }), nil
	},
	"or": func(args []any) (any, error) { return slices.ContainsFunc(args, expr.Truth), nil },
	"and": func(args []any) (any, error) {
		return !slices.ContainsFunc(args, func(v any) bool { return !expr.Truth(v) }), nil
	},
}

// eachOther: the first argument compares so with all others, of which there is one.
func eachOther(op string) queryOp {
	return func(args []any) (any, error) {
		if len(args) < 2 {
			return false, nil
		}
		for _, v := range args[1:] {
			if ok, err := expr.Compare(op, args[0], v); err != nil || !ok {
				return false, err
			}
		}
		return true, nil
	}
}

func oneOfOthers(args []any) (any, error) {
	if len(args) < 2 {
		return false, nil
	}
	return slices.ContainsFunc(args[1:], func(v any) bool {
		same, err := expr.Compare("==", args[0], v)
		return err == nil && same
	}), nil
}
