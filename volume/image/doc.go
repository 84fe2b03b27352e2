// Package image turns images into volumes and volumes into images.
//
// Whoever may upload an image may write what he likes into its header, and
// tools that read images do what headers say: open other files of the host.
// So [Converter.Inspect] reads the header first and refuses, as [*Unsafe], all
// that names something outside the image or is not what it was declared to be
// (CVE-2024-32498, CVE-2022-47951). Only then a tool opens it.
//
// A raw image goes straight into the volume ([Converter.Raw]). Any other one is
// downloaded to a file without a name ([Converter.Download]) and decoded by
// qemu-img, a child with limits, which reaches the volume through a socket pair
// that speaks NBD (package nbd) and can write no file: so no second copy lies
// on disk and every driver will do ([Converter.ToRaw]). The other way
// ([Converter.FromRaw]) qemu-img reads the volume through such a socket and
// writes the image to a file without a name.
//
// Nothing is left behind whenever the process ends: the files have no names,
// and the child dies with us.
package image
