package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// source is where values come from: the file, and what the command line sets
// over it.
type source struct {
	v   *viper.Viper
	ini *ini
}

// Load reads the file at path; "" means no file, defaults alone. overrides
// are "section::option" → value and come before the file.
func Load(path string, overrides map[string]string) (*Config, error) {
	var raw []byte
	if path != "" {
		var err error
		if raw, err = os.ReadFile(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("no configuration at %s: name one with --config-file (etc/cinder.conf is a sample)", path)
		} else if err != nil {
			return nil, fmt.Errorf("configuration: %w", err)
		}
	}
	return parse(path, raw, overrides)
}

func parse(name string, raw []byte, overrides map[string]string) (*Config, error) {
	src := &source{ini: &ini{file: name}}
	codecs := viper.NewCodecRegistry()
	if err := codecs.RegisterCodec("ini", src.ini); err != nil {
		return nil, err
	}
	src.v = viper.NewWithOptions(viper.KeyDelimiter(delimiter), viper.WithCodecRegistry(codecs))
	src.v.SetConfigType("ini")
	if err := src.v.ReadConfig(bytes.NewReader(raw)); err != nil {
		var parseErr viper.ConfigParseError
		if errors.As(err, &parseErr) {
			err = parseErr.Unwrap()
		}
		return nil, fmt.Errorf("configuration: %w", err)
	}
	for key, value := range overrides {
		src.v.Set(key, []string{value})
	}
	c := &Config{source: src}
	var errs []error
	top := reflect.ValueOf(c).Elem()
	for i := range top.NumField() {
		if section := top.Type().Field(i).Tag.Get("section"); section != "" {
			errs = append(errs, src.fill([]string{section}, top.Field(i)))
		}
	}
	for _, section := range c.Default.EnabledBackends {
		b := Backend{Section: section}
		errs = append(errs, src.fill([]string{section, "backend_defaults"}, reflect.ValueOf(&b).Elem()))
		if b.BackendName == "" {
			b.BackendName = section
		}
		c.Backends = append(c.Backends, b)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

// Beside is the place of a file that an option names: relative to the
// configuration file. Without one, only absolute paths are places.
func (c *Config) Beside(path string) string {
	switch {
	case path == "" || filepath.IsAbs(path):
		return path
	case c.source.ini.file == "":
		return ""
	}
	return filepath.Join(filepath.Dir(c.source.ini.file), path)
}

// Decode fills a driver's option struct from its backend's section, over
// [backend_defaults]; given holds values of [DEFAULT] that the driver wants too.
func (c *Config) Decode(section string, options any, given map[string]string) error {
	v := reflect.ValueOf(options)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("options of section %s are a %T, not a pointer to a struct", section, options)
	}
	if err := c.source.fill([]string{section, "backend_defaults"}, v.Elem()); err != nil {
		return err
	}
	for i := range v.Elem().NumField() {
		if value, ok := given[v.Elem().Type().Field(i).Tag.Get("conf")]; ok {
			v.Elem().Field(i).SetString(value)
		}
	}
	return nil
}

// fill sets every field that has a conf tag, from the first section that has
// the option, else from its default.
func (s *source) fill(sections []string, v reflect.Value) error {
	var errs []error
	for i := range v.NumField() {
		field := v.Type().Field(i)
		option := field.Tag.Get("conf")
		if field.Anonymous {
			errs = append(errs, s.fill(sections, v.Field(i)))
		}
		if option == "" {
			continue
		}
		values, where := s.lookup(sections, option)
		if values == nil {
			values = []string{field.Tag.Get("default")}
		}
		for i := range values {
			values[i] = s.substitute(sections, values[i], 0)
		}
		if err := set(v.Field(i), field.Tag, values); err != nil {
			shown := strings.Join(values, ",")
			if field.Tag.Get("secret") != "" {
				shown = "***"
			}
			errs = append(errs, fmt.Errorf("%soption %s = %q: %w", where, option, shown, err))
		}
	}
	return errors.Join(errs...)
}

// lookup returns copies of the values of an option, nil when it is not set.
func (s *source) lookup(sections []string, option string) (values []string, where string) {
	for _, section := range sections {
		key := section + delimiter + option
		if got, ok := s.v.Get(key).([]string); ok && len(got) > 0 {
			if n, ok := s.ini.lines[strings.ToLower(key)]; ok {
				where = fmt.Sprintf("%s:%d: ", s.ini.file, n)
			}
			return slices.Clone(got), where
		}
	}
	return nil, ""
}

// maxDepth of $name in $name; a circle ends there.
const maxDepth = 8

// substitute replaces $name and ${name} by the option of that name in the same
// section or [DEFAULT], and ${section.name} by that of another section. $$ is
// a dollar; a name that is no option stays as it is.
func (s *source) substitute(sections []string, text string, depth int) string {
	if depth > maxDepth || !strings.Contains(text, "$") {
		return text
	}
	text = strings.ReplaceAll(text, "$$", "\x00")
	text = os.Expand(text, func(name string) string {
		in, option := append(slices.Clone(sections), "DEFAULT"), name
		if section, o, ok := strings.Cut(name, "."); ok {
			in, option = []string{section}, o
		}
		if values, _ := s.lookup(in, option); values != nil {
			return s.substitute(in, values[0], depth+1)
		}
		if d, ok := defaults()[option]; ok {
			return d
		}
		return "$" + name
	})
	return strings.ReplaceAll(text, "\x00", "$")
}

// defaults of [DEFAULT], for substitution.
func defaults() map[string]string {
	out := make(map[string]string)
	t := reflect.TypeFor[Default]()
	for i := range t.NumField() {
		out[t.Field(i).Tag.Get("conf")] = t.Field(i).Tag.Get("default")
	}
	return out
}
