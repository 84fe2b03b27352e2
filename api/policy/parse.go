package policy

import (
	"errors"
	"fmt"
	"strings"
)

// maxRule bounds a rule's text, and with it the depth of the parser.
const maxRule = 8192

// compile reads a rule: or binds weakest, then and, then not.
func compile(text string) (check, []string, error) {
	if len(text) > maxRule {
		return nil, nil, fmt.Errorf("a rule has more than %d bytes", maxRule)
	}
	p := &parser{tokens: tokens(text)}
	if len(p.tokens) == 0 {
		return always, nil, nil
	}
	c, err := p.or()
	if err == nil && p.pos < len(p.tokens) {
		err = fmt.Errorf("%q is out of place", p.peek())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("rule %q: %w", text, err)
	}
	return c, p.refers, nil
}

// tokens cuts at white space and takes parentheses off the ends of words, as
// oslo.policy does: "(role:a" and "role:a)" are two tokens each, while the
// parentheses of %(project_id)s stay.
func tokens(text string) []string {
	var out []string
	for _, word := range strings.Fields(text) {
		for strings.HasPrefix(word, "(") {
			out, word = append(out, "("), word[1:]
		}
		bare := strings.TrimRight(word, ")")
		if bare != "" {
			out = append(out, bare)
		}
		for range len(word) - len(bare) {
			out = append(out, ")")
		}
	}
	return out
}

type parser struct {
	tokens []string
	pos    int
	refers []string // names of the rules that this one refers to
}

func (p *parser) peek() string {
	if p.pos < len(p.tokens) {
		return p.tokens[p.pos]
	}
	return ""
}

func (p *parser) word(w string) bool {
	if !strings.EqualFold(p.peek(), w) {
		return false
	}
	p.pos++
	return true
}

func (p *parser) or() (check, error) {
	left, err := p.and()
	for err == nil && p.word("or") {
		var right check
		if right, err = p.and(); err == nil {
			left = either{left, right}
		}
	}
	return left, err
}

func (p *parser) and() (check, error) {
	left, err := p.unary()
	for err == nil && p.word("and") {
		var right check
		if right, err = p.unary(); err == nil {
			left = both{left, right}
		}
	}
	return left, err
}

func (p *parser) unary() (check, error) {
	switch {
	case p.word("not"):
		c, err := p.unary()
		if err != nil {
			return nil, err
		}
		return negation{c}, nil
	case p.word("("):
		c, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.word(")") {
			return nil, errors.New("a parenthesis is not closed")
		}
		return c, nil
	}
	return p.check()
}

func (p *parser) check() (check, error) {
	token := p.peek()
	p.pos++
	switch strings.ToLower(token) {
	case "":
		return nil, errors.New("it ends too early")
	case "@":
		return always, nil
	case "!":
		return never, nil
	case "and", "or", ")":
		return nil, fmt.Errorf("%q is out of place", token)
	}
	kind, match, ok := cutKind(token)
	if !ok {
		return nil, fmt.Errorf("%q is not a check (KIND:MATCH)", token)
	}
	switch kind {
	case "rule":
		p.refers = append(p.refers, match)
		return refersTo(match), nil
	case "role":
		return hasRole{newPattern(match)}, nil
	case "http", "https":
		return nil, fmt.Errorf("%s checks are not supported", kind)
	}
	if n := len(kind); n >= 2 && (kind[0] == '\'' || kind[0] == '"') && kind[n-1] == kind[0] {
		return literal{kind[1 : n-1], kind[0], newPattern(match)}, nil
	}
	return attribute{kind, newPattern(match)}, nil
}

// cutKind cuts at the first colon outside of quotes.
func cutKind(token string) (kind, match string, ok bool) {
	if q := token[0]; q == '\'' || q == '"' {
		end := strings.IndexByte(token[1:], q)
		if end < 0 || !strings.HasPrefix(token[end+2:], ":") {
			return "", "", false
		}
		return token[:end+2], token[end+3:], true
	}
	kind, match, ok = strings.Cut(token, ":")
	return kind, match, ok && kind != ""
}
