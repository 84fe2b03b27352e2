package iscsi

import (
	"bytes"
	"fmt"
)

// pair is one key=value of a text or login PDU.
type pair struct {
	key, value string
}

const maxPairs = 256

// parseText splits a whole text (RFC 7143, 6.1).
func parseText(b []byte) ([]pair, error) {
	var pairs []pair
	for len(b) > 0 {
		item, rest, _ := bytes.Cut(b, []byte{0})
		b = rest
		if len(item) == 0 {
			continue // padding
		}
		key, value, ok := bytes.Cut(item, []byte{'='})
		switch {
		case !ok || len(key) == 0 || len(key) > maxKeyLength:
			return nil, &PDUError{"text", fmt.Sprintf("%.70q is no key=value", item)}
		case len(value) > maxValueLength:
			return nil, &PDUError{"text", fmt.Sprintf("value of %s has %d bytes", key, len(value))}
		case len(pairs) == maxPairs:
			return nil, &PDUError{"text", "too many keys"}
		}
		pairs = append(pairs, pair{string(key), string(value)})
	}
	return pairs, nil
}

func appendPair(dst []byte, key, value string) []byte {
	dst = append(dst, key...)
	dst = append(dst, '=')
	dst = append(dst, value...)
	return append(dst, 0)
}
