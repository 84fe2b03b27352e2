// Package luks reads and writes LUKS version 1 over a block device, so that what
// an encrypted volume holds can be copied without a device of the kernel: the
// format that compute hosts give to volumes of the provider luks. It is LUKS
// On-Disk Format Specification 1.2.3; cryptsetup and QEMU read what it writes,
// and it reads what they write with the ciphers of package crypto/aes.
package luks
