// Package architecture holds what the compiler does not check of the house plan.
package architecture

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/clinker-io/clinker/"

// arrows says which of our packages a folder may import, its own children
// aside. A folder that is not named here must be added on purpose.
var arrows = map[string][]string{
	"cmd":        {"api", "scheduler", "volume", "target", "db", "migrations", "openstack", "internal"},
	"api":        {"db", "openstack"},
	"scheduler":  {"db", "openstack"},
	"volume":     {"db", "target", "openstack"},
	"target":     nil,
	"db":         nil,
	"migrations": nil,
	"openstack":  nil,
	"internal":   nil,
	"tests":      {"internal"},
}

// narrower arrows of some children; they replace those of the folder.
var children = map[string][]string{
	"volume/driver":  nil,
	"api/auth":       {"openstack"},
	"api/policy":     nil,
	"api/schema":     nil,
	"api/standalone": {"api"},
	"tests/tempest":  {"internal", "tests/harness"},
}

func TestImportsFollowTheHousePlan(t *testing.T) {
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from := strings.TrimPrefix(fields[0], module)
		for _, imported := range fields[1:] {
			to, ours := strings.CutPrefix(imported, module)
			if ours && !allowed(from, to) {
				t.Errorf("%s imports %s, against the arrows", from, to)
			}
		}
	}
}

func allowed(from, to string) bool {
	folder, rules := home(from)
	if to == folder || strings.HasPrefix(to, folder+"/") {
		return true
	}
	return slices.ContainsFunc(rules, func(r string) bool { return to == r || strings.HasPrefix(to, r+"/") })
}

// home finds the longest named folder that a package lies in.
func home(pkg string) (folder string, rules []string) {
	for c, r := range children {
		if pkg == c || strings.HasPrefix(pkg, c+"/") {
			return c, r
		}
	}
	top, _, _ := strings.Cut(pkg, "/")
	rules, known := arrows[top]
	if !known {
		return pkg, nil
	}
	return top, rules
}
