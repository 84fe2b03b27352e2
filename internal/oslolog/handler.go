// Package oslolog writes logs as OpenStack's services do: oslo.log's lines, or
// JSON, with the ids of the request that a line belongs to.
package oslolog

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Keys of attributes that say which request a line belongs to. They become
// the part of the line in brackets.
const (
	RequestID       = "request_id"
	GlobalRequestID = "global_request_id"
	UserID          = "user_id"
	ProjectID       = "project_id"
)

// Handler is a slog.Handler. It lets every level through.
type Handler struct {
	out    *output
	json   bool
	name   string // of the logger
	prefix string // of the keys: the groups
	who    who
	attrs  []slog.Attr
}

// output is shared by all handlers that come from one.
type output struct {
	mu sync.Mutex
	w  io.Writer
}

// who are the ids of a request.
type who struct {
	Request string `json:"request_id,omitempty"`
	Global  string `json:"global_request_id,omitempty"`
	User    string `json:"user_id,omitempty"`
	Project string `json:"project_id,omitempty"`
}

// New writes lines to w, with asJSON objects.
func New(w io.Writer, asJSON bool) *Handler {
	return &Handler{out: &output{w: w}, json: asJSON, name: "clinker"}
}

// Named is the handler of the logger of that name.
func (h *Handler) Named(name string) slog.Handler {
	c := *h
	c.name = name
	return &c
}

// Enabled implements slog.Handler.
func (*Handler) Enabled(context.Context, slog.Level) bool { return true }

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	c := *h
	if name != "" {
		c.prefix += name + "."
	}
	return &c
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		c.take(a)
	}
	return &c
}

// take keeps an attribute, or what it says of the request.
func (h *Handler) take(a slog.Attr) {
	a.Value = a.Value.Resolve()
	if a.Value.Kind() == slog.KindGroup {
		for _, inner := range a.Value.Group() {
			if a.Key != "" {
				inner.Key = a.Key + "." + inner.Key
			}
			h.take(inner)
		}
		return
	}
	switch a.Key {
	case "":
	case RequestID:
		h.who.Request = a.Value.String()
	case GlobalRequestID:
		h.who.Global = a.Value.String()
	case UserID:
		h.who.User = a.Value.String()
	case ProjectID:
		h.who.Project = a.Value.String()
	default:
		a.Key = h.prefix + a.Key
		h.attrs = append(h.attrs, a)
	}
}

// Handle implements slog.Handler.
func (h *Handler) Handle(_ context.Context, r slog.Record) error {
	c := *h
	c.attrs = slices.Clip(c.attrs)
	r.Attrs(func(a slog.Attr) bool {
		c.take(a)
		return true
	})
	var line []byte
	if h.json {
		var err error
		if line, err = c.object(r); err != nil {
			return err
		}
	} else {
		line = c.line(r)
	}
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	_, err := h.out.w.Write(line)
	return err
}

// levelName is Python's.
func levelName(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "DEBUG"
	case l < slog.LevelWarn:
		return "INFO"
	case l < slog.LevelError:
		return "WARNING"
	}
	return "ERROR"
}

var pid = os.Getpid()

// line is oslo.log's logging_context_format_string, or default_format_string
// outside of requests, with the attributes behind the message.
func (h *Handler) line(r slog.Record) []byte {
	b := r.Time.AppendFormat(make([]byte, 0, 256), "2006-01-02 15:04:05.000")
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(pid), 10)
	b = append(b, " "+levelName(r.Level)+" "+h.name+" ["...)
	if h.who == (who{}) {
		b = append(b, '-')
	} else {
		global := h.who.Global
		if global == "" {
			global = "None"
		}
		b = append(b, global+" "+dash(h.who.Request)+" "+dash(h.who.User)+" "+dash(h.who.Project)+" - - -"...)
	}
	b = append(b, "] "+oneLine(r.Message)...)
	for _, a := range h.attrs {
		b = append(b, " "+a.Key+"="...)
		text := a.Value.String()
		if text == "" || strings.ContainsAny(text, " =\"\n\r\t") {
			b = strconv.AppendQuote(b, text)
		} else {
			b = append(b, text...)
		}
	}
	return append(b, '\n')
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// oneLine keeps what others have written from making lines of its own.
func oneLine(s string) string {
	return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(s)
}

// object has the keys of oslo.log's JSONFormatter.
func (h *Handler) object(r slog.Record) ([]byte, error) {
	extra := make(map[string]any, len(h.attrs))
	for _, a := range h.attrs {
		switch v := a.Value.Any().(type) {
		case error:
			extra[a.Key] = v.Error()
		case time.Duration:
			extra[a.Key] = v.Seconds()
		case bool, int64, uint64, float64, string, nil:
			extra[a.Key] = v
		default:
			extra[a.Key] = a.Value.String()
		}
	}
	line, err := json.Marshal(struct {
		Message string         `json:"message"`
		Time    string         `json:"asctime"`
		Created float64        `json:"created"`
		Name    string         `json:"name"`
		Level   string         `json:"levelname"`
		Process int            `json:"process"`
		Context who            `json:"context"`
		Extra   map[string]any `json:"extra,omitempty"`
	}{r.Message, r.Time.Format("2006-01-02 15:04:05,000"), float64(r.Time.UnixMicro()) / 1e6, h.name, levelName(r.Level), pid, h.who, extra})
	return append(line, '\n'), err
}
