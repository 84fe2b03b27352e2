package api

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
)

// poolNames are those of an answer, in its order.
func poolNames(a answer) []string {
	a.t.Helper()
	var names []string
	for i := range a.list("pools") {
		names = append(names, a.text("pools", i, "name"))
	}
	return names
}

func TestPoolsAreListed(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume()
	host := c.want(200, "GET", "/volumes/"+id, nil).text("volume", "os-vol-host-attr:host")
	const path = "/scheduler-stats/get_pools"
	plain := c.at("3.0").want(200, "GET", path, nil)
	if names := poolNames(plain); !slices.Equal(names, []string{host}) {
		t.Fatalf("pools %v, want %s alone", names, host)
	}
	keys(t, plain.what, plain.object("pools", 0), "name")
	detail := c.at("3.0").want(200, "GET", path+"?detail=True", nil)
	keys(t, detail.what, detail.object("pools", 0), "name capabilities")
	caps := detail.object("pools", 0, "capabilities")
	for _, key := range []string{"pool_name", "volume_backend_name", "vendor_name", "driver_version", "storage_protocol", "total_capacity_gb", "free_capacity_gb",
		"allocated_capacity_gb", "reserved_percentage", "max_over_subscription_ratio", "thin_provisioning_support", "thick_provisioning_support", "multiattach",
		"QoS_support", "backend_state", "timestamp"} {
		if _, ok := caps[key]; !ok {
			t.Errorf("%s lacks %s", detail.what, key)
		}
	}
	if used, _ := caps["allocated_capacity_gb"].(float64); used < 1 {
		t.Errorf("allocated %v with a volume of 1 GiB", caps["allocated_capacity_gb"])
	}
	backend := fmt.Sprint(caps["volume_backend_name"])
	for _, q := range []struct {
		mv, query string
		want      int
	}{
		{"3.27", "name=nothing", 1}, {"3.28", "name=nothing", 0}, {"3.28", "name=" + url.QueryEscape(host), 1},
		{"3.28", "volume_backend_name=" + url.QueryEscape(backend), 1}, {"3.28", "volume_backend_name=other", 0}, {"3.28", "multiattach=true", 1},
		{"3.28", "multiattach=no", 0}, {"3.28", "reserved_percentage=0", 1}, {"3.28", "nothing=1", 0}, {"3.34", "volume_type=none", 1},
		{newest, "volume_type=__DEFAULT__", 1}, {newest, "detail=false", 1},
	} {
		if names := poolNames(c.at(q.mv).want(200, "GET", path+"?"+q.query, nil)); len(names) != q.want {
			t.Errorf("%s at %s: pools %v, want %d", q.query, q.mv, names, q.want)
		}
	}
	get := func(name, mv, query string, status int, fault string) row {
		return row{name: name, mv: mv, method: "GET", path: path + "?" + query, status: status, fault: fault}
	}
	check(t, c, []row{
		get("odd detail", "3.0", "detail=perhaps", 400, "Value 'perhaps' for 'detail' is not a boolean."),
		get("a filter that the file has not", "3.31", "vendor_name=x&multiattach=1", 400, "Invalid filters vendor_name,multiattach are found in query options."),
		get("unknown type", "3.35", "volume_type=none", 404, "Volume type with name none could not be found."),
		get("unknown type by id", "3.35", "volume_type="+unknownID, 404, "Volume type "+unknownID+" could not be found."),
	})
}
