package glance

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/clinker-io/clinker/openstack"
)

// watchdog ends a transfer in which nothing moves for a time.
type watchdog struct {
	mu    sync.Mutex
	timer *time.Timer
	bark  func()
	fired bool
}

func watch(limit time.Duration, bark func()) *watchdog {
	w := &watchdog{bark: bark}
	w.timer = time.AfterFunc(limit, w.fire)
	return w
}

func (w *watchdog) fire() {
	w.mu.Lock()
	w.fired = true
	w.mu.Unlock()
	w.bark()
}

// moved starts the time anew.
func (w *watchdog) moved(limit time.Duration) { w.timer.Reset(limit) }

func (w *watchdog) stop() { w.timer.Stop() }

// blame says that it was the watchdog, if it was.
func (w *watchdog) blame(err error, limit time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fired {
		return &Error{Kind: ErrUnavailable, Msg: fmt.Sprintf("nothing came or went for %s", limit), Err: err}
	}
	return err
}

// stream is the data of an image.
type stream struct {
	body   io.ReadCloser
	dog    *watchdog
	limit  time.Duration
	cancel context.CancelFunc
}

// Read fails with ErrBroken when Glance breaks off, which a truncated image does
// each time, and with ErrUnavailable when it falls silent; how long the caller
// takes between two reads does not count.
func (s *stream) Read(p []byte) (int, error) {
	s.dog.moved(s.limit)
	n, err := s.body.Read(p)
	s.dog.stop()
	if err != nil && err != io.EOF {
		err = s.dog.blame(&Error{Kind: ErrBroken, Msg: err.Error(), Err: err}, s.limit)
	}
	return n, err
}

func (s *stream) Close() error {
	s.dog.stop()
	s.cancel()
	return s.body.Close()
}

// Download streams the data of an image. That it is complete is for the caller
// to check, by size and checksum.
func (c *Client) Download(ctx context.Context, by *openstack.Caller, id string) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	dog := watch(c.cfg.Timeout, cancel)
	resp, err := c.send(ctx, by, http.MethodGet, "images/"+url.PathEscape(id)+"/file", gophercloud.RequestOpts{KeepResponseBody: true,
		OkCodes: []int{http.StatusOK}, MoreHeaders: map[string]string{"Accept": "application/octet-stream"}})
	if err != nil {
		dog.stop()
		cancel()
		return nil, dog.blame(err, c.cfg.Timeout)
	}
	dog.stop()
	return &stream{body: resp.Body, dog: dog, limit: c.cfg.Timeout, cancel: cancel}, nil
}

// feed is what an upload reads; at its end Glance gets time to store it all.
// The transport may read on for a moment when the call has ended already.
type feed struct {
	dog   *watchdog
	limit time.Duration

	mu    sync.Mutex
	from  io.Reader
	left  int64
	err   error // of reading, not of Glance
	ended bool
}

func (f *feed) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return 0, io.ErrClosedPipe
	}
	f.dog.stop() // what the source takes is not Glance's fault
	n, err := f.from.Read(p)
	f.left -= int64(n)
	if f.left <= 0 {
		f.dog.moved(storeLimit)
	} else {
		f.dog.moved(f.limit)
	}
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// end lets nobody read from the caller's reader any more, and says how that failed.
func (f *feed) end() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	return f.err
}

// Upload gives an image its data, size bytes of it. A reader that fails is
// reported with its own error.
func (c *Client) Upload(ctx context.Context, by *openstack.Caller, id string, data io.Reader, size int64, store string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dog := watch(c.cfg.Timeout, cancel)
	defer dog.stop()
	f := &feed{from: data, dog: dog, limit: c.cfg.Timeout, left: size}
	more := map[string]string{"Content-Type": "application/octet-stream", sizeHeader: strconv.FormatInt(size, 10)}
	if store != "" {
		more["X-Image-Meta-Store"] = store
	}
	// Not tried again here: a part of the data is gone.
	_, err := c.once(ctx, by, c.endpoints[0], http.MethodPut, "images/"+url.PathEscape(id)+"/file",
		gophercloud.RequestOpts{RawBody: f, OkCodes: []int{http.StatusNoContent}, MoreHeaders: more})
	if own := f.end(); err != nil && own != nil {
		return own
	}
	return dog.blame(err, c.cfg.Timeout)
}

// sizeHeader tells the transport how long a body is, which gophercloud cannot.
const sizeHeader = "X-Clinker-Size"

type sized struct{ http.RoundTripper }

// RoundTrip sends a Content-Length, without which not every front end passes a body on.
func (s sized) RoundTrip(r *http.Request) (*http.Response, error) {
	if n, err := strconv.ParseInt(r.Header.Get(sizeHeader), 10, 64); err == nil {
		r = r.Clone(r.Context())
		r.Header.Del(sizeHeader)
		r.ContentLength = n
		if n == 0 {
			r.Body = http.NoBody
		}
	}
	return s.RoundTripper.RoundTrip(r)
}
