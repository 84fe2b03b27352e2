package volume

import (
	"slices"
	"testing"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
)

func TestCinderVolumes(t *testing.T) {
	t.Parallel()
	const id, other = "11111111-2222-3333-4444-555555555555", "66666666-2222-3333-4444-555555555555"
	got := cinderVolumes([]string{"file:///x/" + id, "cinder://" + id, "cinder://store/" + other, "cinder://nonsense", "cinder://", "%zz", ""})
	if !slices.Equal(got, []string{id, other}) {
		t.Errorf("got %v", got)
	}
}

// A location is what the owner of an image may have written.
func TestNoVolumeIsClonedAgainstItsOwnersWill(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		project, imageOwner, owner string
		may                        bool
	}{
		{"theirs", "", "ours", false},
		{"ours", "", "ours", true},
		{"internal", "ours", "ours", true},
		{"internal", "theirs", "ours", false},
		{"internal", "", "", false},
	} {
		v := db.Volume{ProjectID: c.project, Metadata: db.Metadata{"image_owner": c.imageOwner}}
		if got := holdsFor(&v, &glance.Image{Owner: c.owner}); got != c.may {
			t.Errorf("%+v: %t", c, got)
		}
	}
}
