package policy

import (
	"fmt"
	"strconv"
	"strings"
)

const sampleHead = `# Policy of Clinker: every rule with its default, commented out. To change one,
# put its line, without the #, into policy.yaml beside the configuration file
# ([oslo_policy] policy_file) or into a file in policy.d. A change is in force a
# second after the file is saved, without a restart; a file with a mistake is
# reported in the log and changes nothing.
#
# A rule is made of checks, joined by and, or, not and parentheses:
#   role:NAME                    the caller has the role
#   rule:NAME                    another rule allows it; a rule of any name may be added
#   project_id:%(project_id)s    it belongs to the caller's project
#   system_scope:all             the caller's token is of the system
#   @, !                         always, never
# clinker policy check RULE --role member --project ID says which check decides.
`

// Sample is a policy file with every rule as a comment. operations says which
// calls ask a rule.
func Sample(operations func(rule string) []string) string {
	var out strings.Builder
	out.WriteString(sampleHead)
	for _, r := range defaults {
		fmt.Fprintf(&out, "\n# %s\n", about[r.Name])
		for _, op := range operations(r.Name) {
			fmt.Fprintf(&out, "# %s\n", op)
		}
		if older := olderNames[r.Name]; older != "" {
			fmt.Fprintf(&out, "# Its older name is %s.\n", older)
		}
		if r.Older != nil && *r.Older != r.Check {
			fmt.Fprintf(&out, "# Until enforce_new_defaults is set, this allows it too: %s\n", strconv.Quote(*r.Older))
		}
		fmt.Fprintf(&out, "#%q: %q\n", r.Name, r.Check)
	}
	return out.String()
}
