package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxBody is Cinder's osapi_max_request_body_size.
const maxBody = 114688

// readBody returns the body, nil when there is none or when it has no
// Content-Type: Cinder takes such a one for empty.
func readBody(r *http.Request) ([]byte, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		var tooBig *http.MaxBytesError
		if errors.As(err, &tooBig) {
			return nil, err
		}
		return nil, errMalformed
	}
	kind := r.Header.Get("Content-Type")
	if len(raw) == 0 || kind == "" {
		return nil, nil
	}
	media, _, err := mime.ParseMediaType(kind)
	if err != nil {
		media, _, _ = strings.Cut(kind, ";")
	}
	switch strings.TrimSpace(media) {
	case "application/json", "application/vnd.openstack.volume+json":
		return raw, nil
	}
	return nil, &Fault{http.StatusUnsupportedMediaType, "Unsupported Content-Type"}
}

// decodeBody reads one JSON value. Numbers stay text; those that no field could
// hold and NUL characters, which no column could, are refused here for all.
func decodeBody(raw []byte) (any, error) {
	if !utf8.Valid(raw) || loneSurrogate(raw) {
		return nil, errMalformed
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, errMalformed
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errMalformed
	}
	return v, checkValue(v)
}

func checkValue(v any) error {
	switch t := v.(type) {
	case string:
		if strings.IndexByte(t, 0) >= 0 {
			return errUndecodable
		}
	case json.Number:
		return checkNumber(t.String())
	case []any:
		for _, e := range t {
			if err := checkValue(e); err != nil {
				return err
			}
		}
	case map[string]any:
		for k, e := range t {
			if strings.IndexByte(k, 0) >= 0 {
				return errUndecodable
			}
			if err := checkValue(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkNumber keeps out what costs much to compute with: 1e999999999.
func checkNumber(n string) error {
	if len(n) > 64 {
		return errMalformed
	}
	if f, err := strconv.ParseFloat(n, 64); err != nil || (f == 0 && strings.ContainsAny(n, "eE")) {
		return errMalformed
	}
	return nil
}

// loneSurrogate reports a \uD800 to \uDFFF that is no half of a pair:
// Python cannot encode it, and Go would quietly replace it.
func loneSurrogate(raw []byte) bool {
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		first, ok := escapedUnit(raw[i:])
		i++ // what is escaped is not the start of an escape
		if !ok || !utf16.IsSurrogate(first) {
			continue
		}
		second, ok := escapedUnit(raw[min(i+5, len(raw)):])
		if !ok || utf16.DecodeRune(first, second) == utf8.RuneError {
			return true
		}
		i += 10
	}
	return false
}

// escapedUnit reads \uXXXX at the start of b.
func escapedUnit(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}
