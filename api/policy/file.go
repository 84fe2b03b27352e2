package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a policy file; a sample with every rule is a tenth of it.
const maxFile = 1 << 20

// parseFile reads rules by name from JSON or YAML.
func parseFile(raw []byte) (map[string]string, error) {
	if len(raw) > maxFile {
		return nil, fmt.Errorf("it has more than %d bytes", maxFile)
	}
	var all map[string]any
	var err error
	if json.Valid(raw) {
		err = json.Unmarshal(raw, &all)
	} else {
		err = yaml.NewDecoder(bytes.NewReader(raw)).Decode(&all)
		if len(bytes.TrimSpace(raw)) == 0 || err != nil && err.Error() == "EOF" { // nothing but comments
			return nil, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("it is not a mapping of rule names to rules: %w", err)
	}
	out := make(map[string]string, len(all))
	for name, value := range all {
		if out[name], err = ruleText(value); err != nil {
			return nil, fmt.Errorf("rule %s: %w", name, err)
		}
	}
	return out, nil
}

// ruleText takes a rule's text, or oslo.policy's older form of it: a list of
// alternatives, each a check or a list of checks that must all hold.
func ruleText(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case []any:
		return alternatives(v)
	case nil:
		return "", errors.New(`it is empty; write "@" to allow it to everybody, "!" to nobody`)
	}
	return "", fmt.Errorf("it is a %T and not a text", value)
}

func alternatives(list []any) (string, error) {
	var out []string
	for _, item := range list {
		all, ok := item.([]any)
		if !ok {
			all = []any{item}
		}
		var checks []string
		for _, c := range all {
			s, ok := c.(string)
			if !ok {
				return "", fmt.Errorf("it has a %T among its checks", c)
			}
			checks = append(checks, s)
		}
		if len(checks) > 0 {
			out = append(out, "("+strings.Join(checks, " and ")+")")
		}
	}
	if len(out) == 0 {
		return "@", nil
	}
	return strings.Join(out, " or "), nil
}
