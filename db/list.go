package db

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ListQuery asks for one page. It is the only way to SQL that is put together
// at run time: keys are looked up in a table of columns, values are parameters.
type ListQuery struct {
	Project   string // "": of all projects
	Filters   []Filter
	Sort      []Sort // then by created_at and id, in the direction of the first
	Limit     int    // at most so many; 0: none
	Offset    int    // to leave out, after the marker
	Marker    string // id of the last object of the page before; "": from the start
	WithCount bool   // count all matches, whatever the page
}

// Filter keeps what fits. A key that is not a column, or a value that a column
// of its type cannot have, fits nothing.
type Filter struct {
	Key   string
	Op    FilterOp
	Value string
}

// FilterOp compares a column with a value.
type FilterOp string

// The comparisons.
const (
	Equal        FilterOp = "="
	NotEqual     FilterOp = "<>"
	Less         FilterOp = "<"
	LessEqual    FilterOp = "<="
	Greater      FilterOp = ">"
	GreaterEqual FilterOp = ">="
	Like         FilterOp = "LIKE" // contains; % and _ are SQL's
	Contains     FilterOp = "@>"   // Value is a JSON object whose pairs are all there
)

// Sort orders by a key. Rows without a value come last, and first when Desc.
type Sort struct {
	Key  string
	Desc bool
}

// Listed is a page.
type Listed[T any] struct {
	Rows  []T
	Count int64 // of all matches, when asked for
}

// columnType is what PostgreSQL and the filter values need to know of a column.
type columnType string

const (
	textColumn columnType = "text"
	uuidColumn columnType = "uuid"
	intColumn  columnType = "bigint"
	boolColumn columnType = "boolean"
	timeColumn columnType = "timestamptz"
	jsonColumn columnType = "jsonb"
)

type column struct {
	sql     string
	typ     columnType
	notNull bool
}

// listing is one kind of list: constants of this package only.
type listing struct {
	what    string // for "WHAT id could not be found."
	columns string // of a row, in the order of its struct
	from    string
	project string
	keys    map[string]column // "id" and "created_at" among them
}

// list reads one page: one statement, and a look-up of the marker before it.
func list[T any](ctx context.Context, s *Store, l *listing, q ListQuery) (Listed[T], error) {
	var page Listed[T]
	b := &listBuilder{listing: l}
	b.where(q)
	if q.WithCount {
		sql := "SELECT count(*) FROM " + l.from + b.conditions()
		if err := s.pool.QueryRow(ctx, sql, b.args...).Scan(&page.Count); err != nil {
			return page, fmt.Errorf("count: %w", err)
		}
	}
	order, err := l.order(q.Sort)
	if err != nil {
		return page, err
	}
	if q.Marker != "" {
		if err := b.after(ctx, s, q, order); err != nil {
			return page, err
		}
	}
	if q.Limit == 0 {
		return page, nil
	}
	rows, err := s.pool.Query(ctx, b.page(q, order), b.args...)
	if err != nil {
		return page, fmt.Errorf("list: %w", err)
	}
	page.Rows, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		return page, fmt.Errorf("list: %w", err)
	}
	return page, nil
}

type ordered struct {
	column
	desc bool
}

// order resolves the sort keys and makes them unique.
func (l *listing) order(sort []Sort) ([]ordered, error) {
	var out []ordered
	add := func(key string, desc bool) bool {
		c, ok := l.keys[key]
		if !ok || c.typ == jsonColumn {
			return false
		}
		if !slices.ContainsFunc(out, func(o ordered) bool { return o.sql == c.sql }) {
			out = append(out, ordered{c, desc})
		}
		return true
	}
	desc := true
	for i, k := range sort {
		if i == 0 {
			desc = k.Desc
		}
		if !add(k.Key, k.Desc) {
			return nil, Errorf(Invalid, "Invalid input received: Invalid sort key")
		}
	}
	add("created_at", desc)
	add("id", desc)
	return out, nil
}

// listBuilder puts a statement together.
type listBuilder struct {
	*listing
	conds []string
	args  []any
}

// arg adds a parameter and returns its place, with the type that it is read as.
func (b *listBuilder) arg(v any, typ columnType) string {
	b.args = append(b.args, v)
	return "$" + strconv.Itoa(len(b.args)) + "::" + string(typ)
}

func (b *listBuilder) conditions() string {
	if len(b.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(b.conds, " AND ")
}

func (b *listBuilder) where(q ListQuery) {
	if q.Project != "" {
		b.conds = append(b.conds, b.project+" = "+b.arg(q.Project, textColumn))
	}
	for _, f := range q.Filters {
		b.conds = append(b.conds, b.filter(f))
	}
}

const nothing = "FALSE"

func (b *listBuilder) filter(f Filter) string {
	c, ok := b.keys[f.Key]
	if !ok || strings.IndexByte(f.Value, 0) >= 0 {
		return nothing
	}
	switch f.Op {
	case Like:
		if c.typ == jsonColumn {
			return nothing
		}
		return c.sql + "::text LIKE " + b.arg("%"+f.Value+"%", textColumn)
	case Contains:
		if c.typ != jsonColumn || !isTextMap(f.Value) {
			return nothing
		}
		return c.sql + " @> " + b.arg(f.Value, jsonColumn)
	case Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual:
		if v, ok := c.typ.parse(f.Value); ok {
			return c.sql + " " + string(f.Op) + " " + b.arg(v, c.typ)
		}
	}
	return nothing
}

func isTextMap(text string) bool {
	var m map[string]string
	return json.Unmarshal([]byte(text), &m) == nil
}

// parse makes a parameter of a text; false when the column cannot have it.
func (t columnType) parse(text string) (any, bool) {
	switch t {
	case textColumn:
		return text, true
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

// after adds the condition of what follows the marker's row.
func (b *listBuilder) after(ctx context.Context, s *Store, q ListQuery, order []ordered) error {
	gone := Errorf(NotFound, "%s %s could not be found.", b.what, q.Marker)
	id, ok := uuidColumn.parse(q.Marker)
	if !ok {
		return gone
	}
	m := &listBuilder{listing: b.listing}
	m.conds = append(m.conds, b.keys["id"].sql+" = "+m.arg(id, uuidColumn))
	m.where(ListQuery{Project: q.Project})
	texts := make([]string, len(order))
	values := make([]*string, len(order))
	into := make([]any, len(order))
	for i, o := range order {
		texts[i], into[i] = o.sql+"::text", &values[i]
	}
	sql := "SELECT " + strings.Join(texts, ", ") + " FROM " + b.from + m.conditions()
	err := s.pool.QueryRow(ctx, sql, m.args...).Scan(into...)
	if none(err) {
		return gone
	}
	if err != nil {
		return fmt.Errorf("read marker: %w", err)
	}
	b.conds = append(b.conds, b.follows(order, values))
	return nil
}

// follows says that a row comes after these values of the sort columns. Where
// all columns go one way and hold no null it is a comparison of rows, which an
// index serves.
func (b *listBuilder) follows(order []ordered, values []*string) string {
	places := make([]string, len(order))
	names := make([]string, len(order))
	plain := true
	for i, o := range order {
		names[i] = o.sql
		if values[i] != nil {
			places[i] = b.arg(*values[i], o.typ)
		}
		plain = plain && o.notNull && o.desc == order[0].desc
	}
	if plain {
		op := " > "
		if order[0].desc {
			op = " < "
		}
		return "(" + strings.Join(names, ", ") + ")" + op + "(" + strings.Join(places, ", ") + ")"
	}
	var ways []string
	same := ""
	for i, o := range order {
		ways = append(ways, "("+same+o.beyond(places[i])+")")
		if places[i] == "" {
			same += o.sql + " IS NULL AND "
		} else {
			same += o.sql + " = " + places[i] + " AND "
		}
	}
	return "(" + strings.Join(ways, " OR ") + ")"
}

// beyond says that a column comes after a value, with nulls where PostgreSQL
// puts them: last, and first when descending. place is "" for null.
func (o ordered) beyond(place string) string {
	switch {
	case place == "" && o.desc:
		return o.sql + " IS NOT NULL"
	case place == "":
		return nothing
	case o.desc:
		return o.sql + " < " + place
	case o.notNull:
		return o.sql + " > " + place
	}
	return "(" + o.sql + " > " + place + " OR " + o.sql + " IS NULL)"
}

func (b *listBuilder) page(q ListQuery, order []ordered) string {
	terms := make([]string, len(order))
	for i, o := range order {
		terms[i] = o.sql
		if o.desc {
			terms[i] += " DESC"
		}
	}
	sql := "SELECT " + b.columns + " FROM " + b.from + b.conditions() + " ORDER BY " + strings.Join(terms, ", ") +
		" LIMIT " + b.arg(q.Limit, intColumn)
	if q.Offset > 0 {
		sql += " OFFSET " + b.arg(q.Offset, intColumn)
	}
	return sql
}
