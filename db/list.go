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

// Sort orders by a key. Items without a value come first, and last when Desc.
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
	byOrder  bool // nullable, and an index on what order returns finds values
}

// order is what rows are sorted by: without nulls, so that one comparison of
// rows says what follows a marker, and an index of the same text serves it.
func (c column) order() string {
	if !c.nullable {
		return c.sql
	}
	return "coalesce(" + c.sql + ", " + c.kind.least() + ")"
}

// listing is one kind of list, made of constants of this package only.
type listing[T any] struct {
	what    string // for "WHAT id could not be found."
	missing string // format of the whole message where that is not Cinder's
	columns string // what read takes, one after the other
	from    string
	project string // column of the owner
	id      string // column of the id
	keys    map[string]column
	read    func(*row) T
}

func (l *listing[T]) gone(id string) error {
	if l.missing != "" {
		return Errorf(NotFound, l.missing, id)
	}
	return Errorf(NotFound, "%s %s could not be found.", l.what, id)
}

// get reads one item; project "" is any.
func (l *listing[T]) get(ctx context.Context, s *Store, id, project string) (T, error) {
	var zero T
	var w where
	if !l.only(&w, id, project) {
		return zero, l.gone(id)
	}
	item, found := zero, false
	err := l.fetch(ctx, s, "SELECT "+l.columns+" FROM "+l.from+w.sql(), w.args, func(i *T) { item, found = *i, true })
	if err == nil && !found {
		err = l.gone(id)
	}
	return item, err
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

// list reads a page into memory.
func (l *listing[T]) list(ctx context.Context, s *Store, q ListQuery) (Page[T], error) {
	var page Page[T]
	var err error
	page.Count, err = l.each(ctx, s, q, func(item *T) { page.Items = append(page.Items, *item) })
	return page, err
}

// each reads a page: one statement, with a look-up of the marker before it and
// a count beside it when they are asked for. The item is show's until it returns.
func (l *listing[T]) each(ctx context.Context, s *Store, q ListQuery, show func(*T)) (count int, err error) {
	order, err := l.order(q.Sort)
	if err != nil {
		return 0, err
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
		if err := s.pool.QueryRow(ctx, "SELECT count(*) FROM "+l.from+w.sql(), w.args...).Scan(&count); err != nil {
			return 0, fmt.Errorf("count: %w", err)
		}
	}
	if q.Marker != "" {
		values, err := l.marker(ctx, s, q, order)
		if err != nil {
			return 0, err
		}
		w.add(w.follows(order, values))
	}
	if q.Limit <= 0 {
		return count, nil
	}
	sql := "SELECT " + l.columns + " FROM " + l.from + w.sql() + orderBy(order) + " LIMIT " + w.arg(q.Limit, intColumn)
	if q.Offset > 0 {
		sql += " OFFSET " + w.arg(q.Offset, intColumn)
	}
	return count, l.fetch(ctx, s, sql, append(q.mode(), w.args...), show)
}

// mode has a page with filters planned for the values that it looks for: what
// is rare wants another index than what is common.
func (q ListQuery) mode() []any {
	if len(q.Filters) > 0 {
		return []any{pgx.QueryExecModeCacheDescribe}
	}
	return nil
}

func (l *listing[T]) fetch(ctx context.Context, s *Store, sql string, args []any, show func(*T)) error {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	defer rows.Close()
	r, err := newRow(rows)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	for rows.Next() {
		r.next(rows)
		item := l.read(r)
		if r.err != nil {
			return fmt.Errorf("list: %w", r.err)
		}
		show(&item)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("list: %w", err)
	}
	return nil
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
		terms[i] = o.order()
		if o.desc {
			terms[i] += " DESC"
		}
	}
	return " ORDER BY " + strings.Join(terms, ", ")
}

// marker reads what the marker's row is sorted by, as text.
func (l *listing[T]) marker(ctx context.Context, s *Store, q ListQuery, order []ordered) ([]string, error) {
	var w where
	if !l.only(&w, q.Marker, q.Project) {
		return nil, l.gone(q.Marker)
	}
	texts := make([]string, len(order))
	values := make([]string, len(order))
	into := make([]any, len(order))
	for i, o := range order {
		texts[i], into[i] = o.order()+"::text", &values[i]
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

// follows says that a row comes after these values of what rows are sorted by.
// Where all keys go one way it is a comparison of rows, which an index serves.
func (w *where) follows(order []ordered, values []string) string {
	names, places := make([]string, len(order)), make([]string, len(order))
	oneWay := true
	for i, o := range order {
		names[i], places[i] = o.order(), w.arg(values[i], o.kind)
		oneWay = oneWay && o.desc == order[0].desc
	}
	if oneWay {
		return "(" + strings.Join(names, ", ") + ")" + order[0].beyond() + "(" + strings.Join(places, ", ") + ")"
	}
	var ways []string
	same := ""
	for i, o := range order {
		ways = append(ways, "("+same+names[i]+o.beyond()+places[i]+")")
		same += names[i] + " = " + places[i] + " AND "
	}
	return "(" + strings.Join(ways, " OR ") + ")"
}

func (o ordered) beyond() string {
	if o.desc {
		return " < "
	}
	return " > "
}
