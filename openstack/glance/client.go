// Package glance speaks to the image service of a cloud: records of images as
// the user or as ourselves, and their data as streams.
package glance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/clinker-io/clinker/openstack"
)

// Config of a client.
type Config struct {
	Session *openstack.Session // our own user, who needs the role admin
	// Servers are asked instead of the catalogue's (glance_api_servers).
	Servers []string
	// Catalog is service type, name and interface (glance_catalog_info); the
	// name is not heeded, as upstream does not.
	Catalog string
	Region  string
	// ServiceToken sends our own token beside that of the user on whose behalf
	// Glance is asked.
	ServiceToken bool
	Retries      int           // further tries when Glance is not there
	Timeout      time.Duration // of a call, and of silence in a stream; 0 is a minute
	TLS          openstack.TLS
}

// Client may be used by many at once.
type Client struct {
	cfg       Config
	endpoints []openstack.Endpoint
}

const (
	defaultTimeout = time.Minute
	retryPause     = time.Second
	// storeLimit is how long Glance may take to store what it has received.
	storeLimit = 15 * time.Minute
)

var versionSuffix = regexp.MustCompile(`/v2/?$`)

// New checks the configuration; Glance need not answer yet.
func New(c Config) (*Client, error) {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	// How long an answer takes has no limit of its own: what an upload needs and
	// what a call may take differ, and each has its context.
	h, err := c.TLS.Client(0)
	if err != nil {
		return nil, fmt.Errorf("options glance_ca_certificates_file, glance_certfile and glance_keyfile: %w", err)
	}
	h.Transport = sized{h.Transport}
	out := &Client{cfg: c}
	for _, s := range c.Servers {
		if !strings.Contains(s, "//") {
			s = "http://" + s
		}
		s = versionSuffix.ReplaceAllString(strings.TrimSuffix(s, "/"), "") + "/v2"
		out.endpoints = append(out.endpoints, openstack.Endpoint{Type: "image", URL: s, HTTP: h})
	}
	if out.endpoints != nil {
		return out, nil
	}
	info := strings.Split(c.Catalog, ":")
	if len(info) != 3 {
		return nil, fmt.Errorf("option glance_catalog_info = %q: must be in the form <service_type>:<service_name>:<endpoint_type>", c.Catalog)
	}
	out.endpoints = []openstack.Endpoint{{Type: info[0], Interface: strings.TrimSuffix(info[2], "URL"), Region: c.Region, Version: "v2", HTTP: h}}
	return out, nil
}

// service is one Glance as the caller or our own user reaches it.
func (c *Client) service(ctx context.Context, by *openstack.Caller, e openstack.Endpoint) (*gophercloud.ServiceClient, error) {
	if by == nil {
		return c.cfg.Session.Client(ctx, e)
	}
	s, err := c.cfg.Session.As(ctx, by.Token, c.cfg.ServiceToken, e)
	if err == nil && by.RequestID != "" {
		if s.MoreHeaders == nil {
			s.MoreHeaders = make(map[string]string)
		}
		s.MoreHeaders["X-Openstack-Request-Id"] = by.RequestID
	}
	return s, err
}

// do sends one request, to another server or again when one is not there, all
// within the time limit of a call.
func (c *Client) do(ctx context.Context, by *openstack.Caller, method, path string, o gophercloud.RequestOpts) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	_, err := c.send(ctx, by, method, path, o)
	return err
}

func (c *Client) send(ctx context.Context, by *openstack.Caller, method, path string, o gophercloud.RequestOpts) (*http.Response, error) {
	first := rand.IntN(len(c.endpoints))
	for try := 0; ; try++ {
		resp, err := c.once(ctx, by, c.endpoints[(first+try)%len(c.endpoints)], method, path, o)
		if err == nil || !errors.Is(err, ErrUnavailable) || try >= c.cfg.Retries {
			return resp, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(retryPause):
		}
	}
}

func (c *Client) once(ctx context.Context, by *openstack.Caller, e openstack.Endpoint, method, path string, o gophercloud.RequestOpts) (*http.Response, error) {
	s, err := c.service(ctx, by, e)
	if errors.Is(err, openstack.ErrNoEndpoint) {
		return nil, &Error{Kind: ErrAbsent, Msg: err.Error(), Err: err}
	}
	if err != nil {
		return nil, &Error{Kind: ErrUnavailable, Msg: err.Error(), Err: err}
	}
	resp, err := s.Request(ctx, method, s.ServiceURL(path), &o)
	if err != nil {
		return nil, failure(err)
	}
	return resp, nil
}
