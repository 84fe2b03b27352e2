package expr

import (
	"fmt"
	"strings"
)

// kind of a token.
type kind uint8

const (
	end kind = iota
	number
	word
	quoted
	operator
)

type token struct {
	kind kind
	text string
	at   int
}

const (
	blanks  = " \t\r\n"
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_."
)

// operators, the longer ones first.
var operators = []string{"<=", ">=", "!=", "==", "<>", "&&", "||", "+", "-", "*", "/", "^", "(", ")", ",", "?", ":", "<", ">", "!"}

// words that are operators, and the signs that they stand for.
var wordOperators = map[string]string{"and": "&&", "AND": "&&", "or": "||", "OR": "||", "not": "!", "NOT": "!"}

// lex takes the text apart.
func lex(text string) ([]token, error) {
	var out []token
	for i := 0; ; {
		i += len(text[i:]) - len(strings.TrimLeft(text[i:], blanks))
		t, n, err := next(text[i:], i)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		if t.kind == end {
			return out, nil
		}
		i += n
	}
}

// next is the token that text begins with, and its length.
func next(text string, at int) (token, int, error) {
	if text == "" {
		return token{end, "the end", at}, 0, nil
	}
	switch c := text[0]; {
	case strings.IndexByte(digits, c) >= 0:
		n := numberLength(text)
		return token{number, text[:n], at}, n, nil
	case strings.IndexByte(letters, c) >= 0:
		n := run(text, letters)
		if op, ok := wordOperators[text[:n]]; ok {
			return token{operator, op, at}, n, nil
		}
		return token{word, text[:n], at}, n, nil
	case c == '"' || c == '\'':
		n := quotedLength(text)
		if n < 0 {
			return token{}, 0, fmt.Errorf("the text at %d has no end", at)
		}
		return token{quoted, text[:n], at}, n, nil
	}
	for _, op := range operators {
		if strings.HasPrefix(text, op) {
			return token{operator, op, at}, len(op), nil
		}
	}
	return token{}, 0, fmt.Errorf("%q at %d is not known", text[:1], at)
}

// run is how many bytes of text are of the set.
func run(text, set string) int { return len(text) - len(strings.TrimLeft(text, set)) }

// numberLength: digits, and perhaps a point with digits behind it.
func numberLength(text string) int {
	n := run(text, digits)
	if n < len(text) && text[n] == '.' {
		if frac := run(text[n+1:], digits); frac > 0 {
			return n + 1 + frac
		}
	}
	return n
}

// quotedLength includes the quotes; -1: there is no second one on the line.
func quotedLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '\n', '\r':
			return -1
		case text[0]:
			if i+1 < len(text) && text[i+1] == text[0] { // a doubled quote is part of the text
				i++
				continue
			}
			return i + 1
		}
	}
	return -1
}
