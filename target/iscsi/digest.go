package iscsi

import (
	"encoding/binary"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// digest is CRC32C as it travels (RFC 7143, 13.1): least significant byte first.
func appendDigest(dst []byte, crc uint32) []byte {
	return binary.LittleEndian.AppendUint32(dst, crc)
}

func digestOf(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

func digestMore(crc uint32, b []byte) uint32 { return crc32.Update(crc, castagnoli, b) }

func digestMatches(wire []byte, crc uint32) bool { return binary.LittleEndian.Uint32(wire) == crc }
