package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// notRun are commands of the clients, by their first words, that no script runs, and why.
var notRun = map[string]string{
	"openstack volume backup":   "backups have no engine yet",
	"cinder backup-":            "backups have no engine yet",
	"openstack extension show":  "asks Neutron alone",
	"openstack project cleanup": "reads the list of backups before anything else",
}

// neverSucceed are those that the scripts run and that end with a failure, and why.
var neverSucceed = map[string]string{
	"openstack block storage resource filter show": "a fault of this version of it",
	"openstack volume group type show":             "a fault of this version of it",
	"openstack volume group snapshot show":         "a fault of this version of it",
	"openstack volume group show":                  "a fault of this version of it",
	"openstack block storage cluster set":          "this version of it takes every answer for a failure",
	"openstack volume group failover":              "no backend replicates",
	"cinder failover-host":                         "no backend replicates",
	"cinder group-enable-replication":              "no backend replicates",
	"cinder group-disable-replication":             "no backend replicates",
	"cinder group-list-replication-targets":        "no backend replicates",
	"cinder group-failover-replication":            "no backend replicates",
}

// tally is what the scripts ran, of what the clients have.
type tally struct {
	installed map[string][]string // by program

	mu   sync.Mutex
	runs map[string]*outcomes // by command
}

// outcomes of the runs of one command.
type outcomes struct {
	succeeded, refused int
	standalone         bool // it has run only there
}

// newTally asks the clients for their commands.
func newTally(t *testing.T, s site, programs map[string]shells) *tally {
	t.Helper()
	a := &tally{installed: make(map[string][]string), runs: make(map[string]*outcomes)}
	for _, group := range []string{"openstack.volume.v3", "openstack.common"} {
		r := programs["openstack"].run(t, s.login("openstack", runner), "command", "list", "--group", group, "-f", "json")
		var groups []struct{ Commands []string }
		if err := json.Unmarshal([]byte(r.out), &groups); err != nil || len(groups) != 1 {
			t.Fatalf("%s: %v: %s%s", r.line, err, r.out, r.errText)
		}
		a.installed["openstack"] = append(a.installed["openstack"], groups[0].Commands...)
	}
	r := programs["cinder"].run(t, append(s.login("cinder", runner), "OS_VOLUME_API_VERSION=3.70"), "bash-completion")
	a.installed["cinder"] = slices.DeleteFunc(strings.Fields(r.out), func(word string) bool { return word[0] == '-' })
	if len(a.installed["openstack"]) < 90 || len(a.installed["cinder"]) < 100 {
		t.Fatalf("the clients have %d and %d commands", len(a.installed["openstack"]), len(a.installed["cinder"]))
	}
	return a
}

// note remembers a run of an installed command; others are means to an end.
func (a *tally) note(site, program string, args []string, succeeded bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for n := len(args); n > 0; n-- {
		name := strings.Join(args[:n], " ")
		if !slices.Contains(a.installed[program], name) {
			continue
		}
		o := a.runs[program+" "+name]
		if o == nil {
			o = &outcomes{standalone: true}
			a.runs[program+" "+name] = o
		}
		o.standalone = o.standalone && site == "standalone"
		if succeeded {
			o.succeeded++
		} else {
			o.refused++
		}
		return
	}
}

func (a *tally) of(command string) *outcomes {
	if o := a.runs[command]; o != nil {
		return o
	}
	return &outcomes{}
}

// reason is why a command is among the exceptions.
func reason(exceptions map[string]string, command string) (string, bool) {
	for words, why := range exceptions {
		if strings.HasPrefix(command, words) {
			return why, true
		}
	}
	return "", false
}

// judge insists that every installed command has run with success or is an
// exception, and that no exception is out of date.
func (a *tally) judge(t *testing.T) {
	t.Helper()
	for _, command := range a.commands() {
		o := a.of(command)
		_, untried := reason(notRun, command)
		_, failing := neverSucceed[command]
		switch {
		case untried && o.succeeded+o.refused > 0:
			t.Errorf("%s is run and among those that are not", command)
		case failing && (o.succeeded > 0 || o.refused == 0):
			t.Errorf("%s succeeded %d times and was refused %d times; it is among those that never succeed", command, o.succeeded, o.refused)
		case !untried && !failing && o.succeeded == 0:
			t.Errorf("no script runs `%s` with success", command)
		}
	}
}

// commands are those of both clients, in order.
func (a *tally) commands() (all []string) {
	for program, names := range a.installed {
		for _, name := range names {
			all = append(all, program+" "+name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// String is a table of the commands with a line of totals for each client.
func (a *tally) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-52s %9s %7s\n", "command", "succeeded", "refused")
	totals := make(map[string]map[string]int)
	for _, command := range a.commands() {
		program, _, _ := strings.Cut(command, " ")
		if totals[program] == nil {
			totals[program] = make(map[string]int)
		}
		end, remark := a.end(command)
		totals[program][end]++
		totals[program]["all"]++
		o := a.of(command)
		fmt.Fprintln(&out, strings.TrimRight(fmt.Sprintf("%-52s %9d %7d  %s", command, o.succeeded, o.refused, remark), " "))
	}
	for _, program := range slices.Sorted(maps.Keys(totals)) {
		n := totals[program]
		fmt.Fprintf(&out, "%s: %d commands; %d succeed with a Keystone, %d at the standalone service only, %d are tried and never succeed, %d are not run\n",
			program, n["all"], n["keystone"], n["standalone"], n["refused"], n["not run"])
	}
	return out.String()
}

// end sums up how the runs of a command ended.
func (a *tally) end(command string) (end, remark string) {
	o := a.of(command)
	switch {
	case o.succeeded+o.refused == 0:
		remark, _ = reason(notRun, command)
		return "not run", remark
	case o.succeeded == 0:
		return "refused", neverSucceed[command]
	case o.standalone:
		return "standalone", "at the standalone service"
	}
	return "keystone", ""
}
