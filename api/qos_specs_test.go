package api

import (
	"fmt"
	"testing"
)

// newQoS makes QoS specs and returns their id.
func newQoS(t *testing.T, b backed, inner string) string {
	t.Helper()
	return dig(t, ask(t, b.admin, "POST", "/qos-specs", "0", `{"qos_specs": `+inner+`}`), "qos_specs", "id").(string)
}

func TestQoSSpecs(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	id := newQoS(t, b, `{"name": " fast ", "consumer": "front-end", "total_iops_sec": "100", "empty": null}`)
	one := "/qos-specs/" + id
	object := func(specs string) string {
		return `{"id": "` + id + `", "name": "fast", "consumer": "both", "specs": ` + specs + `}`
	}
	links := func() string {
		base := "http://c:8776"
		rest := "/" + project + one
		return `, "links": [{"rel": "self", "href": "` + base + "/v3" + rest + `"}, {"rel": "bookmark", "href": "` + base + rest + `"}]`
	}
	create := func(name, inner string, status int, want string) call {
		return call{name: name, method: "POST", path: "/qos-specs", body: `{"qos_specs": ` + inner + `}`, status: status, want: want}
	}
	keys := func(name, list string, status int, want string) call {
		return call{name: name, method: "PUT", path: one + "/delete_keys", body: `{"keys": ` + list + `}`, status: status, want: want}
	}
	put := func(name, inner string, status int, want string) call {
		return call{name: name, method: "PUT", path: one, body: `{"qos_specs": ` + inner + `}`, status: status, want: want}
	}
	const badConsumer = "Invalid qos specs: Valid consumer of QoS specs are: ['front-end', 'back-end', 'both']"
	steps(t, b.admin, []call{
		create("name taken", `{"name": "fast"}`, 409, conflict("QoS Specs fast already exists.")),
		create("no name", `{}`, 400, bad("Invalid input for field/attribute qos_specs. Value: {}. 'name' is a required property")),
		create("blank name", `{"name": " "}`, 400, bad("An invalid 'name' value was provided. The 'name' can not be empty.")),
		create("unknown consumer", `{"name": "x", "consumer": "middle"}`, 400, bad(badConsumer)),
		create("consumer empty", `{"name": "x", "consumer": ""}`, 400, bad(badConsumer)),
		create("number", `{"name": "x", "total_iops_sec": 1}`, 400, bad(`Invalid input received: Value for key "total_iops_sec" is not a string or unicode`)),
		create("empty key", `{"name": "x", "": "y"}`, 400, bad(`Invalid input received: Key "" has 0 characters, less than 1.`)),
		put("update", `{"consumer": "both", "total_iops_sec": "200", "size_iops_sec": "4096"}`, 200,
			`{"qos_specs": {"consumer": "both", "size_iops_sec": "4096", "total_iops_sec": "200"}}`),
		put("update to another consumer", `{"consumer": "none"}`, 400, bad(badConsumer)),
		put("update with a number", `{"a": 1}`, 400, ""),
		put("update nothing", `{}`, 200, `{"qos_specs": {}}`),
		{name: "show", method: "GET", path: one, status: 200,
			want: `{"qos_specs": ` + object(`{"empty": null, "size_iops_sec": "4096", "total_iops_sec": "200"}`) + links() + `}`},
		keys("delete keys up to a missing one", `["empty", "consumer", "size_iops_sec"]`, 404, missing("QoS spec "+id+" has no spec with key consumer.")),
		keys("delete keys", `["size_iops_sec"]`, 202, ""),
		keys("no keys", `[]`, 202, ""),
		keys("twice", `["a", "a"]`, 400, ""),
		keys("no list", `"a"`, 400, ""),
		{name: "list", method: "GET", path: "/qos-specs", status: 200, want: `{"qos_specs": [` + object(`{"total_iops_sec": "200"}`) + `]}`},
		{name: "not there", method: "GET", path: "/qos-specs/nothing", status: 404, want: missing("No such QoS spec nothing.")},
		{name: "update what is not there", method: "PUT", path: "/qos-specs/" + unknownType, body: `{"qos_specs": {}}`, status: 404},
		{name: "delete what is not there", method: "DELETE", path: "/qos-specs/" + unknownType, status: 404, want: missing("No such QoS spec " + unknownType + ".")},
		{name: "no word for force", method: "DELETE", path: one + "?force=maybe", status: 400, want: bad("Value 'maybe' for 'force' is not a boolean.")},
		{name: "no body", method: "POST", path: "/qos-specs", status: 400},
		{name: "delete", method: "DELETE", path: one, status: 202},
		{name: "gone", method: "GET", path: one, status: 404},
	})
	steps(t, b.user, []call{
		{name: "users do not list", method: "GET", path: "/qos-specs", status: 403, want: forbidden("volume_extension:qos_specs_manage:get_all")},
		{name: "users do not make", method: "POST", path: "/qos-specs", body: `{"qos_specs": {"name": "x"}}`, status: 403,
			want: forbidden("volume_extension:qos_specs_manage:create")},
		{name: "users do not associate", method: "GET", path: one + "/associate?vol_type_id=x", status: 403,
			want: forbidden("volume_extension:qos_specs_manage:update")},
	})
}

func TestQoSSpecsAreListedInPages(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	var ids []string
	for i := range 3 {
		ids = append(ids, newQoS(t, b, fmt.Sprintf(`{"name": "q%d", "consumer": "%s"}`, i, consumers[i])))
	}
	for query, want := range map[string]string{
		"": "[q2 q1 q0]", "?sort=name": "[q2 q1 q0]", "?sort=name:asc&limit=2": "[q0 q1]", "?sort_key=id&sort_dir=asc&id=" + ids[1]: "[q1]",
		"?marker=" + ids[1]: "[q0]", "?offset=1&limit=1": "[q1]", "?consumer=both": "[q2]", "?name=q0": "[q0]", "?colour=red": "[]", "?limit=0": "[]",
	} {
		if got := fmt.Sprint(column(t, ask(t, b.admin, "GET", "/qos-specs"+query, "0", "")["qos_specs"], "name")); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	page := ask(t, b.admin, "GET", "/qos-specs?limit=1", "0", "")
	if next := dig(t, page, "qos_specs_links", 0, "href"); next != "http://c:8776/v3/"+project+"/qos-specs?limit=1&marker="+ids[2] {
		t.Errorf("next: %v", next)
	}
	steps(t, b.admin, []call{
		{name: "marker", method: "GET", path: "/qos-specs?marker=" + unknownType, status: 404, want: missing("No such QoS spec " + unknownType + ".")},
		{name: "sort key", method: "GET", path: "/qos-specs?sort=specs", status: 400, want: bad("Invalid input received: Invalid sort key")},
		{name: "limit", method: "GET", path: "/qos-specs?limit=-1", status: 400},
	})
}

func TestTypesWithQoSSpecs(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	gold, other := newType(t, b, `{"name": "gold"}`), newType(t, b, `{"name": "silver"}`)
	id, second := newQoS(t, b, `{"name": "fast"}`), newQoS(t, b, `{"name": "slow"}`)
	get := func(name, path string, status int, want string) call {
		return call{name: name, method: "GET", path: "/qos-specs/" + path, status: status, want: want}
	}
	with := func(ids ...string) string {
		list := ""
		for i, typeID := range ids {
			name := map[string]string{gold: "gold", other: "silver"}[typeID]
			list += []string{"", ", "}[min(i, 1)] + `{"association_type": "volume_type", "name": "` + name + `", "id": "` + typeID + `"}`
		}
		return `{"qos_associations": [` + list + `]}`
	}
	steps(t, b.admin, []call{
		get("no type", id+"/associate", 400, bad("Volume Type id must not be None.")),
		get("empty type", id+"/disassociate?vol_type_id=", 400, bad("Volume Type id must not be None.")),
		get("unknown specs", unknownType+"/associate?vol_type_id="+gold, 404, missing("No such QoS spec "+unknownType+".")),
		get("unknown type", id+"/associate?vol_type_id="+unknownType, 404, missing("Volume type "+unknownType+" could not be found.")),
		get("no id", id+"/disassociate?vol_type_id=gold", 404, missing("Volume type gold could not be found.")),
		get("nothing yet", id+"/associations", 200, with()),
		get("associate", id+"/associate?vol_type_id="+gold, 202, ""),
		get("again", id+"/associate?vol_type_id="+gold, 202, ""),
		get("with another", second+"/associate?vol_type_id="+gold, 400,
			bad("Invalid volume type: Type "+gold+" is already associated with another qos specs: "+id)),
		get("one more", id+"/associate?vol_type_id="+other, 202, ""),
		get("both", id+"/associations", 200, with(gold, other)),
		{name: "in use", method: "DELETE", path: "/qos-specs/" + id, status: 400, want: bad("Qos specs still in use.")},
		get("disassociate from the wrong one", second+"/disassociate?vol_type_id="+gold, 202, ""),
		get("still there", id+"/associations", 200, with(gold, other)),
		get("disassociate", id+"/disassociate?vol_type_id="+other, 202, ""),
		get("the other", id+"/associations", 200, with(gold)),
	})
	if got := dig(t, ask(t, b.admin, "GET", "/types/"+gold, "0", ""), "volume_type", "qos_specs_id"); got != id {
		t.Errorf("qos_specs_id of the type: %v", got)
	}
	if got := dig(t, ask(t, b.user, "GET", "/types/"+gold, "0", ""), "volume_type").(map[string]any); got["qos_specs_id"] != nil || len(got) == 0 {
		t.Errorf("a user sees %v", got)
	}
	if got := fmt.Sprint(column(t, ask(t, b.admin, "GET", "/types?qos_specs_id="+id, "0", "")["volume_types"], "name")); got != "[gold]" {
		t.Errorf("types with the specs: %v", got)
	}
	steps(t, b.admin, []call{
		get("all", id+"/disassociate_all", 202, ""),
		get("none left", id+"/associations", 200, with()),
		get("associate again", id+"/associate?vol_type_id="+gold, 202, ""),
		{name: "by force", method: "DELETE", path: "/qos-specs/" + id + "?force=True", status: 202},
		get("the type is free", second+"/associate?vol_type_id="+gold, 202, ""),
		{name: "a type goes with its association", method: "DELETE", path: "/types/" + gold, status: 202},
		{name: "so the specs are free", method: "DELETE", path: "/qos-specs/" + second, status: 202},
	})
}
