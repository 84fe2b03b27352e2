package api

import "sync"

// Field is one key of an object's JSON.
type Field[T any] struct {
	Name  string
	Since Microversion
	// Rule is the policy rule that shows the field; anyone needs none.
	Rule   string
	Append func(b []byte, r *Request, v *T) []byte
}

// anyone sees a field.
const anyone = ""

// View writes objects for one request: the fields of its microversion that its
// caller may see.
type View[T any] struct {
	*shape[T]
	r       *Request
	project func(*T) string
	shown   map[string][]bool // by project: the fields that its rules show
}

// shape is the fields of one microversion with their keys, made once.
type shape[T any] struct {
	fields []Field[T]
	keys   []string // `"name": `
}

type shapeKey struct {
	fields any // the address of the first one
	mv     Microversion
}

var shapes sync.Map // of shapeKey to *shape; one for each table and microversion

func shapeOf[T any](fields []Field[T], mv Microversion) *shape[T] {
	key := shapeKey{&fields[0], mv}
	if s, ok := shapes.Load(key); ok {
		return s.(*shape[T])
	}
	s := &shape[T]{}
	for _, f := range fields {
		if mv >= f.Since {
			s.fields = append(s.fields, f)
			s.keys = append(s.keys, string(append(appendString(nil, f.Name), ": "...)))
		}
	}
	shapes.Store(key, s)
	return s
}

// newView picks the fields. project says whose an object is, for the rules; nil
// is the caller's own project.
func newView[T any](r *Request, fields []Field[T], project func(*T) string) *View[T] {
	return &View[T]{r: r, shape: shapeOf(fields, r.Microversion), project: project, shown: make(map[string][]bool, 1)}
}

// Append writes one object.
func (v *View[T]) Append(b []byte, row *T) []byte {
	project := v.r.Identity.ProjectID
	if v.project != nil {
		project = v.project(row)
	}
	shown, ok := v.shown[project]
	if !ok {
		shown = v.showTo(project)
	}
	b = append(b, '{')
	first := true
	for i := range v.fields {
		if !shown[i] {
			continue
		}
		if !first {
			b = append(b, ", "...)
		}
		first = false
		b = v.fields[i].Append(append(b, v.keys[i]...), v.r, row)
	}
	return append(b, '}')
}

// maxProjects bounds what a view remembers on a list of many projects.
const maxProjects = 1000

func (v *View[T]) showTo(project string) []bool {
	if len(v.shown) >= maxProjects {
		clear(v.shown)
	}
	shown := make([]bool, len(v.fields))
	for i := range v.fields {
		shown[i] = v.fields[i].Rule == anyone || v.r.Allowed(v.fields[i].Rule, project)
	}
	v.shown[project] = shown
	return shown
}

// One is {"key": object}.
func (v *View[T]) One(key string, row *T) Response {
	return JSON(func(b []byte) []byte {
		b = append(appendString(append(b, '{'), key), ": "...)
		return append(v.Append(b, row), '}')
	})
}

// Many is {"key": [objects]} with the next link and the count of a page.
func (v *View[T]) Many(rows []T, p Page) Response {
	return JSON(func(b []byte) []byte {
		b = append(appendString(append(b, '{'), p.Key), ": ["...)
		for i := range rows {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = v.Append(b, &rows[i])
		}
		b = append(b, ']')
		return append(p.appendRest(b, v.r, len(rows)), '}')
	})
}

// Stream is Many of a page whose objects each shows one after the other, and
// whose matches it counts: they are written as they come.
func (v *View[T]) Stream(p Page, idOf func(*T) string, each func(show func(*T)) (count int, err error)) (Response, error) {
	b := append(appendString(append(takeBuffer(), '{'), p.Key), ": ["...)
	n := 0
	count, err := each(func(row *T) {
		if n > 0 {
			b = append(b, ", "...)
		}
		n++
		b = v.Append(b, row)
		p.Last = idOf(row)
	})
	if err != nil {
		giveBuffer(b)
		return Response{}, err
	}
	if p.Count != nil {
		*p.Count = int64(count)
	}
	return Response{ready: append(p.appendRest(append(b, ']'), v.r, n), '}')}, nil
}

// Page is what stands round the objects of a list.
type Page struct {
	Key        string // of the objects
	Links      string // key of the links; "": this list has none
	Collection string // path of this list for the next link
	Limit      int    // as asked, or the service's
	Last       string // id of the last object
	Count      *int64 // with_count; nil: not asked for
}

// appendRest: the link is there when the page is full, even if nothing follows.
func (p Page) appendRest(b []byte, r *Request, n int) []byte {
	if p.Links != "" && n > 0 && n >= p.Limit {
		b = append(appendString(append(b, ", "...), p.Links), `: [{"rel": "next", "href": `...)
		b = append(appendString(b, r.nextLink(p.Collection, p.Last)), "}]"...)
	}
	if p.Count != nil {
		b = appendInt(append(b, `, "count": `...), *p.Count)
	}
	return b
}
