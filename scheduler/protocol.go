package scheduler

import "slices"

// protocols are the spellings that drivers use for one and the same protocol.
var protocols = [][]string{
	{"iSCSI", "iscsi"},
	{"FC", "fibre_channel", "fc"},
	{"NFS", "nfs"},
	{"NVMe-oF", "NVMeOF", "nvmeof"},
}

// protocolSpellings widens a storage_protocol, so that a spec matches whichever
// spelling it was written in.
func protocolSpellings(name string) []string {
	for _, p := range protocols {
		if slices.Contains(p, name) {
			return p
		}
	}
	return []string{name}
}
