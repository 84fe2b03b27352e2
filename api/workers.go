package api

import (
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var cleanupSchema = schema.Of(schema.Object(`"cluster_name":$hostname,"disabled":$boolean,"host":$hostname,"is_up":$boolean,
"binary":{"enum":["cinder-volume","cinder-scheduler"]},"resource_id":$uuid_or_null,"resource_type":$resource_type,"service_id":$service_id`))

func workerRoutes() []Route {
	return []Route{{Method: http.MethodPost, Path: "/workers/cleanup", Since: 24, Policy: "workers:cleanup", Schema: cleanupSchema,
		Status: http.StatusAccepted, Handle: (*API).cleanUpWorkers}}
}

type cleanupBody struct {
	ClusterName  *string      `json:"cluster_name"`
	Disabled     *schema.Bool `json:"disabled"`
	Host         *string      `json:"host"`
	Up           *schema.Bool `json:"is_up"`
	Binary       string       `json:"binary"`
	ResourceID   string       `json:"resource_id"`
	ResourceType string       `json:"resource_type"`
	ServiceID    *schema.Int  `json:"service_id"`
}

// cleanUpWorkers looks after the work of services that are down, or of those
// that the body asks for.
func (a *API) cleanUpWorkers(r *Request) (Response, error) {
	var b cleanupBody
	if err := r.Decode(&b); err != nil {
		return Response{}, err
	}
	c := db.Cleanup{ClusterName: textOrEmpty(b.ClusterName), Host: textOrEmpty(b.Host), Binary: b.Binary, Disabled: (*bool)(b.Disabled), Up: (*bool)(b.Up),
		ResourceID: b.ResourceID, ResourceType: title(b.ResourceType)}
	if c.Up == nil {
		c.Up = new(bool)
	}
	if b.ServiceID != nil {
		id := int64(*b.ServiceID)
		c.ServiceID = &id
	}
	if c.ResourceType != "" && !slices.Contains([]string{"Snapshot", "Volume"}, c.ResourceType) {
		return Response{}, badRequest("Invalid input received: Resource type %s not valid, must be Snapshot or Volume", c.ResourceType)
	}
	if c.ResourceID != "" && b.ClusterName == nil && b.Host == nil && b.ServiceID == nil {
		s, err := a.Store.ServiceWorkingOn(r.Context(), c)
		if err != nil {
			return Response{}, err
		}
		c.ServiceID = &s.ID
	}
	cleaning, unavailable, err := a.Store.CleanUp(r.Context(), c)
	if err != nil {
		return Response{}, err
	}
	return JSON(func(out []byte) []byte {
		out = appendWorkers(append(out, `{"cleaning": `...), cleaning)
		return append(appendWorkers(append(out, `, "unavailable": `...), unavailable), '}')
	}), nil
}

// title is Python's str.title: a capital after everything that is no letter.
func title(s string) string {
	inWord := false
	return strings.Map(func(c rune) rune {
		if !unicode.IsLetter(c) {
			inWord = false
			return c
		}
		if inWord {
			return unicode.ToLower(c)
		}
		inWord = true
		return unicode.ToTitle(c)
	}, s)
}

func appendWorkers(b []byte, services []db.ServiceState) []byte {
	b = append(b, '[')
	for i := range services {
		s := &services[i]
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendInt(append(b, `{"id": `...), s.ID)
		b = appendString(append(b, `, "host": `...), s.Host)
		b = appendString(append(b, `, "binary": `...), s.Binary)
		b = append(appendStringOrNull(append(b, `, "cluster_name": `...), s.ClusterName), '}')
	}
	return append(b, ']')
}

func textOrEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
