package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// stateDir is the folder of an all-in-one service. Its lock file keeps a
// second process out for as long as the first one lives.
type stateDir struct {
	path string
	lock *os.File
}

// openStateDir makes the folder if need be and takes its lock.
func openStateDir(path string) (*stateDir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o711); err != nil {
		return nil, fmt.Errorf("state folder: %w (choose another one with --state-dir)", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("state folder: %w (choose another one with --state-dir)", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(lock.Name())
		_ = lock.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock state folder %s: %w", path, err)
		}
		return nil, fmt.Errorf("state folder %s is in use by process %s: stop that one, or choose another folder with --state-dir",
			path, strings.TrimSpace(string(holder)))
	}
	if err := errors.Join(lock.Truncate(0), writeAll(lock, strconv.Itoa(os.Getpid())+"\n")); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	return &stateDir{path: path, lock: lock}, nil
}

func writeAll(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}

func (d *stateDir) join(elem ...string) string {
	return filepath.Join(append([]string{d.path}, elem...)...)
}

// Close lets the next process in.
func (d *stateDir) Close() error { return d.lock.Close() }

// endpoints is what endpoints.json holds: where a running service listens.
type endpoints struct {
	Volume string `json:"volumev3"`
	ISCSI  string `json:"iscsi"`
}

// readEndpoints returns what the last run wrote, empty when there was none.
func (d *stateDir) readEndpoints() endpoints {
	var e endpoints
	raw, err := os.ReadFile(d.join("endpoints.json"))
	if err != nil || json.Unmarshal(raw, &e) != nil {
		return endpoints{}
	}
	return e
}

// writeFile replaces a file of the folder in one step.
func (d *stateDir) writeFile(name string, content []byte) error {
	tmp := d.join("." + name)
	if err := os.WriteFile(tmp, content, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, d.join(name))
}

// listen opens a TCP listener. Port 0 first tries the port of the last run:
// initiators and clients that come back after a restart know that one.
func listen(what, option, addr, previous string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%s %q: must be HOST:PORT, as 127.0.0.1:0", option, addr)
	}
	if port == "0" && previous != "" {
		if prevHost, _, err := net.SplitHostPort(previous); err == nil && prevHost == host {
			if ln, err := net.Listen("tcp", previous); err == nil {
				return ln, nil
			}
		}
	}
	ln, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s cannot listen on %s: the port is taken; stop what uses it, or choose another one with %s (port 0 picks a free one)", what, addr, option)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot listen on %s: %w; choose another address with %s", what, addr, err, option)
	}
	return ln, nil
}
