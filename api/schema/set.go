package schema

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Version is the text of a schema and the first minor microversion it is for.
type Version struct {
	Since int
	Text  string
}

// Set is what one call accepts, by microversion. Make it with New, once.
type Set struct {
	versions []Version
	once     sync.Once
	compiled []compiled
	err      error
}

type compiled struct {
	since  int
	schema *jsonschema.Schema
	tree   any            // the schema itself, to prune what it does not name
	order  map[string]int // JSON pointer of every keyword -> its place in the text
}

// New takes the versions in rising order of Since; the first begins at 0.
func New(versions ...Version) *Set { return &Set{versions: versions} }

// Of is a set with one schema for every microversion.
func Of(text string) *Set { return New(Version{Text: text}) }

// Compile makes the set ready; an error is a mistake in a schema's text.
func (s *Set) Compile() error {
	s.once.Do(func() {
		for i, v := range s.versions {
			c, err := compile(v)
			if err != nil {
				s.err = fmt.Errorf("schema version %d: %w", i, err)
				return
			}
			s.compiled = append(s.compiled, c)
		}
	})
	return s.err
}

func compile(v Version) (compiled, error) {
	text, err := expand(v.Text)
	if err != nil {
		return compiled{}, err
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return compiled{}, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	c.AssertFormat()
	c.AssertVocabs()
	c.RegisterVocabulary(numericText)
	for _, f := range formats {
		c.RegisterFormat(f)
	}
	if err := c.AddResource("body.json", doc); err != nil {
		return compiled{}, err
	}
	sch, err := c.Compile("body.json")
	if err != nil {
		return compiled{}, err
	}
	return compiled{since: v.Since, schema: sch, tree: doc, order: keywordOrder(text)}, nil
}

// Validate checks a decoded body (numbers as json.Number) for the minor
// microversion. The error's text is Cinder's sentence. What the schema lets
// pass without naming it is removed from the body: a handler cannot mistake it.
func (s *Set) Validate(minor int, body any) error {
	if err := s.Compile(); err != nil {
		return err
	}
	for i := len(s.compiled) - 1; i >= 0; i-- {
		c := &s.compiled[i]
		if minor < c.since {
			continue
		}
		if err := c.schema.Validate(body); err != nil {
			return c.sentence(err, body)
		}
		prune(c.tree, body)
		return nil
	}
	return nil
}

// Tree is the schema of a minor microversion as decoded JSON, nil where there is
// none. It is for reading.
func (s *Set) Tree(minor int) any {
	if s.Compile() != nil {
		return nil
	}
	for i := len(s.compiled) - 1; i >= 0; i-- {
		if minor >= s.compiled[i].since {
			return s.compiled[i].tree
		}
	}
	return nil
}

// prune removes unnamed properties where a schema names some and allows more.
func prune(schema, value any) {
	s, _ := schema.(map[string]any)
	props, named := s["properties"].(map[string]any)
	obj, isObject := value.(map[string]any)
	if !named || !isObject {
		return
	}
	for key, v := range obj {
		sub, known := props[key]
		switch {
		case known:
			prune(sub, v)
		case s["patternProperties"] == nil:
			delete(obj, key)
		}
	}
}

// keywordOrder numbers every key of a JSON text in the order of appearance.
func keywordOrder(text string) map[string]int {
	order := make(map[string]int)
	walk(json.NewDecoder(strings.NewReader(text)), "", order)
	return order
}

func walk(d *json.Decoder, at string, order map[string]int) {
	tok, err := d.Token()
	if err != nil {
		return
	}
	switch tok {
	case json.Delim('{'):
		for d.More() {
			key, _ := d.Token()
			child := at + "/" + escapePointer(fmt.Sprint(key))
			order[child] = len(order)
			walk(d, child, order)
		}
		_, _ = d.Token()
	case json.Delim('['):
		for i := 0; d.More(); i++ {
			walk(d, at+"/"+strconv.Itoa(i), order)
		}
		_, _ = d.Token()
	}
}

func escapePointer(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}
