// Package nova asks the compute service of a cloud what block storage must know
// of servers, and tells it what has become of their volumes.
package nova

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/clinker-io/clinker/openstack"
)

// Microversions: each is the first that has what is asked for.
const (
	versionPlain      = "2.1"
	versionExtended   = "2.51" // the event volume-extended
	versionAttachment = "2.89" // attachment_id of a server's volume
	versionReimaged   = "2.93" // the event volume-reimaged
)

const (
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 1 << 20
	// maxTries of what may be asked twice.
	maxTries   = 3
	retryPause = 200 * time.Millisecond
)

var (
	// ErrNotFound: no such server, or the server does not have the volume.
	ErrNotFound = errors.New("the compute service does not have it")
	// ErrRefused: asking again would bring the same answer.
	ErrRefused = errors.New("the compute service refuses")
)

// Config of a client.
type Config struct {
	Session   *openstack.Session // our own user, who needs the role admin
	Region    string
	Interface string
	// Service is whose token goes as X-Service-Token beside that of the user on
	// whose behalf Nova is asked, when ServiceToken is set.
	Service      *openstack.Session
	ServiceToken bool
	HTTP         *http.Client  // nil: as the sessions reach Keystone
	Timeout      time.Duration // of one call with its repetitions; 0 is ten seconds
}

// Client speaks to Nova. It may be used by many at once.
type Client struct {
	cfg      Config
	endpoint openstack.Endpoint
}

// New makes a client; Nova need not answer yet.
func New(c Config) *Client {
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	return &Client{cfg: c, endpoint: openstack.Endpoint{Type: "compute", Region: c.Region, Interface: c.Interface, HTTP: c.HTTP}}
}

// request is one call.
type request struct {
	as      *openstack.Caller // nil: our own user
	id      string            // request id
	method  string
	path    []string
	version string
	body    any
	repeat  bool // it may be sent twice
}

// do sends r and reads a success into out, all within the time limit.
func (c *Client) do(ctx context.Context, r request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	for try := 1; ; try++ {
		err := c.once(ctx, r, out)
		if err == nil || !r.repeat || try == maxTries || !passing(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try) * retryPause):
		}
	}
}

// passing reports whether an error may be gone a moment later.
func passing(err error) bool {
	return !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrRefused) && !errors.Is(err, openstack.ErrNoEndpoint) &&
		!errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
}

func (c *Client) once(ctx context.Context, r request, out any) error {
	service, err := c.service(ctx, r)
	if err != nil {
		return fmt.Errorf("reach Nova: %w", err)
	}
	options := &gophercloud.RequestOpts{KeepResponseBody: true, OkCodes: []int{http.StatusOK, http.StatusAccepted, http.StatusMultiStatus}}
	if r.body != nil {
		options.JSONBody = r.body
	}
	resp, err := service.Request(ctx, r.method, service.ServiceURL(r.path...), options)
	if err != nil {
		return failure(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("answer of Nova: %w", err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("answer of Nova: %w", err)
	}
	return nil
}

// service is Nova as the caller or our own user reaches it.
func (c *Client) service(ctx context.Context, r request) (*gophercloud.ServiceClient, error) {
	var s *gophercloud.ServiceClient
	var err error
	if r.as != nil {
		s, err = c.cfg.Service.As(ctx, r.as.Token, c.cfg.ServiceToken, c.endpoint)
	} else {
		s, err = c.cfg.Session.Client(ctx, c.endpoint)
	}
	if err != nil {
		return nil, err
	}
	s.Microversion = r.version
	if r.id != "" {
		if s.MoreHeaders == nil {
			s.MoreHeaders = make(map[string]string)
		}
		s.MoreHeaders["X-OpenStack-Request-ID"] = r.id
	}
	return s, nil
}

// maxMessage bounds what of a refusal enters the log.
const maxMessage = 200

// failure says what an answer that is no success means.
func failure(err error) error {
	var after *gophercloud.ErrErrorAfterReauthentication
	if errors.As(err, &after) {
		err = after.ErrOriginal
	}
	var answer gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &answer) {
		return fmt.Errorf("ask Nova: %w", err)
	}
	said := fmt.Errorf("%s %s: %d %.*q", answer.Method, answer.URL, answer.Actual, maxMessage, answer.Body)
	switch {
	case answer.Actual == http.StatusNotFound:
		return fmt.Errorf("%w: %w", ErrNotFound, said)
	case answer.Actual >= 400 && answer.Actual < 500 && answer.Actual != http.StatusTooManyRequests && answer.Actual != http.StatusRequestTimeout:
		return fmt.Errorf("%w: %w", ErrRefused, said)
	}
	return fmt.Errorf("ask Nova: %w", said)
}
