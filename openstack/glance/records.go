package glance

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/google/uuid"
	"github.com/gophercloud/gophercloud/v2"

	"github.com/clinker-io/clinker/openstack"
)

// read sends a request and reads its JSON answer, bounded, into out.
func (c *Client) read(ctx context.Context, by *openstack.Caller, method, path string, o gophercloud.RequestOpts, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	o.KeepResponseBody = true
	resp, err := c.send(ctx, by, method, path, o)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxRecord))
	if err == nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil {
		return &Error{Kind: ErrUnavailable, Status: resp.StatusCode, Msg: "its answer cannot be read: " + err.Error(), Err: err}
	}
	return nil
}

// Show returns an image.
func (c *Client) Show(ctx context.Context, by *openstack.Caller, id string) (i Image, err error) {
	err = c.read(ctx, by, http.MethodGet, "images/"+url.PathEscape(id), gophercloud.RequestOpts{OkCodes: []int{http.StatusOK}}, &i)
	return i, err
}

// Named returns the images of that name, up to two: one is meant, more are ambiguous.
func (c *Client) Named(ctx context.Context, by *openstack.Caller, name string) ([]Image, error) {
	var page struct{ Images []Image }
	query := url.Values{"name": {name}, "limit": {"2"}}
	err := c.read(ctx, by, http.MethodGet, "images?"+query.Encode(), gophercloud.RequestOpts{OkCodes: []int{http.StatusOK}}, &page)
	return page.Images, err
}

// NewImage is a record to make.
type NewImage struct {
	Name, DiskFormat, ContainerFormat string
	Visibility                        string // "": what Glance makes it
	Protected                         *bool
	MinDisk, MinRAM                   int64
	Properties                        map[string]string
}

// Create makes a record without data. It may be sent twice, so the id is ours.
func (c *Client) Create(ctx context.Context, by *openstack.Caller, n NewImage) (i Image, err error) {
	record := make(map[string]any, len(n.Properties)+8)
	for k, v := range n.Properties {
		record[k] = v
	}
	id := uuid.NewString()
	for k, v := range map[string]any{"id": id, "name": n.Name, "disk_format": n.DiskFormat, "container_format": n.ContainerFormat} {
		record[k] = v
	}
	if n.Visibility != "" {
		record["visibility"] = n.Visibility
	}
	if n.Protected != nil {
		record["protected"] = *n.Protected
	}
	if n.MinDisk > 0 {
		record["min_disk"] = n.MinDisk
	}
	if n.MinRAM > 0 {
		record["min_ram"] = n.MinRAM
	}
	err = c.read(ctx, by, http.MethodPost, "images", gophercloud.RequestOpts{JSONBody: record, OkCodes: []int{http.StatusCreated}}, &i)
	if errors.Is(err, ErrConflict) { // the first try had arrived
		return c.Show(ctx, by, id)
	}
	return i, err
}

// change is one step of a JSON patch.
type change struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func (c *Client) patch(ctx context.Context, by *openstack.Caller, id string, changes ...change) error {
	var i Image
	return c.read(ctx, by, http.MethodPatch, "images/"+url.PathEscape(id), gophercloud.RequestOpts{JSONBody: changes, OkCodes: []int{http.StatusOK},
		MoreHeaders: map[string]string{"Content-Type": "application/openstack-images-v2.1-json-patch"}}, &i)
}

// AddLocation says where the data of an image without data is.
func (c *Client) AddLocation(ctx context.Context, by *openstack.Caller, id, at string, metadata map[string]string) error {
	if metadata == nil {
		metadata = map[string]string{}
	}
	return c.patch(ctx, by, id, change{"add", "/locations/-", map[string]any{"url": at, "metadata": metadata}})
}

// Delete removes an image; one that is not there is a success.
func (c *Client) Delete(ctx context.Context, by *openstack.Caller, id string) error {
	err := c.do(ctx, by, http.MethodDelete, "images/"+url.PathEscape(id), gophercloud.RequestOpts{OkCodes: []int{http.StatusNoContent}})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Discard removes an image that never got its data, protected or not. One that
// has its data is left alone; gone says that it is not there.
func (c *Client) Discard(ctx context.Context, by *openstack.Caller, id string) (gone bool, err error) {
	i, err := c.Show(ctx, by, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return true, nil
	case err != nil:
		return false, err
	case i.Status == "deleted" || i.Status == "killed":
		return true, nil
	case i.Status != "queued" && i.Status != "saving":
		return false, nil
	}
	if i.Protected {
		if err := c.patch(ctx, by, id, change{"replace", "/protected", false}); err != nil {
			return false, err
		}
	}
	err = c.Delete(ctx, by, id)
	return err == nil, err
}
