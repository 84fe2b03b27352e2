package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/singleflight"
)

const (
	// maxTokens bounds what is remembered, of good tokens and of bad ones.
	maxTokens = 10000
	// refusedFor is how long a token that was refused is not asked for again.
	refusedFor = 5 * time.Second
)

// cacheKey is a hash, so that no token lies in memory longer than its request.
type cacheKey struct {
	hash       [sha256.Size]byte
	expiredToo bool // always false for good tokens: their use decides
}

// tokenCache remembers answers and lets one request fetch each.
type tokenCache struct {
	good    *expirable.LRU[cacheKey, *token]
	bad     *expirable.LRU[cacheKey, struct{}]
	flights singleflight.Group
}

// newTokenCache keeps good tokens for keep; without that, it caches nothing.
func newTokenCache(keep time.Duration) *tokenCache {
	c := &tokenCache{}
	if keep > 0 {
		c.good = expirable.NewLRU[cacheKey, *token](maxTokens, nil, keep)
		c.bad = expirable.NewLRU[cacheKey, struct{}](maxTokens, nil, min(keep, refusedFor))
	}
	return c
}

func (c *tokenCache) get(ctx context.Context, text string, expiredToo bool, fetch func() (*token, error)) (*token, error) {
	hash := sha256.Sum256([]byte(text))
	if c.good != nil {
		if t, ok := c.good.Get(cacheKey{hash: hash}); ok {
			return t, nil
		}
		if _, ok := c.bad.Get(cacheKey{hash, expiredToo}); ok {
			return nil, errInvalid
		}
	}
	name := string(hash[:])
	if expiredToo {
		name += "+"
	}
	flight := c.flights.DoChan(name, func() (any, error) {
		t, err := fetch()
		switch {
		case c.good == nil:
		case err == nil:
			c.good.Add(cacheKey{hash: hash}, t)
		case errors.Is(err, errInvalid):
			c.bad.Add(cacheKey{hash, expiredToo}, struct{}{})
		}
		return t, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-flight:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*token), nil
	}
}
