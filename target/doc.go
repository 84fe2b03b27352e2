// Package target serves disks over iSCSI.
//
// A [Server] serves any number of listeners. It has targets, a [Target] has
// logical units, and each unit has a [Device] behind it; [NewBlocking] makes a
// Device of anything with ReadAt and WriteAt. An initiator gets in by a
// [Grant] alone.
//
//	server := target.NewServer(target.Config{})
//	t, err := server.AddTarget(target.TargetConfig{
//		Name: "iqn.2010-10.org.openstack:volume-1",
//		LUNs: []target.LUN{{Device: target.NewBlocking(file, 16), Serial: "1"}},
//	})
//	err = t.Grant(target.Grant{ID: "a", Initiator: "iqn.1993-08.org.debian:01:x", User: "u", Secret: "s"})
//	go server.Serve(listener)
//
// The protocols are in the packages below: iscsi has PDUs, login and sessions,
// scsi has the commands. Neither knows what a grant is.
package target
