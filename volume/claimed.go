package volume

import (
	"bytes"
	"encoding/binary"
	"io"
)

// claimed is up to where a volume belongs to a file system or to partitions, as
// their own headers say, 0 when none is known: cut off below that they could
// not be used any more, even if nothing is there yet.
func claimed(r io.ReaderAt) (end int64) {
	b := make([]byte, 68<<10)
	if _, err := r.ReadAt(b, 0); err != nil {
		return 0
	}
	for _, of := range []func([]byte) int64{partitions, fat, ext, xfs, btrfs, swap, physicalVolume} {
		end = max(end, of(b))
	}
	return end
}

// partitions is the end of the last one of a table as the BIOS reads it. A GPT
// has its other copy at the end of the disk, which is contents.
func partitions(b []byte) (end int64) {
	if b[510] != 0x55 || b[511] != 0xaa {
		return 0
	}
	for p := b[446:510]; len(p) > 0; p = p[16:] {
		kind, begin, n := p[4], binary.LittleEndian.Uint32(p[8:]), binary.LittleEndian.Uint32(p[12:])
		if p[0]&0x7f != 0 { // no table but the code of a boot sector
			return 0
		}
		if kind != 0 && kind != 0xee {
			end = max(end, (int64(begin)+int64(n))*512)
		}
	}
	return end
}

// fat is for FAT12, FAT16 and FAT32.
func fat(b []byte) int64 {
	if string(b[54:57]) != "FAT" && string(b[82:85]) != "FAT" {
		return 0
	}
	sectors := uint64(binary.LittleEndian.Uint16(b[19:]))
	if sectors == 0 {
		sectors = uint64(binary.LittleEndian.Uint32(b[32:]))
	}
	return bytesOfBlocks(sectors, uint64(binary.LittleEndian.Uint16(b[11:])))
}

// ext is for ext2, ext3 and ext4.
func ext(b []byte) int64 {
	s := b[1024:]
	shift := binary.LittleEndian.Uint32(s[24:])
	if binary.LittleEndian.Uint16(s[56:]) != 0xef53 || shift > 6 {
		return 0
	}
	blocks := uint64(binary.LittleEndian.Uint32(s[4:]))
	if binary.LittleEndian.Uint32(s[96:])&0x80 != 0 { // 64bit
		blocks |= uint64(binary.LittleEndian.Uint32(s[336:])) << 32
	}
	return bytesOfBlocks(blocks, 1024<<shift)
}

func xfs(b []byte) int64 {
	if !bytes.HasPrefix(b, []byte("XFSB")) {
		return 0
	}
	return bytesOfBlocks(binary.BigEndian.Uint64(b[8:]), uint64(binary.BigEndian.Uint32(b[4:])))
}

func btrfs(b []byte) int64 {
	s := b[64<<10:]
	if string(s[64:72]) != "_BHRfS_M" {
		return 0
	}
	return bytesOfBlocks(binary.LittleEndian.Uint64(s[112:]), 1)
}

func swap(b []byte) int64 {
	if string(b[4086:4096]) != "SWAPSPACE2" {
		return 0
	}
	return bytesOfBlocks(uint64(binary.LittleEndian.Uint32(b[1028:]))+1, 4096)
}

// physicalVolume is of LVM, whose label is in one of the first four sectors.
func physicalVolume(b []byte) int64 {
	for s := b[:2048]; len(s) > 0; s = s[512:] {
		if string(s[:8]) == "LABELONE" && string(s[24:32]) == "LVM2 001" {
			if at := binary.LittleEndian.Uint32(s[20:]); at <= 512-40 {
				return bytesOfBlocks(binary.LittleEndian.Uint64(s[at+32:]), 1)
			}
		}
	}
	return 0
}

// bytesOfBlocks is never more than any volume can be, whatever a header says.
func bytesOfBlocks(n, size uint64) int64 {
	const most = 1 << 62
	if size != 0 && n > most/size {
		return most
	}
	return int64(n * size)
}
