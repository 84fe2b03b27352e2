package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/clinker-io/clinker/api/schema"
)

var volume = schema.New(
	schema.Version{Text: schema.Wrap("volume", `{"type":"object","properties":{
		"name":$name_trimmed,"metadata":$metadata_or_null,"snapshot_id":$uuid_or_null,"size":$volume_size_or_null,
		"multiattach":$boolean_or_null},"additionalProperties":true}`)},
	schema.Version{Since: 53, Text: schema.Wrap("volume", `{"type":"object","properties":{
		"name":$name_trimmed,"size":$volume_size_or_null,"mode":{"type":"string","enum":["rw","ro"]},
		"description":$description,"title":$name,"uuid":$uuid},"additionalProperties":false,"required":["size"],
		"anyOf":[{"required":["name"]},{"required":["size"]}]}`)})

func decode(t testing.TB, text string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSentences(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	for _, c := range []struct {
		name  string
		minor int
		body  string
		want  string
	}{
		{"no body", 0, `null`, "None is not of type 'object'"},
		{"a list", 0, `[1,"a"]`, "[1, 'a'] is not of type 'object'"},
		{"missing envelope", 0, `{}`, "'volume' is a required property"},
		{"a second envelope", 0, `{"volume":{},"x":1}`, "Additional properties are not allowed ('x' was unexpected)"},
		{"size 0", 0, `{"volume":{"size":0}}`, "Invalid input for field/attribute size. Value: 0. 0 is less than the minimum of 1"},
		{"size 0 as text", 0, `{"volume":{"size":"0"}}`, "Invalid input for field/attribute size. Value: 0. 0 is less than the minimum of 1"},
		{"size too big", 0, `{"volume":{"size":2147483648}}`, "Invalid input for field/attribute size. Value: 2147483648. 2147483648 is greater than the maximum of 2147483647"},
		{"size as word", 0, `{"volume":{"size":"abc"}}`, "Invalid input for field/attribute size. Value: abc. 'abc' does not match '^[0-9]+$'"},
		{"size negative text", 0, `{"volume":{"size":"-1"}}`, "Invalid input for field/attribute size. Value: -1. '-1' does not match '^[0-9]+$'"},
		{"size a list", 0, `{"volume":{"size":[]}}`, "Invalid input for field/attribute size. Value: []. [] is not of type 'integer', 'string', 'null'"},
		{"size a fraction", 0, `{"volume":{"size":1.5}}`, "Invalid input for field/attribute size. Value: 1.5. 1.5 is not of type 'integer', 'string', 'null'"},
		{"size a boolean", 0, `{"volume":{"size":true}}`, "Invalid input for field/attribute size. Value: True. True is not of type 'integer', 'string', 'null'"},
		{"long name", 0, `{"volume":{"name":"` + long + `"}}`, "Invalid input received: name has 256 characters, more than 255."},
		{"bad uuid", 0, `{"volume":{"snapshot_id":"abc"}}`, "Invalid input for field/attribute snapshot_id. Value: abc. 'abc' is not valid under any of the given schemas"},
		{"bad boolean", 0, `{"volume":{"multiattach":"maybe"}}`, "Invalid input for field/attribute multiattach. Value: maybe. 'maybe' is not valid under any of the given schemas"},
		{"metadata key", 0, `{"volume":{"metadata":{"a$":"b"}}}`, "Invalid input for field/attribute metadata. Value: {'a$': 'b'}. 'a$' does not match any of the regexes: '^[a-zA-Z0-9-_:. /]{1,255}$'"},
		{"metadata value", 0, `{"volume":{"metadata":{"a":1}}}`, "Invalid input for field/attribute a. Value: 1. 1 is not of type 'string'"},
		{"first property of the schema wins", 0, `{"volume":{"size":0,"name":5}}`, "Invalid input for field/attribute name. Value: 5. 5 is not of type 'string', 'null'"},
		{"inner before outer", 0, `{"volume":{"size":0},"x":1}`, "Invalid input for field/attribute size. Value: 0. 0 is less than the minimum of 1"},
		{"unknown key is ignored before 3.53", 52, `{"volume":{"foo":1}}`, ""},
		{"unknown keys from 3.53", 53, `{"volume":{"size":1,"foo":1,"bar":"x"}}`, "Invalid input for field/attribute volume. Value: {'bar': 'x', 'foo': 1, 'size': 1}. Additional properties are not allowed ('bar', 'foo' were unexpected)"},
		{"required inside", 53, `{"volume":{"name":"a"}}`, "Invalid input for field/attribute volume. Value: {'name': 'a'}. 'size' is a required property"},
		{"enum", 53, `{"volume":{"size":1,"mode":"x"}}`, "Invalid input for field/attribute mode. Value: x. 'x' is not one of ['rw', 'ro']"},
		{"uuid format", 53, `{"volume":{"size":1,"uuid":"1"}}`, "Invalid input for field/attribute uuid. Value: 1. '1' is not a 'uuid'"},
		{"empty name", 53, `{"volume":{"size":1,"title":""}}`, "Invalid input for field/attribute title. Value: . '' should be non-empty"},
		{"blank name", 53, `{"volume":{"size":1,"title":"  "}}`, "An invalid 'name' value was provided. The 'name' can not be empty."},
		{"too long", 53, `{"volume":{"size":1,"title":"` + long + `"}}`, "Invalid input for field/attribute title. Value: " + long + ". '" + long + "' is too long"},
		{"newline in a description", 53, `{"volume":{"size":1,"description":"a\nb"}}`, "Invalid input for field/attribute description. Value: a\nb. 'a\\nb' is not a 'printable'"},
		{"size as text", 53, `{"volume":{"size":"7"}}`, ""},
		{"uuid without dashes", 53, `{"volume":{"size":1,"uuid":"{3D7B9D9C9E5F4A04B26F0D9C1A2B3C4D}"}}`, ""},
		{"quote in a value", 53, `{"volume":{"size":1,"mode":"it's"}}`, `Invalid input for field/attribute mode. Value: it's. "it's" is not one of ['rw', 'ro']`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := volume.Validate(c.minor, decode(t, c.body)); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestUnnamedPropertiesAreRemoved(t *testing.T) {
	t.Parallel()
	body := decode(t, `{"volume":{"Size":5,"name":"a","metadata":{"Name":"kept"}}}`)
	if err := volume.Validate(0, body); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"volume":{"metadata":{"Name":"kept"},"name":"a"}}`; string(out) != want {
		t.Errorf("got %s, want %s", out, want)
	}
}

func TestUUIDForms(t *testing.T) {
	t.Parallel()
	const want = "3d7b9d9c-9e5f-4a04-b26f-0d9c1a2b3c4d"
	for _, s := range []string{want, strings.ToUpper(want), strings.ReplaceAll(want, "-", ""), "{" + want + "}", "urn:uuid:" + want,
		strings.Replace(want, "-4", "4-", 1)} {
		if !schema.IsUUID(s) || schema.CanonicalUUID(s) != want {
			t.Errorf("%q is not taken for %s", s, want)
		}
	}
	for _, s := range []string{"", "x", want[:35], want + "0", "g" + want[1:], want[:35] + "g", want[:35] + "/"} {
		if schema.IsUUID(s) {
			t.Errorf("%q is taken for a UUID", s)
		}
	}
}

func TestValuesOfBodies(t *testing.T) {
	t.Parallel()
	var got struct {
		Force schema.Bool
		Size  schema.Int
		Name  schema.Optional[string]
		Desc  schema.Optional[string]
		Gone  schema.Optional[string]
	}
	if err := json.Unmarshal([]byte(`{"Force":"Yes","Size":"12","Name":"a","Desc":null}`), &got); err != nil {
		t.Fatal(err)
	}
	if !bool(got.Force) || got.Size != 12 || *got.Name.Ptr() != "a" || !got.Desc.Set || got.Desc.Ptr() != nil || got.Gone.Set {
		t.Errorf("%+v", got)
	}
}

func TestEveryParameterTypeCompiles(t *testing.T) {
	t.Parallel()
	for _, name := range schema.TypeNames() {
		if err := schema.Of(schema.Wrap("x", "$"+name)).Compile(); err != nil {
			t.Errorf("$%s: %v", name, err)
		}
	}
}

func FuzzValidate(f *testing.F) {
	for _, s := range []string{`null`, `{}`, `{"volume":{"size":"1e400","name":"\u0000"}}`, `{"volume":{"metadata":{"~/":"x"}}}`, `{"volume":[[[]]]}`} {
		f.Add(s, 60)
	}
	f.Fuzz(func(t *testing.T, text string, minor int) {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil || strings.ContainsAny(text, "eE") {
			return
		}
		if err := volume.Validate(minor, v); err != nil && err.Error() == "" {
			t.Error("an empty sentence")
		}
	})
}
