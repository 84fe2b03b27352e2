package api

import (
	"fmt"
	"strings"
	"testing"
)

func TestImageMetadata(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	const volume, other = "11111111-1111-4111-8111-111111111111", "33333333-3333-4333-8333-333333333333"
	for _, id := range []string{volume, other} {
		b.sql(t, `INSERT INTO volumes (id, project_id, user_id, size, status, availability_zone, volume_type_id)
			SELECT $1, $2, 'u', 1, 'available', 'nova', id FROM volume_types`, id, project)
	}
	act := func(name, body string, status int, want string) call {
		return call{name: name, method: "POST", path: "/volumes/" + volume + "/action", body: body, status: status, want: want}
	}
	none := missing("Glance metadata for volume/snapshot " + volume + " cannot be found.")
	steps(t, b.user, []call{
		act("show none", `{"os-show_image_metadata": null}`, 404, none),
		act("unset none", `{"os-unset_image_metadata": {"key": "a"}}`, 404, none),
		act("set", `{"os-set_image_metadata": {"metadata": {"image_name": "cirros", "long": "`+strings.Repeat("x", 1000)+`"}}}`, 200, ""),
		act("set another", `{"os-set_image_metadata": {"metadata": {"long": "short", "os/type x": "linux"}}}`, 200,
			`{"metadata": {"image_name": "cirros", "long": "short", "os/type x": "linux"}}`),
		act("show", `{"os-show_image_metadata": null}`, 200, `{"metadata": {"image_name": "cirros", "long": "short", "os/type x": "linux"}}`),
		act("number", `{"os-set_image_metadata": {"metadata": {"a": 1}}}`, 400, ""),
		act("bad key", `{"os-set_image_metadata": {"metadata": {"a\u00e4": "1"}}}`, 400, ""),
		act("too long", `{"os-set_image_metadata": {"metadata": {"a": "`+strings.Repeat("x", 65536)+`"}}}`, 400, ""),
		act("no metadata", `{"os-set_image_metadata": {}}`, 400, ""),
		act("null", `{"os-set_image_metadata": null}`, 400, ""),
		act("unset", `{"os-unset_image_metadata": {"key": "long"}}`, 200, ""),
		act("unset again", `{"os-unset_image_metadata": {"key": "long"}}`, 404, none),
		act("no key", `{"os-unset_image_metadata": {"key": ""}}`, 400, ""),
		act("unknown key", `{"os-unset_image_metadata": {"keys": "a"}}`, 400, ""),
		{name: "unknown volume", method: "POST", path: "/volumes/" + unknownType + "/action", body: `{"os-show_image_metadata": null}`, status: 404},
	})
	want := map[string]any{"image_name": "cirros", "os/type x": "linux"}
	shown := dig(t, ask(t, b.user, "GET", "/volumes/"+volume, "0", ""), "volume", "volume_image_metadata")
	if fmt.Sprint(shown) != fmt.Sprint(want) {
		t.Errorf("shown: %v", shown)
	}
	if v := dig(t, ask(t, b.user, "GET", "/volumes/"+other, "0", ""), "volume").(map[string]any); v["volume_image_metadata"] != nil {
		t.Errorf("without: %v", v)
	} else if _, ok := v["volume_image_metadata"]; ok {
		t.Error("the key is there without metadata")
	}
	update := dig(t, call{method: "PUT", path: "/v3/" + project + "/volumes/" + volume, body: `{"volume": {"name": "n"}}`,
		status: 200}.json(t, b.user), "volume").(map[string]any)
	if _, ok := update["volume_image_metadata"]; ok {
		t.Error("the answer to an update shows image metadata")
	}
	for _, c := range []struct {
		admin          bool
		version, query string
		want           int
	}{
		{true, "4", "glance_metadata={'image_name':'cirros'}", 1}, {true, "4", "glance_metadata={'image_name':'ubuntu'}", 0},
		{true, "31", "glance_metadata={'image_name':'cirros','os/type x':'linux'}", 1}, {true, "3", "glance_metadata={'image_name':'ubuntu'}", 2},
		{false, "4", "glance_metadata={'image_name':'ubuntu'}", 2},
	} {
		h := b.user
		if c.admin {
			h = b.admin
		}
		list := ask(t, h, "GET", "/volumes/detail?"+strings.ReplaceAll(c.query, " ", "%20"), c.version, "")["volumes"].([]any)
		if len(list) != c.want {
			t.Errorf("%+v: %d volumes", c, len(list))
		}
	}
	b.sql(t, "UPDATE volumes SET status = 'uploading' WHERE id = $1", volume)
	steps(t, b.user, []call{
		{name: "not by users", method: "GET", path: "/volumes?glance_metadata=%7B%7D", header: mv("volume 3.31"), status: 400,
			want: bad("Invalid filters glance_metadata are found in query options.")},
		act("set while it is uploaded", `{"os-set_image_metadata": {"metadata": {"a": "b"}}}`, 400,
			bad("Invalid volume: Updating volume metadata is not allowed for volumes in uploading status.")),
		act("unset while it is uploaded", `{"os-unset_image_metadata": {"key": "image_name"}}`, 400,
			bad("Invalid volume: Deleting volume metadata is not allowed for volumes in uploading status.")),
	})
	b.sql(t, "UPDATE volumes SET status = 'available', project_id = 'other' WHERE id = $1", volume)
	steps(t, b.user, []call{act("another project's", `{"os-show_image_metadata": null}`, 404, missing("Volume "+volume+" could not be found."))})
}
