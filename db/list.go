package db

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
	Marker    string // id of the last item of the page before; "": from the start
	WithCount bool   // count all matches, whatever the page
	NoTargets bool   // of volumes: without those that a migration fills
}

// Sort orders by a key. Items without a value come last, and first when Desc,
// as PostgreSQL has them.
type Sort struct {
	Key  string
	Desc bool
}

// Page is some of the items that match.
type Page[T any] struct {
	Items []T
	Count int // of all matches, when asked for
}

// column is a key's place in a table; kind decides how values are read.
type column struct {
	sql      string
	kind     columnKind
	nullable bool
}

// listing is one kind of list, made of constants of this package only.
type listing[T any] struct {
	what    string // for "WHAT id could not be found."
	columns string // what scan reads
	from    string
	project string // column of the owner
	id      string // column of the id
	keys    map[string]column
	scan    func(pgx.Rows) (T, error)
}

func (l *listing[T]) gone(id string) error {
	return Errorf(NotFound, "%s %s could not be found.", l.what, id)
}

// get reads one item; project "" is any.
func (l *listing[T]) get(ctx context.Context, s *Store, id, project string) (T, error) {
	var zero T
	var w where
	if !l.only(&w, id, project) {
		return zero, l.gone(id)
	}
	items, err := l.read(ctx, s, "SELECT "+l.columns+" FROM "+l.from+w.sql(), w.args)
	if err != nil {
		return zero, err
	}
	if len(items) == 0 {
		return zero, l.gone(id)
	}
	return items[0], nil
}

// only narrows to one id of one project; false when id cannot be one.
func (l *listing[T]) only(w *where, id, project string) bool {
	value, ok := uuidColumn.parse(id)
	if !ok {
		return false
	}
	w.add(l.id + " = " + w.arg(value, uuidColumn))
	if project != "" {
		w.add(l.project + " = " + w.arg(project, textColumn))
	}
	return true
}

// list reads a page: one statement, with a look-up of the marker before it and
// a count beside it when they are asked for.
func (l *listing[T]) list(ctx context.Context, s *Store, q ListQuery) (Page[T], error) {
	var page Page[T]
	order, err := l.order(q.Sort)
	if err != nil {
		return page, err
	}
	var w where
	if q.Project != "" {
		w.add(l.project + " = " + w.arg(q.Project, textColumn))
	}
	for _, f := range q.Filters {
		w.add(w.filter(l.keys, f))
	}
	if q.NoTargets {
		w.add("(v.migration_status IS NULL OR v.migration_status NOT LIKE 'target:%')")
	}
	if q.WithCount {
		if err := s.pool.QueryRow(ctx, "SELECT count(*) FROM "+l.from+w.sql(), w.args...).Scan(&page.Count); err != nil {
			return page, fmt.Errorf("count: %w", err)
		}
	}
	if q.Marker != "" {
		values, err := l.marker(ctx, s, q, order)
		if err != nil {
			return page, err
		}
		w.add(w.follows(order, values))
	}
	if q.Limit <= 0 {
		return page, nil
	}
	sql := "SELECT " + l.columns + " FROM " + l.from + w.sql() + orderBy(order) + " LIMIT " + w.arg(q.Limit, intColumn)
	if q.Offset > 0 {
		sql += " OFFSET " + w.arg(q.Offset, intColumn)
	}
	page.Items, err = l.read(ctx, s, sql, w.args)
	return page, err
}

func (l *listing[T]) read(ctx context.Context, s *Store, sql string, args []any) ([]T, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	defer rows.Close()
	var items []T
	for rows.Next() {
		item, err := l.scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
		items = append(items, item)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return items, nil
}

type ordered struct {
	column
	desc bool
}

// order resolves the sort keys and ends with one that no two items share.
func (l *listing[T]) order(sort []Sort) ([]ordered, error) {
	var out []ordered
	unique := false
	add := func(key string, desc bool) bool {
		c, ok := l.keys[key]
		if !ok || c.kind == jsonColumn {
			return false
		}
		if !unique && !slices.ContainsFunc(out, func(o ordered) bool { return o.sql == c.sql }) {
			out = append(out, ordered{c, desc})
		}
		unique = unique || c.sql == l.id
		return true
	}
	for _, k := range sort {
		if !add(k.Key, k.Desc) {
			return nil, Errorf(Invalid, "Invalid input received: Invalid sort key")
		}
	}
	desc := len(sort) == 0 || sort[0].Desc
	add("created_at", desc)
	add("id", desc)
	return out, nil
}

func orderBy(order []ordered) string {
	terms := make([]string, len(order))
	for i, o := range order {
		terms[i] = o.sql
		if o.desc {
			terms[i] += " DESC"
		}
	}
	return " ORDER BY " + strings.Join(terms, ", ")
}

// marker reads the sort columns of the marker's row, as text; nil is null.
func (l *listing[T]) marker(ctx context.Context, s *Store, q ListQuery, order []ordered) ([]*string, error) {
	var w where
	if !l.only(&w, q.Marker, q.Project) {
		return nil, l.gone(q.Marker)
	}
	texts := make([]string, len(order))
	values := make([]*string, len(order))
	into := make([]any, len(order))
	for i, o := range order {
		texts[i], into[i] = o.sql+"::text", &values[i]
	}
	err := s.pool.QueryRow(ctx, "SELECT "+strings.Join(texts, ", ")+" FROM "+l.from+w.sql(), w.args...).Scan(into...)
	if none(err) {
		return nil, l.gone(q.Marker)
	}
	if err != nil {
		return nil, fmt.Errorf("read marker: %w", err)
	}
	return values, nil
}

// where is the conditions of a statement with their parameters.
type where struct {
	conds []string
	args  []any
}

func (w *where) add(cond string) { w.conds = append(w.conds, cond) }

// arg adds a parameter and returns its place, with the type that it is read as.
func (w *where) arg(v any, kind columnKind) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args)) + "::" + kind.sqlType()
}

func (w *where) sql() string {
	if len(w.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conds, " AND ")
}

// follows says that a row comes after these values of the sort columns. Where
// all columns go one way and hold no null it is a comparison of rows, which an
// index serves.
func (w *where) follows(order []ordered, values []*string) string {
	places := make([]string, len(order))
	names := make([]string, len(order))
	plain := true
	for i, o := range order {
		names[i] = o.sql
		if values[i] != nil {
			places[i] = w.arg(*values[i], o.kind)
		}
		plain = plain && !o.nullable && o.desc == order[0].desc
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
	case !o.nullable:
		return o.sql + " > " + place
	}
	return "(" + o.sql + " > " + place + " OR " + o.sql + " IS NULL)"
}
