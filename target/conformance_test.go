package target_test

import (
	"testing"

	"github.com/clinker-io/clinker/target"
)

func TestLibiscsiConformance(t *testing.T) {
	s := newSetup(t, newMemory(64<<20))
	for _, i := range []string{"iqn.2007-10.com.github:sahlberg:libiscsi:iscsi-test", "iqn.2007-10.com.github:sahlberg:libiscsi:iscsi-test-2"} {
		s.grant(t, target.Grant{ID: i, Initiator: i})
	}
	out, err := run(t, "iscsi-test-cu", "--dataloss", "-t", "iSCSI", s.url("", ""))
	t.Log(out, err)
}
