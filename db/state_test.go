package db

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the files that tests compare with")

const statesPage = "../docs/states.md"

// The page is printed from the table, so it cannot say anything else.
func TestStatesPageIsCurrent(t *testing.T) {
	want := page()
	if *update {
		if err := os.WriteFile(statesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(statesPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Fatalf("%s is not what the table says: go test ./db -run StatesPage -update", statesPage)
	}
}

func page() string {
	var b strings.Builder
	b.WriteString("# States\n\nPrinted from `db/state.go`: every operation, the states it accepts, and where it moves its object.\n")
	for _, object := range []string{"volume", "snapshot", "attachment", "group", "group_snapshot"} {
		fmt.Fprintf(&b, "\n## Operations on a %s\n\n| operation | accepts | while it runs | success | failure |\n| --- | --- | --- | --- | --- |\n", object)
		for _, op := range Table[object] {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", op.Name, accepts(object, op), op.Running, op.Success, op.Failure)
		}
	}
	return b.String()
}

func accepts(object string, op Op) string {
	all := map[string]S{"volume": volumeStatuses, "snapshot": snapshotStatuses, "group": groupStatuses, "group_snapshot": groupSnapshotStatuses}[object]
	switch {
	case op.Accepts == nil:
		return "(new)"
	case len(op.Accepts) == len(all):
		return "any"
	case len(op.Accepts) > len(all)/2 && all != nil:
		left := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(op.Accepts, s) })
		return "all but " + strings.Join(left, ", ")
	}
	return strings.Join(op.Accepts, ", ")
}

// Every state that an operation leaves its object in is one that some other
// operation accepts, or the same one again after a failure: nothing is ever stuck.
func TestNoStateIsADeadEnd(t *testing.T) {
	for object, ops := range Table {
		if object == "attachment" {
			continue
		}
		for _, op := range ops {
			for _, end := range []string{op.Success, op.Failure} {
				if strings.HasPrefix(end, "(") {
					continue
				}
				leaves := slices.ContainsFunc(ops, func(o Op) bool {
					return slices.Contains(o.Accepts, end) && o.Name != "reset_status" && (o.Name != op.Name || end == op.Failure)
				})
				if !leaves {
					t.Errorf("%s of a %s ends in %s, which nothing accepts", op.Name, object, end)
				}
			}
		}
	}
}
