package luks

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// sectors encrypts and decrypts sectors in place, each by its number.
type sectors interface {
	encrypt(p []byte, number uint64)
	decrypt(p []byte, number uint64)
}

// newSectors is the cipher of a name such as aes-xts-plain64.
func newSectors(name string, key []byte) (sectors, error) {
	algorithm, mode, _ := strings.Cut(name, "-")
	chain, iv, _ := strings.Cut(mode, "-")
	if algorithm != "aes" {
		return nil, fmt.Errorf("%w: cipher %q", ErrUnsupported, name)
	}
	switch {
	case chain == "xts" && (iv == "plain64" || iv == "plain"):
		return newXTS(key, iv == "plain")
	case chain == "cbc" && (iv == "plain64" || iv == "plain" || iv == "essiv:sha256"):
		return newCBC(key, iv)
	}
	return nil, fmt.Errorf("%w: cipher %q", ErrUnsupported, name)
}

// plainIV is the number of the sector, of which plain takes 32 bits.
func plainIV(iv *[aes.BlockSize]byte, number uint64, short bool) {
	if short {
		number = uint64(uint32(number))
	}
	clear(iv[:])
	binary.LittleEndian.PutUint64(iv[:], number)
}

// xts is IEEE 1619 with the sector as the data unit.
type xts struct {
	data, tweak cipher.Block
	short       bool
}

func newXTS(key []byte, short bool) (sectors, error) {
	half := len(key) / 2
	data, err := aes.NewCipher(key[:half])
	if err != nil || len(key)%2 != 0 {
		return nil, fmt.Errorf("%w: a key of %d bits for XTS", ErrUnsupported, len(key)*8)
	}
	tweak, err := aes.NewCipher(key[half:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return &xts{data, tweak, short}, nil
}

func (x *xts) encrypt(p []byte, number uint64) { x.each(p, number, x.data.Encrypt) }
func (x *xts) decrypt(p []byte, number uint64) { x.each(p, number, x.data.Decrypt) }

func (x *xts) each(p []byte, number uint64, do func(dst, src []byte)) {
	for ; len(p) >= sector; p, number = p[sector:], number+1 {
		x.one(p[:sector], number, do)
	}
}

// one goes over the blocks of a sector; the tweak of each is that of the one
// before, times x in the field of 2^128 elements.
func (x *xts) one(p []byte, number uint64, do func(dst, src []byte)) {
	var t [aes.BlockSize]byte
	plainIV(&t, number, x.short)
	x.tweak.Encrypt(t[:], t[:])
	lo, hi := binary.LittleEndian.Uint64(t[:8]), binary.LittleEndian.Uint64(t[8:])
	for ; len(p) > 0; p = p[aes.BlockSize:] {
		b := p[:aes.BlockSize]
		xor(b, lo, hi)
		do(b, b)
		xor(b, lo, hi)
		carry := hi >> 63
		hi = hi<<1 | lo>>63
		lo = lo<<1 ^ carry*0x87
	}
}

func xor(b []byte, lo, hi uint64) {
	binary.LittleEndian.PutUint64(b[:8], binary.LittleEndian.Uint64(b[:8])^lo)
	binary.LittleEndian.PutUint64(b[8:16], binary.LittleEndian.Uint64(b[8:16])^hi)
}

// cbc chains the blocks of each sector.
type cbc struct {
	block cipher.Block
	essiv cipher.Block // nil: the number of the sector is the IV
	short bool
}

func newCBC(key []byte, iv string) (sectors, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	c := &cbc{block: block, short: iv == "plain"}
	if iv == "essiv:sha256" {
		salt := sha256.Sum256(key)
		if c.essiv, err = aes.NewCipher(salt[:]); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
		}
	}
	return c, nil
}

func (c *cbc) iv(number uint64) []byte {
	var iv [aes.BlockSize]byte
	plainIV(&iv, number, c.short)
	if c.essiv != nil {
		c.essiv.Encrypt(iv[:], iv[:])
	}
	return iv[:]
}

func (c *cbc) encrypt(p []byte, number uint64) {
	for ; len(p) >= sector; p, number = p[sector:], number+1 {
		cipher.NewCBCEncrypter(c.block, c.iv(number)).CryptBlocks(p[:sector], p[:sector])
	}
}

func (c *cbc) decrypt(p []byte, number uint64) {
	for ; len(p) >= sector; p, number = p[sector:], number+1 {
		cipher.NewCBCDecrypter(c.block, c.iv(number)).CryptBlocks(p[:sector], p[:sector])
	}
}
