package db

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// pairs is a JSON object of texts, whichever map it comes as.
func pairs(v any) (string, bool) {
	var m map[string]string
	switch t := v.(type) {
	case Metadata:
		m = t
	case map[string]string:
		m = t
	default:
		return "", false
	}
	for key := range maps.Keys(m) {
		if unstorable(key) || unstorable(m[key]) {
			return "", false
		}
	}
	text, err := json.Marshal(m)
	return string(text), err == nil
}

// Filter keeps what fits. A key that is not a column, or a value that a column
// of its kind cannot have, fits nothing.
type Filter struct {
	Key string
	Op  FilterOp
	// Value is text, a time.Time or nil (no value); []string for In; Metadata
	// or map[string]string for Contains.
	Value any
}

// FilterOp compares a column with a value.
type FilterOp int

// The comparisons.
const (
	Equal FilterOp = iota
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
	Like     // contains; % and _ are SQL's
	Contains // every pair is there
	In       // one of
)

var comparisons = map[FilterOp]string{Equal: "=", NotEqual: "<>", Less: "<", LessEqual: "<=", Greater: ">", GreaterEqual: ">="}

// columnKind is what the values of a column are; the zero value is text.
type columnKind int

const (
	textColumn columnKind = iota
	uuidColumn
	intColumn
	boolColumn
	timeColumn
	jsonColumn
)

func (k columnKind) sqlType() string {
	return [...]string{"text", "uuid", "bigint", "boolean", "timestamptz", "jsonb"}[k]
}

// least is what sorts before every value of the kind.
func (k columnKind) least() string {
	return [...]string{"''", "'00000000-0000-0000-0000-000000000000'", "-9223372036854775808", "FALSE", "'-infinity'", "'null'"}[k]
}

const nothing = "FALSE"

// unstorable is text that PostgreSQL refuses, so that no row has it.
func unstorable(s string) bool { return strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) }

// filter is the condition of one filter.
func (w *where) filter(keys map[string]column, f Filter) string {
	c, ok := keys[f.Key]
	if !ok {
		return nothing
	}
	switch f.Op {
	case Like:
		text, ok := f.Value.(string)
		if !ok || c.kind == jsonColumn || unstorable(text) {
			return nothing
		}
		return c.sql + "::text LIKE " + w.arg("%"+text+"%", textColumn)
	case Contains:
		text, ok := pairs(f.Value)
		if !ok || c.kind != jsonColumn {
			return nothing
		}
		return c.sql + " @> " + w.arg(text, jsonColumn)
	case In:
		return w.oneOf(c, f.Value)
	}
	if f.Value == nil {
		return null(c, f.Op)
	}
	if v, ok := c.kind.parse(f.Value); ok {
		if c.byOrder && f.Op == Equal {
			place := w.arg(v, c.kind)
			return c.order() + " = " + place + " AND " + c.sql + " = " + place
		}
		return c.sql + " " + comparisons[f.Op] + " " + w.arg(v, c.kind)
	}
	return nothing
}

func null(c column, op FilterOp) string {
	switch op {
	case Equal:
		return c.sql + " IS NULL"
	case NotEqual:
		return c.sql + " IS NOT NULL"
	}
	return nothing
}

func (w *where) oneOf(c column, value any) string {
	texts, _ := value.([]string)
	var places []string
	for _, text := range texts {
		if v, ok := c.kind.parse(text); ok {
			places = append(places, w.arg(v, c.kind))
		}
	}
	if places == nil {
		return nothing
	}
	return c.sql + " IN (" + strings.Join(places, ", ") + ")"
}

// parse makes a parameter of a value; false when the column cannot have it.
func (k columnKind) parse(value any) (any, bool) {
	if t, ok := value.(time.Time); ok {
		return t, k == timeColumn
	}
	text, ok := value.(string)
	if !ok {
		return nil, false
	}
	switch k {
	case textColumn:
		return text, !unstorable(text)
	case uuidColumn:
		id, err := uuid.Parse(text)
		return id.String(), err == nil
	case intColumn:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	case boolColumn:
		v, err := strconv.ParseBool(text)
		return v, err == nil
	case timeColumn:
		v, err := time.Parse(time.RFC3339Nano, text)
		return v, err == nil
	}
	return nil, false
}
