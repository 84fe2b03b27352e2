// Package file keeps volumes as thin sparse files in one folder of any file
// system.
//
// A volume is the file volume-<uuid>, a snapshot the file snapshot-<uuid>;
// every one stands for itself, so any of them can go without the others. What
// is being made has the suffix ".part" until it is whole and on stable storage,
// and is then renamed: a crash leaves a .part file, which the next try remakes
// and Sweep removes.
//
// A raw file that somebody puts into the folder can be managed: it is grown and
// renamed. A volume or snapshot that is let go gets the suffix "-unmanaged" and
// is from then on such a file.
//
// Where the file system can share extents (XFS, Btrfs, bcachefs), snapshots,
// clones and reverts are one FICLONE, during which writers wait. Elsewhere they are sparse
// copies that writers overtake: see pointCopy.
//
// One process owns the folder, by flock. Start reading at driver.go; the way of
// a write is device.go, node.go, gate.go, pointcopy.go.
package file
