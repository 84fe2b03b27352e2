package api

import (
	"net/http"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

// binaryAPI is what the API is called where services are; it has no row among them.
const binaryAPI = "cinder-api"

const logProperties = `"binary":$log_binary,"server":$name_or_null,"prefix":$name_or_null`

func serviceLogRoutes() []Route {
	return []Route{
		{Method: http.MethodPut, Path: "/os-services/get-log", Since: 32, Policy: "volume_extension:services:update", Status: 200,
			Schema: schema.Of(schema.Object(logProperties)), Handle: (*API).getLogs},
		{Method: http.MethodPut, Path: "/os-services/set-log", Since: 32, Policy: "volume_extension:services:update", Status: 202,
			Schema: schema.Of(schema.Object(logProperties + `,"level":{"type":["string","null"],"format":"level"}`)), Handle: (*API).setLogs},
	}
}

// LogLevels are the loggers of this process.
type LogLevels interface {
	// Levels tells what those are at whose names begin with prefix.
	Levels(prefix string) map[string]string
	// Set puts those at a level, one of schema.LogLevels.
	Set(prefix, level string)
}

type logBody struct {
	Binary string `json:"binary"`
	Server string `json:"server"`
	Prefix string `json:"prefix"`
	Level  string `json:"level"`
}

func (b *logBody) everybody() bool { return b.Binary == "" || b.Binary == "*" }

// api reports whether this process itself is meant.
func (b *logBody) api() bool { return b.everybody() || b.Binary == binaryAPI }

// services are those that are meant and up.
func (b *logBody) services(a *API, r *Request) ([]db.ServiceState, error) {
	if b.Binary == binaryAPI {
		return nil, nil
	}
	all, err := a.Store.Services(r.Context())
	if err != nil {
		return nil, err
	}
	var out []db.ServiceState
	for _, s := range all {
		here := b.Server == "" || db.MatchesHost(s.Host, b.Server) || s.ClusterName != nil && db.MatchesHost(*s.ClusterName, b.Server)
		if s.Up && here && (b.everybody() || s.Binary == b.Binary) {
			out = append(out, s)
		}
	}
	return out, nil
}

// setLogs asks the services; they follow within seconds.
func (a *API) setLogs(r *Request) (Response, error) {
	var b logBody
	if err := r.Decode(&b); err != nil {
		return Response{}, err
	}
	if b.Level == "" {
		return Response{}, badRequest("Invalid input received:  is not a valid log level.")
	}
	level := strings.ToUpper(b.Level)
	services, err := b.services(a, r)
	if err != nil {
		return Response{}, err
	}
	if b.api() && a.Logs != nil {
		a.Logs.Set(b.Prefix, level)
	}
	ids := make([]int64, len(services))
	for i, s := range services {
		ids[i] = s.ID
	}
	return Response{}, a.Store.WantLogs(r.Context(), ids, b.Prefix, level)
}

// getLogs answers what the services have reported.
func (a *API) getLogs(r *Request) (Response, error) {
	var b logBody
	if err := r.Decode(&b); err != nil {
		return Response{}, err
	}
	services, err := b.services(a, r)
	if err != nil {
		return Response{}, err
	}
	return JSON(func(out []byte) []byte {
		out = append(out, `{"log_levels": [`...)
		first := true
		add := func(host, binary string, levels map[string]string) {
			if !first {
				out = append(out, ", "...)
			}
			first = false
			out = appendString(append(out, `{"host": `...), host)
			out = appendString(append(out, `, "binary": `...), binary)
			out = append(appendLevels(append(out, `, "levels": `...), levels, b.Prefix), '}')
		}
		if b.api() && a.Logs != nil && (b.Server == "" || b.Server == a.Host) {
			add(a.Host, binaryAPI, a.Logs.Levels(b.Prefix))
		}
		for _, s := range services {
			add(s.Host, s.Binary, s.LogLevels)
		}
		return append(out, "]}"...)
	}), nil
}

// appendLevels writes those of the loggers whose names begin with prefix.
func appendLevels(b []byte, levels map[string]string, prefix string) []byte {
	b = append(b, '{')
	first := true
	for _, name := range sortedKeys(levels) {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if !first {
			b = append(b, ", "...)
		}
		first = false
		b = appendString(append(appendString(b, name), ": "...), levels[name])
	}
	return append(b, '}')
}
