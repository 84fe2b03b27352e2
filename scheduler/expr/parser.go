package expr

import (
	"fmt"
	"strconv"
)

const (
	maxText  = 16 << 10
	maxDepth = 200 // of brackets, signs, powers and the like within each other
)

// Expr is a parsed expression.
type Expr struct{ root node }

// Parse reads an expression.
func Parse(text string) (*Expr, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("the expression is longer than %d bytes", maxText)
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	root, err := p.list()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != end {
		return nil, fmt.Errorf("%q at %d is not expected", t.text, t.at)
	}
	return &Expr{root}, nil
}

// parser has one method for each level of the grammar; each calls the next
// tighter one.
type parser struct {
	tokens []token
	i      int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.i] }

// take steps over one of the operators, "" when none of them is next.
func (p *parser) take(ops ...string) string {
	t := p.peek()
	if t.kind != operator {
		return ""
	}
	for _, op := range ops {
		if t.text == op {
			p.i++
			return op
		}
	}
	return ""
}

func (p *parser) must(op string) error {
	if p.take(op) == "" {
		t := p.peek()
		return fmt.Errorf("%q expected at %d, not %q", op, t.at, t.text)
	}
	return nil
}

// deeper calls f one level down, unless that is too deep.
func (p *parser) deeper(f func() (node, error)) (node, error) {
	if p.depth == maxDepth {
		return nil, fmt.Errorf("the expression is deeper than %d levels", maxDepth)
	}
	p.depth++
	n, err := f()
	p.depth--
	return n, err
}

// list is a, b, c: the arguments of a function.
func (p *parser) list() (node, error) {
	first, err := p.or()
	if err != nil || p.take(",") == "" {
		return first, err
	}
	rest, err := p.deeper(p.list)
	return comma{first, rest}, err
}

func (p *parser) or() (node, error)  { return p.chain(p.and, newLogic, "||") }
func (p *parser) and() (node, error) { return p.chain(p.ternary, newLogic, "&&") }

func (p *parser) ternary() (node, error) {
	cond, err := p.comparison()
	if err != nil || p.take("?") == "" {
		return cond, err
	}
	yes, err := p.comparison()
	if err != nil {
		return nil, err
	}
	if err := p.must(":"); err != nil {
		return nil, err
	}
	no, err := p.deeper(p.ternary)
	return choice{cond, yes, no}, err
}

func (p *parser) comparison() (node, error) {
	return p.chain(p.negation, newComparison, "<", "<=", ">", ">=", "==", "!=", "<>")
}

func (p *parser) negation() (node, error) {
	if p.take("!") == "" {
		return p.sum()
	}
	n, err := p.deeper(p.negation)
	return not{n}, err
}

func (p *parser) sum() (node, error)     { return p.chain(p.product, newSum, "+", "-") }
func (p *parser) product() (node, error) { return p.chain(p.sign, newSum, "*", "/") }

func (p *parser) sign() (node, error) {
	op := p.take("+", "-")
	if op == "" {
		return p.power()
	}
	n, err := p.deeper(p.sign)
	return sign{op == "-", n}, err
}

func (p *parser) power() (node, error) {
	base, err := p.function()
	if err != nil || p.take("^") == "" {
		return base, err
	}
	exponent, err := p.deeper(p.power)
	return sum{base, []term{{"^", exponent}}}, err
}

// function: a word with an operand behind it is the name of one.
func (p *parser) function() (node, error) {
	t := p.peek()
	if t.kind != word || !p.operandFollows() {
		return p.operand()
	}
	p.i++
	f, ok := functions[t.text]
	if !ok {
		return nil, fmt.Errorf("%q at %d is not a function", t.text, t.at)
	}
	n, err := p.deeper(p.function)
	return call{f, n}, err
}

func (p *parser) operandFollows() bool {
	t := p.tokens[p.i+1] // a word is never the last token
	return t.kind == number || t.kind == word || t.kind == quoted || t.kind == operator && t.text == "("
}

func (p *parser) operand() (node, error) {
	t := p.peek()
	switch {
	case t.kind == number:
		f, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return nil, fmt.Errorf("the number at %d is too big", t.at)
		}
		p.i++
		return constant{f}, nil
	case t.kind == word:
		p.i++
		return named(t.text), nil
	case t.kind == quoted:
		p.i++
		return constant{unquoted(t.text)}, nil
	case p.take("(") != "":
		n, err := p.deeper(p.list)
		if err != nil {
			return nil, err
		}
		return n, p.must(")")
	}
	return nil, fmt.Errorf("a value expected at %d, not %q", t.at, t.text)
}

// chain is part op part op part, for one level of operators; made of it is what
// build says, or the part itself when there is no operator.
func (p *parser) chain(part func() (node, error), build func(node, []term) node, ops ...string) (node, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	var rest []term
	for op := p.take(ops...); op != ""; op = p.take(ops...) {
		next, err := part()
		if err != nil {
			return nil, err
		}
		rest = append(rest, term{op, next})
	}
	if rest == nil {
		return first, nil
	}
	return build(first, rest), nil
}

func newLogic(first node, rest []term) node      { return logic{first, rest} }
func newSum(first node, rest []term) node        { return sum{first, rest} }
func newComparison(first node, rest []term) node { return comparison{first, rest} }
