package schema

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Error is a body that its schema refuses; the text is fit for the client.
type Error struct{ Msg string }

func (e *Error) Error() string { return e.Msg }

// sentence picks the failure that stands first in the schema's text and says
// it as Cinder does.
func (c *compiled) sentence(err error, body any) error {
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		return &Error{"Malformed request body"}
	}
	leaves := leavesOf(v, nil)
	first := slices.MinFunc(leaves, func(a, b *jsonschema.ValidationError) int {
		if d := c.rank(a) - c.rank(b); d != 0 {
			return d
		}
		return strings.Compare(strings.Join(a.InstanceLocation, "/"), strings.Join(b.InstanceLocation, "/"))
	})
	value := at(body, first.InstanceLocation)
	if f, ok := first.ErrorKind.(*kind.Format); ok {
		var w whole
		if errors.As(f.Err, &w) {
			return &Error{w.msg}
		}
	}
	reason := c.reason(first, value)
	if len(first.InstanceLocation) == 0 {
		return &Error{reason}
	}
	name := first.InstanceLocation[len(first.InstanceLocation)-1]
	return &Error{fmt.Sprintf("Invalid input for field/attribute %s. Value: %s. %s", name, text(value), reason)}
}

// leavesOf lists the failures that have no finer cause which a client hears of.
func leavesOf(v *jsonschema.ValidationError, out []*jsonschema.ValidationError) []*jsonschema.ValidationError {
	switch v.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		for _, c := range v.Causes {
			out = leavesOf(c, out)
		}
		if len(v.Causes) > 0 {
			return out
		}
	}
	return append(out, v)
}

// rank is the place of the failed keyword in the schema's text.
func (c *compiled) rank(v *jsonschema.ValidationError) int {
	pointer := pointerOf(v)
	if path := v.ErrorKind.KeywordPath(); len(path) > 0 {
		pointer += "/" + path[0]
	}
	if n, ok := c.order[pointer]; ok {
		return n
	}
	return len(c.order)
}

func pointerOf(v *jsonschema.ValidationError) string {
	_, fragment, _ := strings.Cut(v.SchemaURL, "#")
	if plain, err := url.PathUnescape(fragment); err == nil {
		return plain
	}
	return fragment
}

// at finds the value at a location of the body.
func at(v any, path []string) any {
	for _, key := range path {
		switch t := v.(type) {
		case map[string]any:
			v = t[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(t) {
				return nil
			}
			v = t[i]
		}
	}
	return v
}

// reason says what is wrong with value, in the words of Python's jsonschema.
func (c *compiled) reason(v *jsonschema.ValidationError, value any) string {
	r := repr(value)
	switch k := v.ErrorKind.(type) {
	case *kind.Type:
		return r + " is not of type " + c.types(v)
	case *kind.Enum:
		return r + " is not one of " + repr(k.Want)
	case *kind.Format:
		return r + " is not a " + repr(k.Want)
	case *kind.Required:
		return repr(k.Missing[0]) + " is a required property"
	case *kind.AdditionalProperties:
		return c.unexpected(v, k.Properties)
	case *kind.Minimum:
		return fmt.Sprintf("%s is less than the minimum of %s", number(value), k.Want.RatString())
	case *kind.Maximum:
		return fmt.Sprintf("%s is greater than the maximum of %s", number(value), k.Want.RatString())
	case *kind.Pattern:
		return r + " does not match " + repr(k.Want)
	case *kind.AnyOf, *kind.OneOf:
		return r + " is not valid under any of the given schemas"
	}
	return size(v.ErrorKind, r)
}

// size words the keywords that count.
func size(k jsonschema.ErrorKind, r string) string {
	few := func(want int, otherwise string) string {
		if want == 1 {
			return r + " should be non-empty"
		}
		return r + otherwise
	}
	switch k := k.(type) {
	case *kind.MinLength:
		return few(k.Want, " is too short")
	case *kind.MaxLength:
		return r + " is too long"
	case *kind.MinItems:
		return few(k.Want, " is too short")
	case *kind.MaxItems:
		return r + " is too long"
	case *kind.MinProperties:
		return few(k.Want, " does not have enough properties")
	case *kind.MaxProperties:
		return r + " has too many properties"
	}
	return r + " is not valid"
}

// types lists the allowed types as the text of the schema has them.
func (c *compiled) types(v *jsonschema.ValidationError) string {
	path := strings.Split(strings.TrimPrefix(pointerOf(v), "/"), "/")
	if path[0] == "" {
		path = nil
	}
	for i := range path {
		path[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(path[i])
	}
	s, _ := at(c.tree, path).(map[string]any)
	switch t := s["type"].(type) {
	case []any:
		names := make([]string, len(t))
		for i, n := range t {
			names[i] = repr(n)
		}
		return strings.Join(names, ", ")
	default:
		return repr(t)
	}
}

func (c *compiled) unexpected(v *jsonschema.ValidationError, extras []string) string {
	slices.Sort(extras)
	names := make([]string, len(extras))
	for i, e := range extras {
		names[i] = repr(e)
	}
	list := strings.Join(names, ", ")
	prefix := pointerOf(v) + "/patternProperties/"
	for pointer := range c.order {
		pattern, ok := strings.CutPrefix(pointer, prefix)
		if !ok || strings.Contains(pattern, "/") {
			continue
		}
		verb := "does"
		if len(extras) > 1 {
			verb = "do"
		}
		pattern = strings.NewReplacer("~1", "/", "~0", "~").Replace(pattern)
		return fmt.Sprintf("%s %s not match any of the regexes: %s", list, verb, repr(pattern))
	}
	verb := "was"
	if len(extras) > 1 {
		verb = "were"
	}
	return fmt.Sprintf("Additional properties are not allowed (%s %s unexpected)", list, verb)
}
