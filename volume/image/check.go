package image

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
)

// hashes by the names that Glance's os_hash_algo has; md5 and sha1 are what old
// records hold, against damage and not against forgery.
var hashes = map[string]func() hash.Hash{
	"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
}

// Checked gives what r gives, and at its end ErrChecksum instead of io.EOF when
// the hash (algorithm as in os_hash_algo, "md5" for Glance's checksum) is not
// sum, in hex.
func Checked(r io.Reader, algorithm, sum string) (io.Reader, error) {
	make, known := hashes[strings.ToLower(algorithm)]
	if !known {
		return nil, fmt.Errorf("%w: its hash %.20q is not known", ErrChecksum, algorithm)
	}
	return &checked{r: r, hash: make(), want: sum}, nil
}

type checked struct {
	r    io.Reader
	hash hash.Hash
	want string
}

func (c *checked) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	_, _ = c.hash.Write(b[:n])
	if errors.Is(err, io.EOF) && !strings.EqualFold(hex.EncodeToString(c.hash.Sum(nil)), c.want) {
		err = ErrChecksum
	}
	return n, err
}
