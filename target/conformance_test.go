package target_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/target"
)

// knownFailures are tests of libiscsi 1.19 that fail here, and why that is right.
var knownFailures = map[string]string{
	"SCSI/GetLBAStatus.UnmapSingle": "wants the descriptor to begin behind the LBA that it asks for; " +
		"we say of every block that it is mapped or unknown",
	"iSCSI/iSCSIResiduals.Read10Invalid": "wants GOOD for a READ that is sent as a write; we refuse it",
	"iSCSI/iSCSIdatasn.iSCSIDataSnInvalid": "expects a failure of each of its four writes; we drop the connection at " +
		"a wrong DataSN (error recovery level 0), and one write comes after it, on a new one, with nothing wrong in it that we saw",
}

var (
	suiteLine   = regexp.MustCompile(`^\s*Suite: (\S+)`)
	testLine    = regexp.MustCompile(`^\s*Test: (\S+) \.\.\.`)
	failureLine = regexp.MustCompile(`FAILED$`)
	summaryLine = regexp.MustCompile(`(?m)^\s*tests\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)`)
)

func TestLibiscsiConformance(t *testing.T) {
	t.Parallel()
	for _, family := range []string{"SCSI", "iSCSI", "ALL.MultipathIO"} {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t, newMemory(64<<20))
			for _, i := range []string{"", "-2"} {
				name := "iqn.2007-10.com.github:sahlberg:libiscsi:iscsi-test" + i
				s.grant(t, target.Grant{ID: name, Initiator: name})
			}
			// Its exit status tells of failures; the output tells which.
			out, _ := run(t, "iscsi-test-cu", "--dataloss", "-t", family, s.url("", ""), s.url("", ""))
			summary := summaryLine.FindStringSubmatch(out)
			if summary == nil {
				t.Fatalf("no summary:\n%s", out)
			}
			t.Logf("%s tests, %s run, %s passed, %s failed", summary[1], summary[2], summary[3], summary[4])
			for _, name := range failures(out) {
				if knownFailures[family+"/"+name] == "" {
					t.Errorf("%s failed:\n%s", name, out)
				}
			}
		})
	}
}

// failures reads the names of the failed tests, suite.test.
func failures(out string) []string {
	var suite, test string
	var names []string
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		if m := suiteLine.FindStringSubmatch(line); m != nil {
			suite = m[1]
		}
		if m := testLine.FindStringSubmatch(line); m != nil {
			test = m[1]
		}
		if failureLine.MatchString(line) && !slices.Contains(names, suite+"."+test) {
			names = append(names, suite+"."+test)
		}
	}
	return names
}
