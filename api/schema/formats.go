package schema

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// whole is an error of a format that is the whole sentence by itself; other
// errors of formats become "VALUE is not a 'FORMAT'".
type whole struct{ msg string }

func (w whole) Error() string { return w.msg }

var errFormat = errors.New("not of this format")

// formats are Cinder's own. They see values of the type that stands before
// them in the schema only.
var formats = []*jsonschema.Format{
	{Name: "uuid", Validate: ofText(func(s string) error { return must(IsUUID(s)) })},
	{Name: "name", Validate: ofText(blankName)},
	{Name: "name_skip_leading_trailing_spaces", Validate: ofText(requiredName)},
	{Name: "name_non_mandatory_remove_white_spaces", Validate: ofText(trimmedAtMost("name"))},
	{Name: "description_non_mandatory_remove_white_spaces", Validate: ofText(trimmedAtMost("description"))},
	{Name: "printable", Validate: ofText(func(s string) error { return must(strings.IndexFunc(s, unprintable) < 0) })},
	{Name: "key_size", Validate: ofText(isKeySize)},
	{Name: "mysql_text", Validate: ofText(func(s string) error { return must(len(s) <= 65535) })},
	{Name: "base64", Validate: ofText(isBase64)},
	{Name: "progress", Validate: ofText(isProgress)},
	{Name: "level", Validate: isLogLevel},
	{Name: "disabled_reason", Validate: ofText(disabledReason)},
}

func ofText(f func(string) error) func(any) error {
	return func(v any) error {
		if s, ok := v.(string); ok {
			return f(s)
		}
		return nil
	}
}

func must(ok bool) error {
	if ok {
		return nil
	}
	return errFormat
}

// IsUUID reports whether s is a UUID in a form that Python's uuid module and
// oslo take: any case, with or without dashes, braces or "urn:uuid:".
func IsUUID(s string) bool { return canonical(s) || isHex32(bareUUID(s)) }

// CanonicalUUID is s with lower case and dashes; s must be a UUID by IsUUID.
func CanonicalUUID(s string) string {
	if canonical(s) {
		return s
	}
	h := bareUUID(s)
	if len(h) != 32 {
		return s
	}
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// canonical tells the form that nearly every request has.
func canonical(s string) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		isHex(s[:8]) && isHex(s[9:13]) && isHex(s[14:18]) && isHex(s[19:23]) && isHex(s[24:])
}

func isHex32(s string) bool { return len(s) == 32 && isHex(s) }

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

var prefixesOfUUID = strings.NewReplacer("urn:", "", "uuid:", "")

func bareUUID(s string) string {
	s = prefixesOfUUID.Replace(strings.ToLower(s))
	return strings.ReplaceAll(strings.Trim(s, "{}"), "-", "")
}

func invalidName(reason string) error {
	return whole{"An invalid 'name' value was provided. " + reason}
}

// blankName leaves the empty name to minLength.
func blankName(s string) error {
	if s != "" && strings.TrimSpace(s) == "" {
		return invalidName("The 'name' can not be empty.")
	}
	return nil
}

func requiredName(s string) error {
	trimmed := strings.TrimSpace(s)
	switch {
	case s == "":
		return invalidName("The 'name' can not be None.")
	case trimmed == "":
		return invalidName("The 'name' can not be empty.")
	case utf8.RuneCountInString(trimmed) > 255:
		return invalidName("The 'name' can not be greater than 255 characters.")
	}
	return nil
}

func trimmedAtMost(what string) func(string) error {
	return func(s string) error {
		if n := utf8.RuneCountInString(strings.TrimSpace(s)); n > 255 {
			return tooLong(what, n)
		}
		return nil
	}
}

func tooLong(what string, n int) error {
	return whole{fmt.Sprintf("Invalid input received: %s has %d characters, more than 255.", what, n)}
}

// unprintable says no to control characters, line separators and everything
// outside the basic plane: Cinder's pattern of descriptions.
func unprintable(r rune) bool {
	switch {
	case r >= 0xFFFF, unicode.Is(unicode.C, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
		return true
	case unicode.Is(unicode.Zs, r):
		return false
	}
	return !unicode.IsGraphic(r)
}

// isKeySize takes what Python's int() prints the same way again.
func isKeySize(s string) error {
	if n, err := strconv.Atoi(s); err != nil || strconv.Itoa(n) != s {
		return whole{"Invalid input received: key_size must be an integer."}
	}
	return nil
}

func isBase64(s string) error {
	_, err := base64.StdEncoding.DecodeString(s)
	return must(err == nil)
}

func isProgress(s string) error {
	if s == "" {
		return nil
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	switch {
	case err != nil:
		return whole{"Invalid input received: progress must be an integer percentage"}
	case n < 0 || n > 100 || s[len(s)-1] != '%':
		return whole{"Invalid input received: progress must be an integer percentage between 0 and 100"}
	}
	return nil
}

func disabledReason(s string) error {
	n := utf8.RuneCountInString(strings.TrimSpace(s))
	switch {
	case s != "" && n == 0:
		return whole{"Invalid input received: disabled_reason has 0 characters, less than 1."}
	case n > 255:
		return tooLong("disabled_reason", n)
	}
	return nil
}

// LogLevels are the levels that the log of a service may be set to.
var LogLevels = []string{"INFO", "WARNING", "ERROR", "DEBUG"}

// isLogLevel takes a level in any case; null is the empty word.
func isLogLevel(v any) error {
	s, _ := v.(string)
	if slices.Contains(LogLevels, strings.ToUpper(s)) {
		return nil
	}
	return whole{fmt.Sprintf("Invalid input received: %s is not a valid log level.", s)}
}
