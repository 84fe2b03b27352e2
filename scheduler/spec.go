package scheduler

import "strings"

// spec is one extra spec's text, taken apart. It is split at blanks; its first
// word may be an operator, and without one the whole text must be equal.
type spec struct {
	null    bool                 // wants null and nothing else
	matches func(value any) bool // of one reported value, not of a list
}

// parseSpec never fails: an operator without what it needs matches nothing.
func parseSpec(s string) spec {
	words := strings.Fields(s)
	if len(words) == 0 {
		return spec{matches: equals(s)}
	}
	op, args := words[0], words[1:]
	if op == "<or>" {
		return spec{matches: oneOf(args)}
	}
	known := numberOps[op] != nil || textOps[op] != nil || op == "<in>" || op == "<is>"
	switch {
	case !known:
		return spec{matches: equals(s)}
	case len(args) == 0:
		return spec{matches: func(any) bool { return false }}
	case numberOps[op] != nil:
		return spec{matches: numberIs(numberOps[op], args[0])}
	case textOps[op] != nil:
		return spec{matches: textIs(textOps[op], op == "s!=", args[0])}
	case op == "<in>":
		return spec{matches: contains(args[0])}
	}
	return spec{matches: sameTruth(args[0])}
}

// match reports whether the value, or one element of a list, is what the spec asks for.
func (s spec) match(value any) bool {
	if s.null {
		return value == nil
	}
	switch list := value.(type) {
	case nil:
		return false // a null capability matches no text
	case []string:
		for _, v := range list {
			if s.matches(v) {
				return true
			}
		}
		return false
	case []any:
		for _, v := range list {
			if v != nil && s.matches(v) {
				return true
			}
		}
		return false
	}
	return s.matches(value)
}

// numberOps: a single = is Cinder's "at least", kept for old specs.
var numberOps = map[string]func(have, want float64) bool{
	"=":  func(have, want float64) bool { return have >= want },
	"==": func(have, want float64) bool { return have == want },
	"!=": func(have, want float64) bool { return have != want },
	">=": func(have, want float64) bool { return have >= want },
	"<=": func(have, want float64) bool { return have <= want },
}

var textOps = map[string]func(have, want string) bool{
	"s==": func(have, want string) bool { return have == want },
	"s!=": func(have, want string) bool { return have != want },
	"s<":  func(have, want string) bool { return have < want },
	"s<=": func(have, want string) bool { return have <= want },
	"s>":  func(have, want string) bool { return have > want },
	"s>=": func(have, want string) bool { return have >= want },
}

func numberIs(compare func(have, want float64) bool, arg string) func(any) bool {
	want, good := number(arg)
	return func(value any) bool {
		have, ok := number(value)
		return good && ok && compare(have, want)
	}
}

// equals: only text equals text. A reported boolean does not equal "True",
// with Cinder neither; that is what <is> is for.
func equals(want string) func(any) bool {
	return func(value any) bool { return value == want }
}

func textIs(compare func(have, want string) bool, otherwise bool, want string) func(any) bool {
	return func(value any) bool {
		if have, ok := value.(string); ok {
			return compare(have, want)
		}
		return otherwise // what is no text differs from every text
	}
}

func contains(part string) func(any) bool {
	return func(value any) bool {
		have, ok := value.(string)
		return ok && strings.Contains(have, part)
	}
}

// oneOf reads the rest of "<or> a <or> b": every second word.
func oneOf(words []string) func(any) bool {
	return func(value any) bool {
		for i := 0; i < len(words); i += 2 {
			if value == words[i] {
				return true
			}
		}
		return false
	}
}

// sameTruth: whatever is not one of the words for true is false, on either side.
func sameTruth(arg string) func(any) bool {
	want := truth(arg)
	return func(value any) bool {
		switch v := value.(type) {
		case bool:
			return v == want
		case string:
			return truth(v) == want
		}
		n, _ := number(value)
		return (n == 1) == want
	}
}

// truth knows the words that oslo.utils takes for true.
func truth(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "t", "on", "yes", "y", "1":
		return true
	}
	return false
}
