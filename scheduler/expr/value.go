package expr

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxResult bounds the text that an expression may put together.
const maxResult = 64 << 10

// Truth is what Python takes a value for.
func Truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case float64:
		return v != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return false
}

// num is a number, or a truth as the number that it counts as.
func num(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// whole reads a variable as Cinder's evaluator does: a number loses its
// fraction, a truth is 1 or 0, text that is a number counts as one.
func whole(v any) (any, bool) {
	switch v := v.(type) {
	case float64:
		return math.Trunc(v), !math.IsNaN(v) && !math.IsInf(v, 0)
	case int:
		return float64(v), true
	case int32:
		return float64(v), true
	case int64:
		return float64(v), true
	case bool:
		n, _ := num(v)
		return n, true
	case string:
		return numberOrText(v), true
	}
	return nil, false
}

// numberOrText: quotes are no part of a text.
func numberOrText(s string) any {
	if !strings.ContainsAny(s, "xX_pP") { // hexadecimal is Go's alone
		if f, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil {
			return f
		}
	}
	return unquoted(s)
}

func unquoted(s string) string { return strings.NewReplacer(`"`, "", "'", "").Replace(s) }

// Compare tells whether a op b holds. A number and a text are different, and
// neither is less than the other: that is an error.
func Compare(op string, a, b any) (bool, error) {
	x, aNum := num(a)
	y, bNum := num(b)
	if aNum && bNum {
		return ordered(op, x, y), nil
	}
	s, aText := a.(string)
	t, bText := b.(string)
	if aText && bText {
		return ordered(op, s, t), nil
	}
	switch op {
	case "==":
		return false, nil
	case "!=", "<>":
		return true, nil
	}
	return false, fmt.Errorf("%T and %T have no order", a, b)
}

func ordered[T float64 | string](op string, a, b T) bool {
	switch op {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "==":
		return a == b
	}
	return a != b // != and <>
}

func arithmetic(op string, a, b any) (any, error) {
	if s, ok := a.(string); ok && op == "+" {
		t, ok := b.(string)
		if !ok || len(s)+len(t) > maxResult {
			return nil, errors.New("text is added to what is no text, or is too long")
		}
		return s + t, nil
	}
	x, aNum := num(a)
	y, bNum := num(b)
	if !aNum || !bNum {
		return nil, fmt.Errorf("%s has no meaning for text and lists", op)
	}
	var f float64
	switch op {
	case "+":
		f = x + y
	case "-":
		f = x - y
	case "*":
		f = x * y
	case "/":
		f = x / y // by 0 it is no number
	case "^":
		f = math.Pow(x, y)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%g %s %g is no number", x, op, y)
	}
	return f, nil
}

// functions are all that can be called.
var functions = map[string]func(args any) (any, error){
	"abs": absolute,
	"max": func(args any) (any, error) { return extreme(args, ">") },
	"min": func(args any) (any, error) { return extreme(args, "<") },
}

func absolute(args any) (any, error) {
	f, ok := num(args)
	if !ok {
		return nil, errors.New("abs is of one number")
	}
	return math.Abs(f), nil
}

// extreme is the first of a list that none of the others is more extreme than.
func extreme(args any, op string) (any, error) {
	list, ok := args.([]any)
	if !ok {
		return nil, errors.New("min and max are of at least two values")
	}
	best := list[0]
	for _, v := range list[1:] {
		better, err := Compare(op, v, best)
		if err != nil {
			return nil, err
		}
		if better {
			best = v
		}
	}
	return best, nil
}
