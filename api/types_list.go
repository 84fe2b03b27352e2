package api

import (
	"cmp"
	"slices"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

// listTypes pages in memory: a cloud has few types.
func (a *API) listTypes(r *Request) (Response, error) {
	limit, err := r.limit()
	if err != nil {
		return Response{}, err
	}
	all, err := a.filteredTypes(r)
	if err != nil {
		return Response{}, err
	}
	if err := sortTypes(all, r.Query()); err != nil {
		return Response{}, err
	}
	if all, err = afterMarker(all, r.Query()); err != nil {
		return Response{}, err
	}
	page := Page{Key: "volume_types", Links: "volume_type_links", Collection: "types", Limit: limit}
	all = all[:min(len(all), limit)]
	if n := len(all); n > 0 {
		page.Last = all[n-1].ID
	}
	return newView(r, typeFields, nil).Many(all, page), nil
}

// FiltersTypes: from 3.52 the operator's file says how users filter types.
func (m Microversion) FiltersTypes() bool { return m >= 52 }

// typeFilters are the arguments that filter. Below 3.52 users have is_public
// alone; from there on the operator's file says what they have.
func (r *Request) typeFilters() ([]param, error) {
	if r.Microversion.FiltersTypes() || r.IsAdmin() {
		return r.filtersOf(&listSpec{resource: "volume_type"})
	}
	word, ok := r.Query().get("is_public")
	if !ok {
		return nil, nil
	}
	return []param{{"is_public", word}}, nil
}

// typePredicates are the filters by key; a key without one matches nothing.
var typePredicates = map[string]func(*db.VolumeType, string) bool{
	"id":           func(t *db.VolumeType, v string) bool { return t.ID == v },
	"name":         func(t *db.VolumeType, v string) bool { return t.Name == v },
	"description":  func(t *db.VolumeType, v string) bool { return t.Description != nil && *t.Description == v },
	"qos_specs_id": func(t *db.VolumeType, v string) bool { return t.QoSSpecsID != nil && *t.QoSSpecsID == v },
}

func (a *API) filteredTypes(r *Request) ([]db.VolumeType, error) {
	filters, err := r.typeFilters()
	if err != nil {
		return nil, err
	}
	types, err := a.typesByAccess(r)
	if err != nil {
		return nil, err
	}
	for _, f := range filters {
		var keep func(*db.VolumeType, string) bool
		switch f.key {
		case "is_public":
			continue
		case "extra_specs":
			keep = specsFilter(r, f.value)
		default:
			keep = typePredicates[f.key]
		}
		types = slices.DeleteFunc(types, func(t db.VolumeType) bool { return keep == nil || !keep(&t, f.value) })
	}
	return types, nil
}

// typesByAccess are the public types and those shared with the project. Only
// administrators have a choice: False is the private ones, None all.
func (a *API) typesByAccess(r *Request) ([]db.VolumeType, error) {
	word, asked := r.Query().get("is_public")
	all := r.IsAdmin() && asked && strings.EqualFold(word, "none")
	private := false
	if r.IsAdmin() && asked && !all {
		public, ok := schema.ParseBool(word)
		if !ok {
			return nil, badRequest("Invalid is_public filter [%s]", word)
		}
		private = !public
	}
	types, err := a.Store.VolumeTypes(r.Context(), r.Identity.ProjectID, all || private)
	if private {
		types = slices.DeleteFunc(types, func(t db.VolumeType) bool { return t.IsPublic })
	}
	return types, err
}

// zonesSpec is a list in text; a filter asks for a part of it.
const zonesSpec = "RESKEY:availability_zones"

// specsFilter wants every pair. What is no dictionary matches nothing, and so
// do specs that the caller may not see: the answer must not tell what they are.
func specsFilter(r *Request, text string) func(*db.VolumeType, string) bool {
	wanted, err := parsePairs(text)
	for k := range wanted {
		if !slices.Contains(openSpecs, k) && !r.seesAllSpecs() {
			return nil
		}
	}
	if err != nil {
		return nil
	}
	return func(t *db.VolumeType, _ string) bool {
		for k, v := range wanted {
			has := t.ExtraSpecs[k]
			if has == nil || *has != v && (k != zonesSpec || !strings.Contains(*has, v)) {
				return false
			}
		}
		return true
	}
}

var typeOrder = map[string]func(a, b *db.VolumeType) int{
	"id":          func(a, b *db.VolumeType) int { return cmp.Compare(a.ID, b.ID) },
	"name":        func(a, b *db.VolumeType) int { return cmp.Compare(a.Name, b.Name) },
	"description": func(a, b *db.VolumeType) int { return cmp.Compare(value(a.Description), value(b.Description)) },
	"created_at":  func(a, b *db.VolumeType) int { return a.CreatedAt.Compare(b.CreatedAt) },
	"updated_at":  func(a, b *db.VolumeType) int { return value(a.UpdatedAt).Compare(value(b.UpdatedAt)) },
}

// value is the zero value for nil.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// sortTypes ends with created_at and id in the direction of the first key.
func sortTypes(types []db.VolumeType, args query) error {
	order, err := sortOf(args)
	if err != nil {
		return err
	}
	for _, o := range order {
		if typeOrder[o.Key] == nil {
			return badRequest("Invalid input received: Invalid sort key")
		}
	}
	desc := order[0].Desc
	order = append(order, db.Sort{Key: "created_at", Desc: desc}, db.Sort{Key: "id", Desc: desc})
	slices.SortFunc(types, func(a, b db.VolumeType) int {
		for _, o := range order {
			if n := typeOrder[o.Key](&a, &b); n != 0 && o.Desc {
				return -n
			} else if n != 0 {
				return n
			}
		}
		return 0
	})
	return nil
}

// afterMarker drops what marker and offset say.
func afterMarker(types []db.VolumeType, args query) ([]db.VolumeType, error) {
	if marker, ok := args.get("marker"); ok {
		i := slices.IndexFunc(types, func(t db.VolumeType) bool { return t.ID == schema.CanonicalUUID(marker) })
		if i < 0 {
			return nil, db.Errorf(db.NotFound, "Volume type %s could not be found.", marker)
		}
		types = types[i+1:]
	}
	skip, err := offset(args)
	if err != nil {
		return nil, err
	}
	return types[min(skip, len(types)):], nil
}
