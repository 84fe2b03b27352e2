package api

import (
	"errors"
	"strings"
)

var errPairs = errors.New("not a dictionary of texts")

// parsePairs reads a dictionary of texts as Python writes it, {'k': 'v'}, or as
// JSON does. Nothing else of either language is taken.
func parsePairs(text string) (map[string]string, error) {
	p := &pairs{rest: strings.TrimSpace(text)}
	out := make(map[string]string)
	if !p.skip("{") {
		return nil, errPairs
	}
	for !p.skip("}") {
		if len(out) > 0 && !p.skip(",") {
			return nil, errPairs
		}
		if len(out) > 0 && p.skip("}") {
			break
		}
		key, ok := p.text()
		if !ok || !p.skip(":") {
			return nil, errPairs
		}
		if out[key], ok = p.text(); !ok {
			return nil, errPairs
		}
	}
	if strings.TrimSpace(p.rest) != "" {
		return nil, errPairs
	}
	return out, nil
}

type pairs struct{ rest string }

func (p *pairs) skip(token string) bool {
	rest, ok := strings.CutPrefix(strings.TrimSpace(p.rest), token)
	if ok {
		p.rest = rest
	}
	return ok
}

// text reads a quoted text; Python 2 clients put a u before it.
func (p *pairs) text() (string, bool) {
	s := strings.TrimPrefix(strings.TrimSpace(p.rest), "u")
	if s == "" || (s[0] != '\'' && s[0] != '"') {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			p.rest = s[i+1:]
			return b.String(), true
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(unescapeByte(s[i]))
		default:
			b.WriteByte(s[i])
		}
	}
	return "", false
}

func unescapeByte(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
