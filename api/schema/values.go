package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bool is a boolean of a body: true, false or one of the words that Cinder
// takes for them.
type Bool bool

// UnmarshalJSON reads what the type $boolean lets through.
func (b *Bool) UnmarshalJSON(raw []byte) error {
	word := strings.Trim(string(raw), `"`)
	v, ok := ParseBool(word)
	if !ok {
		return fmt.Errorf("%q is not a boolean", word)
	}
	*b = Bool(v)
	return nil
}

// ParseBool reads a boolean word, in any case, as oslo's strict parser does.
func ParseBool(word string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "1", "t", "true", "on", "y", "yes":
		return true, true
	case "0", "f", "false", "off", "n", "no":
		return false, true
	}
	return false, false
}

// Int is an integer of a body, as a number or as digits in text.
type Int int64

// UnmarshalJSON reads what $volume_size and $quota let through.
func (i *Int) UnmarshalJSON(raw []byte) error {
	word := strings.TrimSpace(strings.Trim(string(raw), `"`))
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		*i = Int(n)
		return nil
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return fmt.Errorf("%q is not an integer", word)
	}
	*i = Int(f)
	return nil
}

// Optional tells a key that is absent from one that is null or has a value.
type Optional[T any] struct {
	Set   bool // the key was there
	Null  bool // with null
	Value T
}

// UnmarshalJSON is called for a present key only.
func (o *Optional[T]) UnmarshalJSON(raw []byte) error {
	o.Set = true
	if bytes.Equal(raw, []byte("null")) {
		o.Null = true
		return nil
	}
	return json.Unmarshal(raw, &o.Value)
}

// Ptr is nil when the key was absent or null.
func (o Optional[T]) Ptr() *T {
	if !o.Set || o.Null {
		return nil
	}
	return &o.Value
}
