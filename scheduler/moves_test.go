package scheduler

import "testing"

// A volume that stays needs no room on its pool, and one that leaves does not
// come back to it.
func TestMovesLeaveOrStay(t *testing.T) {
	full := Pool{Host: "a@b#p", TotalGiB: GiB(10), FreeGiB: GiB(0)}
	roomy := Pool{Host: "a@b#q", TotalGiB: GiB(10), FreeGiB: GiB(10)}
	for _, c := range []struct {
		name string
		req  Request
		want string // "": none
	}{
		{"stays on a full pool", Request{SizeGiB: 5, OnlyPool: full.Host, ExistsOn: full.Host}, full.Host},
		{"does not come to a full pool", Request{SizeGiB: 5, OnlyPool: full.Host}, ""},
		{"goes to the other pool of the backend", Request{SizeGiB: 5, OnlyBackend: "a@b", NotPool: full.Host}, roomy.Host},
		{"finds no other pool", Request{SizeGiB: 11, OnlyBackend: "a@b", NotPool: full.Host}, ""},
		{"does not stay", Request{SizeGiB: 5, NotPool: roomy.Host}, ""},
	} {
		got, err := Pick(Config{}, []Pool{full, roomy}, c.req)
		if got.Host != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v; want %q", c.name, got.Host, err, c.want)
		}
	}
}
