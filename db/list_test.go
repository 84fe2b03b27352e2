package db_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/clinker-io/clinker/db"
)

// volumes is a page in memory.
func volumes(t *testing.T, s *db.Store, q db.ListQuery) (db.Page[db.VolumeView], error) {
	var page db.Page[db.VolumeView]
	var err error
	page.Count, err = s.EachVolume(t.Context(), q, func(v *db.VolumeView) { page.Items = append(page.Items, *v) })
	return page, err
}

// Walking by marker shows every item once, whatever the order and however many
// nulls and ties there are.
func TestPagesByMarkerShowEverythingOnce(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	want := 0
	for i := range 23 {
		n := db.NewVolume{SizeGiB: int32(1 + i%3)}
		if i%4 != 0 {
			name := fmt.Sprintf("n%d", i%5)
			n.Name = &name
		}
		_, err := create(t, s, n)
		must(t, err)
		want++
	}
	for _, sort := range [][]db.Sort{
		{{Key: "created_at", Desc: true}, {Key: "id", Desc: true}},
		{{Key: "created_at"}, {Key: "id"}},
		{{Key: "name"}, {Key: "id"}},
		{{Key: "name", Desc: true}, {Key: "id", Desc: true}},
		{{Key: "size"}, {Key: "name", Desc: true}, {Key: "id"}},
		{{Key: "updated_at"}, {Key: "id", Desc: true}},
	} {
		all, err := volumes(t, s, db.ListQuery{Project: alice.ProjectID, Sort: sort, Limit: 100, WithCount: true})
		must(t, err)
		if all.Count != want || len(all.Items) != want {
			t.Fatalf("%v: count %d, %d items", sort, all.Count, len(all.Items))
		}
		var walked, straight []string
		for _, v := range all.Items {
			straight = append(straight, v.ID)
		}
		for marker := ""; ; {
			page, err := volumes(t, s, db.ListQuery{Project: alice.ProjectID, Sort: sort, Limit: 4, Marker: marker})
			must(t, err)
			if len(page.Items) == 0 {
				break
			}
			for _, v := range page.Items {
				walked = append(walked, v.ID)
			}
			marker = walked[len(walked)-1]
		}
		if !slices.Equal(walked, straight) {
			t.Errorf("%v: walked %d items in another order than the %d of one page", sort, len(walked), len(straight))
		}
	}
}

func TestFiltersFindWhatTheySay(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	name := "needle in hay"
	v, err := create(t, s, db.NewVolume{SizeGiB: 7, Name: &name, Metadata: db.Metadata{"a": "1", "b": "2"}})
	must(t, err)
	_, err = create(t, s, db.NewVolume{Metadata: db.Metadata{"a": "1"}})
	must(t, err)
	for _, c := range []struct {
		filter db.Filter
		want   int
	}{
		{db.Filter{Key: "name", Value: name}, 1},
		{db.Filter{Key: "name", Op: db.Like, Value: "edle"}, 1},
		{db.Filter{Key: "name", Value: nil}, 1},
		{db.Filter{Key: "size", Value: "7"}, 1},
		{db.Filter{Key: "size", Value: "seven"}, 0},
		{db.Filter{Key: "id", Value: v.ID}, 1},
		{db.Filter{Key: "id", Value: "no uuid"}, 0},
		{db.Filter{Key: "metadata", Op: db.Contains, Value: db.Metadata{"a": "1"}}, 2},
		{db.Filter{Key: "metadata", Op: db.Contains, Value: db.Metadata{"a": "1", "b": "2"}}, 1},
		{db.Filter{Key: "created_at", Op: db.GreaterEqual, Value: v.CreatedAt}, 2},
		{db.Filter{Key: "created_at", Op: db.Greater, Value: v.CreatedAt}, 1},
		{db.Filter{Key: "status", Op: db.In, Value: []string{"creating", "error"}}, 2},
		{db.Filter{Key: "bootable", Value: "False"}, 2},
		{db.Filter{Key: "name", Value: "\x00"}, 0},
	} {
		page, err := volumes(t, s, db.ListQuery{Filters: []db.Filter{c.filter}, Limit: 10})
		if err != nil || len(page.Items) != c.want {
			t.Errorf("%+v: %d items, %v; want %d", c.filter, len(page.Items), err, c.want)
		}
	}
	if _, err := volumes(t, s, db.ListQuery{Project: "another", Limit: 1, Marker: v.ID}); !db.IsKind(err, db.NotFound) {
		t.Errorf("a marker of another project: %v", err)
	}
	if _, err := s.ViewVolume(t.Context(), v.ID, "another"); !db.IsKind(err, db.NotFound) {
		t.Errorf("another project's volume: %v", err)
	}
}
