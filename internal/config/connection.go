package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// DSN is the database connection as pgx takes it. SQLAlchemy's spellings of
// PostgreSQL are understood; the URL itself never enters an error, since it
// may hold a password.
func (d Database) DSN() (string, error) {
	if d.Connection == "" {
		return "", errors.New("option connection in [database] must be set, as postgresql://user:password@host/clinker")
	}
	scheme, rest, ok := strings.Cut(d.Connection, "://")
	if !ok {
		return "", errors.New("option connection in [database] must look like postgresql://user:password@host/clinker")
	}
	dialect, _, _ := strings.Cut(scheme, "+")
	if dialect != "postgresql" && dialect != "postgres" {
		return "", fmt.Errorf("option connection in [database] names %q: Clinker needs PostgreSQL, as postgresql://user:password@host/clinker", dialect)
	}
	if _, err := url.Parse("postgresql://" + rest); err != nil {
		return "", errors.New("option connection in [database] is not a URL: percent-encode what is special in the password")
	}
	return "postgresql://" + rest, nil
}
