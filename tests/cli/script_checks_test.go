package cli

import (
	"fmt"
	"slices"
	"strings"
)

// variables are the names that a script has given to values.
type variables map[string]string

// expand puts the values in.
func (v variables) expand(words []string) ([]string, error) {
	out := slices.Clone(words)
	for i, w := range words {
		for {
			at := strings.IndexByte(w, '$')
			if at < 0 {
				break
			}
			end := at + 1
			for end < len(w) && (w[end] == '_' || w[end] >= 'a' && w[end] <= 'z' || w[end] >= '0' && w[end] <= '9') {
				end++
			}
			value, ok := v[w[at+1:end]]
			if !ok {
				return nil, fmt.Errorf("nothing has the name %s", w[at:end])
			}
			w = w[:at] + value + w[end:]
		}
		out[i] = w
	}
	return out, nil
}

// check compares what a command printed with one expectation.
func (v variables) check(r result, want []string) error {
	switch {
	case want[0] == "silent":
		if r.out != "" || r.errText != "" {
			return fmt.Errorf("it is not silent")
		}
	case want[0] == "says":
		if text := strings.Join(want[1:], " "); !strings.Contains(r.out+r.errText, text) {
			return fmt.Errorf("nothing says %q", text)
		}
	case want[0] == "hides":
		if text := strings.Join(want[1:], " "); strings.Contains(r.out+r.errText, text) {
			return fmt.Errorf("something says %q", text)
		}
	case want[0] == "columns":
		if got := strings.Join(r.header0(), ","); got != strings.Join(want[1:], " ") {
			return fmt.Errorf("columns %q", got)
		}
	case want[0] == "row":
		return v.row(r, want[1:])
	case want[0] == "no" && want[1] == "row":
		if err := v.row(r, want[2:]); err == nil {
			return fmt.Errorf("there is such a row")
		}
	case len(want) >= 2 && slices.Contains([]string{"=", "~", "->"}, want[1]):
		return v.property(r, want[0], want[1], strings.Join(want[2:], " "))
	default:
		return fmt.Errorf("this expectation cannot be understood")
	}
	return nil
}

// cells is table without a complaint when nothing was printed.
func (r result) cells() [][]string {
	if !strings.Contains(r.out, "|") {
		return nil
	}
	return r.table()
}

func (r result) header0() []string {
	if rows := r.cells(); len(rows) > 0 {
		return rows[0]
	}
	return nil
}

// property looks at a line of a table that shows one thing.
func (v variables) property(r result, key, op, want string) error {
	err := fmt.Errorf("nothing has the key %q", key)
	shown := ""
	for _, row := range r.cells() { // some commands print several tables, and values of several lines
		if row[0] != "" {
			shown = row[0]
		}
		if len(row) == 2 && shown == key {
			if err = v.compare(row[1], op, want); err == nil {
				return nil
			}
		}
	}
	return err
}

func (v variables) compare(got, op, want string) error {
	switch op {
	case "->":
		if got == "" {
			return fmt.Errorf("there is no value for $%s", want)
		}
		v[want] = got
	case "~":
		if !strings.Contains(got, want) {
			return fmt.Errorf("the value is %q", got)
		}
	case "=":
		if got != want {
			return fmt.Errorf("the value is %q", got)
		}
	}
	return nil
}

// row looks for a row with all these cells.
func (v variables) row(r result, want []string) error {
	rows := r.cells()
	for i := 1; i < len(rows); i++ {
		found := true
		for _, op := range []string{"=", "~", "->"} { // names are given to the right row
			for _, w := range want {
				if name, value, ok := cut(w, op); ok && found {
					at := slices.Index(rows[0], name)
					found = at >= 0 && at < len(rows[i]) && v.compare(rows[i][at], op, value) == nil
				}
			}
		}
		if found {
			return nil
		}
	}
	return fmt.Errorf("there is no such row")
}

// cut splits a word at its operator, which is the first that it has.
func cut(word, op string) (string, string, bool) {
	at := strings.IndexAny(word, "=~")
	if arrow := strings.Index(word, "->"); arrow >= 0 && (at < 0 || arrow < at) {
		at = arrow
	}
	if at < 0 || !strings.HasPrefix(word[at:], op) {
		return "", "", false
	}
	return word[:at], word[at+len(op):], true
}
