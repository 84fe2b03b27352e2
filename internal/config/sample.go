package config

import (
	"fmt"
	"reflect"
	"strings"
)

const sampleHead = `# Configuration of Clinker: every option with its default. What is commented
# out has the value shown. The names are those of OpenStack Cinder's cinder.conf.
#
# A comment is a whole line: a value may hold # and ;. An indented line continues
# the value above it. $name or ${section.name} stands for another option's value,
# $$ for a dollar sign. Lists are separated by commas.
`

// Sample is a commented file with every option. drivers are structs with the
// options of drivers; they stand with those of every backend.
func Sample(drivers ...any) string {
	var out strings.Builder
	out.WriteString(sampleHead)
	top := reflect.TypeFor[Config]()
	for i := range top.NumField() {
		if section := top.Field(i).Tag.Get("section"); section != "" {
			fmt.Fprintf(&out, "\n[%s]\n", section)
			sampleOptions(&out, top.Field(i).Type, map[string]bool{})
		}
	}
	out.WriteString("\n# One section for each name in enabled_backends; [backend_defaults] is for what\n# several have in common.\n#[backend_defaults]\n")
	shown := map[string]bool{"volume_name_template": true, "snapshot_name_template": true} // of [DEFAULT]
	sampleOptions(&out, reflect.TypeFor[Backend](), shown)
	for _, d := range drivers {
		sampleOptions(&out, reflect.Indirect(reflect.ValueOf(d)).Type(), shown)
	}
	return out.String()
}

// sampleOptions writes the options of a struct that were not shown before.
func sampleOptions(out *strings.Builder, t reflect.Type, shown map[string]bool) {
	for i := range t.NumField() {
		if t.Field(i).Anonymous {
			sampleOptions(out, t.Field(i).Type, shown)
		}
		tag := t.Field(i).Tag
		name, value := tag.Get("conf"), tag.Get("default")
		if name == "" || shown[name] {
			continue
		}
		shown[name] = true
		if s := tag.Get("sample"); s != "" {
			value = s
		}
		fmt.Fprintf(out, "\n%s%s\n", comment(tag.Get("help")+limits(tag)), strings.TrimRight("#"+name+" = "+value, " "))
	}
}

func limits(tag reflect.StructTag) string {
	if c := tag.Get("choices"); c != "" {
		return " One of " + strings.ReplaceAll(c, ",", ", ") + "."
	}
	if b := strings.TrimSpace(bounds(tag)); b != "" {
		return " A number " + b + "."
	}
	return ""
}

// comment breaks text into lines that begin with #.
func comment(text string) string {
	var out strings.Builder
	width := 0
	for word := range strings.FieldsSeq(text) {
		if width == 0 || width+1+len(word) > 80 {
			if width > 0 {
				out.WriteByte('\n')
			}
			out.WriteByte('#')
			width = 1
		}
		out.WriteString(" " + word)
		width += 1 + len(word)
	}
	return out.String() + "\n"
}
