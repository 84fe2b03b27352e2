package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

var booleans = map[string]bool{"true": true, "1": true, "on": true, "yes": true, "false": false, "0": false, "off": false, "no": false}

// set writes the values of an option into its field.
func set(v reflect.Value, tag reflect.StructTag, values []string) error {
	last := values[len(values)-1]
	switch v.Kind() {
	case reflect.String:
		if err := choice(tag, last); err != nil {
			return err
		}
		v.SetString(last)
	case reflect.Bool:
		b, ok := booleans[strings.ToLower(last)]
		if !ok {
			return fmt.Errorf("must be true or false")
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(last, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("must be a whole number%s", bounds(tag))
		}
		if outside(tag, float64(n)) {
			return fmt.Errorf("must be%s", bounds(tag))
		}
		v.SetInt(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(last, 64)
		if err != nil {
			return fmt.Errorf("must be a number%s", bounds(tag))
		}
		v.SetFloat(f)
	case reflect.Slice:
		v.Set(reflect.ValueOf(list(values)))
	default:
		return fmt.Errorf("has the unsupported type %s", v.Type())
	}
	return nil
}

// list splits at commas; an option given several times adds up.
func list(values []string) []string {
	var out []string
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); item != "" {
				out = append(out, item)
			}
		}
	}
	return out
}

func choice(tag reflect.StructTag, value string) error {
	allowed := tag.Get("choices")
	if allowed == "" || slices.Contains(strings.Split(allowed, ","), value) {
		return nil
	}
	return fmt.Errorf("must be one of %s", strings.ReplaceAll(allowed, ",", ", "))
}

func outside(tag reflect.StructTag, n float64) bool {
	lo, errLo := strconv.ParseFloat(tag.Get("min"), 64)
	hi, errHi := strconv.ParseFloat(tag.Get("max"), 64)
	return errLo == nil && n < lo || errHi == nil && n > hi
}

func bounds(tag reflect.StructTag) string {
	lo, hi := tag.Get("min"), tag.Get("max")
	switch {
	case lo != "" && hi != "":
		return fmt.Sprintf(" from %s to %s", lo, hi)
	case lo != "":
		return " of at least " + lo
	case hi != "":
		return " of at most " + hi
	}
	return ""
}
