package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// delimiter of viper's keys: section names may hold dots.
	delimiter = "::"
	// maxFile bounds a configuration; Cinder's full sample is a quarter of it.
	maxFile = 1 << 20
)

// ini is viper's codec for the dialect of oslo.config: a comment is a whole
// line, a value may hold # and ;, an indented line continues the value above
// it until an empty line, the first = or : separates, quotes round a whole
// value go, a repeated option has several values.
type ini struct {
	file  string
	lines map[string]int // section::option, in lower case, to its last line
}

// reader is where Decode is in the file.
type reader struct {
	*ini
	out     map[string]any
	name    string         // of the section
	section map[string]any // nil before the first header
	option  string         // whose value may be continued
}

// Decode fills v with section → option → []string.
func (c *ini) Decode(b []byte, v map[string]any) error {
	if len(b) > maxFile {
		return fmt.Errorf("%s: longer than %d bytes", c.file, maxFile)
	}
	c.lines = map[string]int{}
	r := reader{ini: c, out: v}
	n := 0
	for line := range bytes.Lines(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))) {
		n++
		if err := r.next(line, n); err != nil {
			return fmt.Errorf("%s:%d: %w", c.file, n, err)
		}
	}
	return nil
}

// Encode is what viper's codec asks for beside Decode; the sample is written
// from the tags of the options and not from values.
func (c *ini) Encode(map[string]any) ([]byte, error) {
	return nil, errors.New("the configuration is not written")
}

func (r *reader) next(raw []byte, n int) error {
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		return errors.New("is not UTF-8 text")
	}
	line := strings.TrimRight(string(raw), " \t\r\n\f\v")
	switch {
	case line == "":
		r.option = ""
	case line[0] == ' ' || line[0] == '\t':
		return r.continuation(strings.TrimSpace(line))
	case line[0] == '#' || line[0] == ';':
		r.option = ""
	case line[0] == '[':
		return r.header(line)
	default:
		return r.assignment(line, n)
	}
	return nil
}

func (r *reader) continuation(text string) error {
	if r.option == "" {
		return errors.New("an indented line continues the option above it, and there is none")
	}
	values := r.section[r.option].([]string)
	values[len(values)-1] += "\n" + text
	return nil
}

func (r *reader) header(line string) error {
	r.option = ""
	name, ok := strings.CutSuffix(line[1:], "]")
	if !ok || name == "" {
		return fmt.Errorf("%q is not a section: it must look like [name]", line)
	}
	r.name = strings.ToLower(name) // as viper does with its keys
	section, ok := r.out[r.name].(map[string]any)
	if !ok {
		section = map[string]any{}
		r.out[r.name] = section
	}
	r.section = section
	return nil
}

// assignment never quotes what stands behind the separator: it may be a password.
func (r *reader) assignment(line string, n int) error {
	i := strings.IndexAny(line, "=:")
	if i < 0 {
		return fmt.Errorf("%q must look like option = value", line)
	}
	option := strings.ToLower(strings.TrimSpace(line[:i]))
	switch {
	case option == "":
		return fmt.Errorf("an option needs a name before the %c", line[i])
	case r.section == nil:
		return fmt.Errorf("option %s stands before the first section: put [DEFAULT] above it", option)
	}
	r.option = option
	r.lines[r.name+delimiter+option] = n
	values, _ := r.section[option].([]string)
	r.section[option] = append(values, unquote(strings.TrimSpace(line[i+1:])))
	return nil
}

// unquote takes one pair of equal quotes off a whole value.
func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[0] == s[len(s)-1] {
		return s[1 : len(s)-1]
	}
	return s
}
