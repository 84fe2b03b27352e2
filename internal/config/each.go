package config

import (
	"fmt"
	"reflect"
)

// Each calls f for every option that is known, with the value that holds, as the
// section and its options come in the sample. Secrets are three stars.
func (c *Config) Each(f func(section, option, value string)) {
	top := reflect.ValueOf(c).Elem()
	for i := range top.NumField() {
		if section := top.Type().Field(i).Tag.Get("section"); section != "" {
			each(section, top.Field(i), f)
		}
	}
	for _, b := range c.Backends {
		each(b.Section, reflect.ValueOf(b), f)
	}
}

func each(section string, v reflect.Value, f func(section, option, value string)) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			each(section, v.Field(i), f)
		}
		option := field.Tag.Get("conf")
		if option == "" {
			continue
		}
		value := fmt.Sprint(v.Field(i).Interface())
		if field.Tag.Get("secret") != "" && value != "" {
			value = "***"
		}
		f(section, option, value)
	}
}
