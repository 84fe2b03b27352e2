package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// token is what Keystone said of one.
type token struct {
	identity Identity
	expires  time.Time
	// limited says that only the calls in rules are allowed.
	limited bool
	rules   []accessRule
}

// accessRule is a call that an application credential is limited to.
type accessRule struct {
	service, method string
	path            *regexp.Regexp
}

// permits reports whether the token's access rules, if it has any, name a call.
func (t *token) permits(service, method, path string) bool {
	if !t.limited {
		return true
	}
	for _, r := range t.rules {
		if service != "" && r.service == service && r.method == method && r.path.MatchString(path) {
			return true
		}
	}
	return false
}

// tokenBody is the part of Keystone's answer that is read.
type tokenBody struct {
	Token struct {
		ExpiresAt time.Time `json:"expires_at"`
		User      idOnly    `json:"user"`
		Project   idOnly    `json:"project"`
		Domain    idOnly    `json:"domain"`
		System    struct {
			All bool `json:"all"`
		} `json:"system"`
		Roles []struct {
			Name string `json:"name"`
		} `json:"roles"`
		IsAdminProject *bool `json:"is_admin_project"`
		Credential     struct {
			AccessRules *[]struct {
				Service string `json:"service"`
				Method  string `json:"method"`
				Path    string `json:"path"`
			} `json:"access_rules"`
		} `json:"application_credential"`
	} `json:"token"`
}

type idOnly struct {
	ID string `json:"id"`
}

func parseToken(raw []byte) (*token, error) {
	var body tokenBody
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, fmt.Errorf("answer of Keystone: %w", err)
	}
	b := body.Token
	if b.User.ID == "" || b.ExpiresAt.IsZero() {
		return nil, errors.New("answer of Keystone: it is no token")
	}
	t := &token{expires: b.ExpiresAt, identity: Identity{UserID: b.User.ID, ProjectID: b.Project.ID, DomainID: b.Domain.ID,
		OutsideAdminProject: b.IsAdminProject != nil && !*b.IsAdminProject}}
	if b.System.All {
		t.identity.SystemScope = "all"
	}
	for _, r := range b.Roles {
		t.identity.Roles = append(t.identity.Roles, r.Name)
	}
	if rules := b.Credential.AccessRules; rules != nil {
		t.limited = true
		for _, r := range *rules {
			t.rules = append(t.rules, accessRule{r.Service, r.Method, pathPattern(r.Path)})
		}
	}
	return t, nil
}

var pathParts = regexp.MustCompile(`\{[^}]*\}|\*\*|\*|[^{*]+|\{`)

// pathPattern compiles an access rule's path: {name} and * are one part of a
// path, ** is any number of them.
func pathPattern(path string) *regexp.Regexp {
	var out strings.Builder
	out.WriteString("^")
	for _, part := range pathParts.FindAllString(path, -1) {
		switch {
		case part == "**":
			out.WriteString(".*")
		case part == "*" || part[0] == '{' && len(part) > 1:
			out.WriteString("[^/]+")
		default:
			out.WriteString(regexp.QuoteMeta(part))
		}
	}
	return regexp.MustCompile(out.String() + "$") // made of quoted text and the two above
}
