package schema

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// types are the parameter types that many schemas share. Limits are those of
// the reference; a name that is wanted twice belongs here.
var types = map[string]string{
	"uuid":         `{"type":"string","format":"uuid"}`,
	"uuid_or_null": `{"oneOf":[{"type":"null"},{"type":"string","format":"uuid"}]}`,
	// trimmed before it is measured
	"name_trimmed":        `{"type":["string","null"],"format":"name_non_mandatory_remove_white_spaces"}`,
	"description_trimmed": `{"type":["string","null"],"format":"description_non_mandatory_remove_white_spaces"}`,
	"name":                `{"type":"string","minLength":1,"maxLength":255,"format":"name"}`,
	"name_required":       `{"type":"string","format":"name_skip_leading_trailing_spaces"}`,
	"name_or_null":        `{"type":["string","null"],"minLength":0,"maxLength":255}`,
	"update_name":         `{"type":["string","null"],"minLength":1,"maxLength":255}`,
	"description":         `{"type":["string","null"],"minLength":0,"maxLength":255,"format":"printable"}`,
	"boolean": `{"type":["boolean","string"],"enum":[true,"True","TRUE","true","1","ON","On","on","YES","Yes","yes","y","t",` +
		`false,"False","FALSE","false","0","OFF","Off","off","NO","No","no","n","f"]}`,
	"boolean_or_null": `{"oneOf":[{"type":"null"},$boolean]}`,
	"metadata": `{"type":"object","patternProperties":{"^[a-zA-Z0-9-_:. /]{1,255}$":{"type":"string","maxLength":255}},` +
		`"additionalProperties":false}`,
	"metadata_or_null": `{"type":["object","null"],"patternProperties":{"^[a-zA-Z0-9-_:. /]{1,255}$":{"type":"string","maxLength":255}},` +
		`"additionalProperties":false}`,
	"metadata_one": `{"type":"object","patternProperties":{"^[a-zA-Z0-9-_:. /]{1,255}$":{"type":"string","maxLength":255}},` +
		`"additionalProperties":false,"minProperties":1,"maxProperties":1}`,
	"image_metadata": `{"type":"object","patternProperties":{"^[a-zA-Z0-9-_:. /]{1,255}$":{"type":"string","format":"mysql_text"}},` +
		`"additionalProperties":false}`,
	"extra_specs": `{"type":"object","patternProperties":{"^[a-zA-Z0-9-_:.]{1,255}$":{"type":["string","null"],"minLength":0,"maxLength":255}},` +
		`"additionalProperties":false}`,
	"volume_size":         `{"type":["integer","string"],"pattern":"^[0-9]+$","minimum":1,"maximum":2147483647}`,
	"volume_size_or_null": `{"type":["integer","string","null"],"pattern":"^[0-9]+$","minimum":1,"maximum":2147483647}`,
	"availability_zone":   `{"type":["string","null"],"minLength":1,"maxLength":255}`,
	"hostname":            `{"type":["string","null"],"minLength":1,"maxLength":255,"pattern":"^[a-zA-Z0-9-._#@:/+]*$"}`,
	"cinder_host":         `{"type":["string","null"],"minLength":1,"maxLength":255,"pattern":"^[a-zA-Z0-9-._#@:/+\\[\\]]*$"}`,
	"quota":               `{"type":["integer","string"],"pattern":"^-?[0-9]+$","minimum":-1,"minLength":1,"maximum":2147483647}`,
	"log_binary":          `{"type":"string","enum":["cinder-scheduler","cinder-volume","cinder-backup","cinder-api","","*"]}`,
	"resource_type":       `{"type":["string","null"],"minLength":0,"maxLength":40}`,
	"service_id":          `{"type":["integer","string","null"],"pattern":"^[0-9]*$","maxLength":11}`,
	"object_or_null":      `{"type":["object","null"]}`,
}

var typeName = regexp.MustCompile(`\$[a-z_]+`)

// expand puts the parameter types into a schema's text.
func expand(text string) (string, error) {
	var unknown error
	out := typeName.ReplaceAllStringFunc(text, func(name string) string {
		t, ok := types[name[1:]]
		if !ok {
			unknown = fmt.Errorf("schema: no parameter type %s", name)
			return "true"
		}
		t, err := expand(t)
		if err != nil {
			unknown = err
		}
		return t
	})
	return out, unknown
}

// Wrap is the envelope of nearly every body: one required key, no other.
// It returns schema text for {"key": inner}.
func Wrap(key, inner string) string {
	return fmt.Sprintf(`{"type":"object","properties":{%q:%s},"required":[%q],"additionalProperties":false}`, key, inner, key)
}

// Object is schema text for an object that has no properties but these (text
// such as `"size":$volume_size,"name":$name`), of which required must be there.
func Object(properties string, required ...string) string {
	must := ""
	if len(required) > 0 {
		must = fmt.Sprintf(`"required":%s,`, quoteAll(required))
	}
	return fmt.Sprintf(`{"type":"object","properties":{%s},%s"additionalProperties":false}`, properties, must)
}

func quoteAll(names []string) string {
	out := "["
	for i, n := range names {
		if i > 0 {
			out += ","
		}
		out += fmt.Sprintf("%q", n)
	}
	return out + "]"
}

// TypeNames lists the parameter types that a schema's text may name.
func TypeNames() []string { return slices.Sorted(maps.Keys(types)) }
