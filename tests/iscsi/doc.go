// Package iscsi is the suite in which a Linux kernel is the initiator: Debian's
// kernel and open-iscsi in a QEMU guest, logged in to the service's target.
//
// The guest has no disk and no distribution: packages_test.go fetches the
// Debian packages once, initramfs_test.go makes an archive of what is needed,
// guest_test.go boots it and sends it shell commands over a serial line,
// initiator_test.go is open-iscsi on top of that. The tests are in
// filesystem_test.go, resize_test.go and survival_test.go.
//
// Needed: qemu-system-x86, busybox-static, e2fsprogs. The guest is emulated, so
// that it also works where there is no KVM.
//
// Environment: CLINKER_CACHE is where the packages are kept (~/.cache/clinker).
package iscsi
