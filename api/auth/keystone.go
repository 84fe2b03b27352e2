package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clinker-io/clinker/openstack"
)

// KeystoneConfig is what [keystone_authtoken] says.
type KeystoneConfig struct {
	Login                     openstack.Login // the service's own user, who may validate tokens
	Region, Interface         string          // of Keystone's endpoint
	WWWAuthenticateURI        string          // told to those who are refused
	ServiceTokenRoles         []string
	ServiceTokenRolesRequired bool
	ServiceType               string        // that access rules name
	MaxRetries                int           // of a Keystone that cannot be reached
	CacheTime                 time.Duration // of a valid token; 0 caches nothing
	Logger                    *slog.Logger
}

// errInvalid is a token that Keystone does not know, or no longer.
var errInvalid = errors.New("the token is not valid")

// Keystone is Cinder's auth_strategy keystone: it has Keystone v3 validate
// X-Auth-Token and X-Service-Token, and remembers the answers for a while.
type Keystone struct {
	cfg    KeystoneConfig
	client *keystoneClient
	cache  *tokenCache
	log    *slog.Logger
	now    func() time.Time
}

// NewKeystone checks the configuration; it does not need Keystone to answer yet.
func NewKeystone(c KeystoneConfig) (*Keystone, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Login.Timeout == 0 {
		c.Login.Timeout = 10 * time.Second
	}
	if c.WWWAuthenticateURI == "" {
		c.WWWAuthenticateURI = c.Login.AuthURL
	}
	client, err := newKeystoneClient(&c)
	if err != nil {
		return nil, err
	}
	return &Keystone{cfg: c, client: client, cache: newTokenCache(c.CacheTime), log: c.Logger, now: time.Now}, nil
}

// Authenticate answers 401 to a token that is not valid, and 503 when Keystone
// cannot say.
func (k *Keystone) Authenticate(w http.ResponseWriter, r *http.Request) *Identity {
	id, err := k.identify(r)
	switch {
	case err == nil:
		return id
	case errors.Is(err, errInvalid):
		w.Header().Set("WWW-Authenticate", "Keystone uri="+strconv.Quote(k.cfg.WWWAuthenticateURI))
		answer(w, http.StatusUnauthorized, "Unauthorized", "The request you have made requires authentication.")
	default:
		if r.Context().Err() == nil {
			k.log.ErrorContext(r.Context(), "Keystone cannot validate a token", "err", err)
		}
		answer(w, http.StatusServiceUnavailable, "Service Unavailable", "The Keystone service is temporarily unavailable.")
	}
	return nil
}

// answer writes an error in Keystone's form.
func answer(w http.ResponseWriter, status int, title, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"error": {"code": ` + strconv.Itoa(status) + `, "title": "` + title + `", "message": "` + message + `"}}`))
}

// identify reads both tokens. A user's token that has expired will do when a
// service that is trusted sends it: its work began before.
func (k *Keystone) identify(r *http.Request) (*Identity, error) {
	var service *token
	trusted := false
	if text := r.Header.Get("X-Service-Token"); text != "" {
		var err error
		if service, err = k.token(r.Context(), text, false); err != nil {
			return nil, err
		}
		trusted = slices.ContainsFunc(service.identity.Roles, func(role string) bool { return slices.Contains(k.cfg.ServiceTokenRoles, role) })
		if !trusted && k.cfg.ServiceTokenRolesRequired {
			return nil, errInvalid
		}
	}
	user, err := k.token(r.Context(), r.Header.Get("X-Auth-Token"), trusted)
	if err != nil {
		return nil, err
	}
	// What a service does on behalf of a limited token is not for the token's
	// rules to say.
	if !trusted && !user.permits(k.cfg.ServiceType, r.Method, r.URL.EscapedPath()) {
		return nil, errInvalid
	}
	id := user.identity
	if service != nil {
		id.ServiceRoles, id.IsService = service.identity.Roles, trusted
	}
	return &id, nil
}

// maxToken bounds a token's length; a header may be longer than any is.
const maxToken = 8 << 10

// token is what Keystone says of one.
func (k *Keystone) token(ctx context.Context, text string, expiredToo bool) (*token, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxToken || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return nil, errInvalid
	}
	t, err := k.cache.get(ctx, text, expiredToo, func() (*token, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), k.cfg.Login.Timeout)
		defer cancel()
		t, err := k.client.validate(ctx, text, expiredToo)
		if err == nil && !expiredToo && !t.expires.After(k.now()) {
			k.log.Warn("Keystone holds a token for valid that has expired by this machine's clock: are the clocks right?", "expired", t.expires)
		}
		return t, err
	})
	if err != nil {
		return nil, err
	}
	if !expiredToo && !t.expires.After(k.now()) {
		return nil, errInvalid
	}
	return t, nil
}
