package db

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// newTransferKey makes the key of an offer, of so many hexadecimal digits, and
// what is stored of it. Digits can be typed on any keyboard.
func newTransferKey(digits, saltBytes int) (key string, salt, hash []byte) {
	raw := make([]byte, (digits+1)/2)
	salt = make([]byte, saltBytes)
	_, _ = rand.Read(raw) // never fails
	_, _ = rand.Read(salt)
	key = hex.EncodeToString(raw)[:digits]
	return key, salt, hashTransferKey(salt, key)
}

func hashTransferKey(salt []byte, key string) []byte {
	h := hmac.New(sha256.New, salt)
	h.Write([]byte(key))
	return h.Sum(nil)
}

// opens compares in a time that does not depend on the key.
func (t Transfer) opens(key string) bool {
	return hmac.Equal(t.KeyHash, hashTransferKey(t.Salt, key))
}
