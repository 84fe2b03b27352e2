package policy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Files says where the policy files are: what the section [oslo_policy] says.
type Files struct {
	// Path is the policy file; it need not exist. For a policy.yaml that is
	// not there the policy.json beside it is taken, as older clouds have it.
	Path string
	// Dirs hold further files, read after it by name; later ones win.
	Dirs []string
	// Options are the rest; its Overrides and Sources come from the files.
	Options Options
	Log     *slog.Logger
}

// checkEvery is how often a Live looks whether its files changed.
const checkEvery = time.Second

// Live is a Source that follows its files.
type Live struct {
	files   Files
	current atomic.Pointer[Enforcer]
	next    atomic.Int64 // when to look again, in Unix nanoseconds
	seen    atomic.Pointer[string]
	now     func() time.Time
}

// Open reads the files. A mistake in them is an error; later ones only leave
// the rules as they were.
func Open(f Files) (*Live, error) {
	if f.Log == nil {
		f.Log = slog.New(slog.DiscardHandler)
	}
	l := &Live{files: f, now: time.Now}
	paths, stamp := f.list()
	e, err := f.load(paths)
	if err != nil {
		return nil, err
	}
	l.use(e, stamp)
	l.next.Store(l.now().Add(checkEvery).UnixNano())
	return l, nil
}

// Current looks after the files at most once a second, on the caller's time:
// a few calls of stat.
func (l *Live) Current() *Enforcer {
	now := l.now().UnixNano()
	if next := l.next.Load(); now >= next && l.next.CompareAndSwap(next, now+int64(checkEvery)) {
		l.refresh()
	}
	return l.current.Load()
}

func (l *Live) refresh() {
	paths, stamp := l.files.list()
	if stamp == *l.seen.Load() {
		return
	}
	e, err := l.files.load(paths)
	if err != nil {
		l.seen.Store(&stamp)
		l.files.Log.Error("the policy files changed and have a mistake; the rules stay as they were", "err", err)
		return
	}
	l.use(e, stamp)
	l.files.Log.Info("the policy files changed and are in force", "files", strings.Join(paths, " "))
}

func (l *Live) use(e *Enforcer, stamp string) {
	l.current.Store(e)
	l.seen.Store(&stamp)
	for _, w := range e.Warnings() {
		l.files.Log.Warn("policy: " + w)
	}
}

// list returns the files that exist, in the order of reading, and a text that
// changes when any of them does.
func (f Files) list() (paths []string, stamp string) {
	candidates := []string{f.Path}
	if _, err := os.Stat(f.Path); errors.Is(err, fs.ErrNotExist) && filepath.Base(f.Path) == "policy.yaml" {
		candidates[0] = filepath.Join(filepath.Dir(f.Path), "policy.json")
	}
	for _, dir := range f.Dirs {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			f.Log.Warn("policy files cannot be listed", "err", err)
		}
		for _, e := range entries { // sorted by name
			if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				candidates = append(candidates, filepath.Join(dir, e.Name()))
			}
		}
	}
	var out strings.Builder
	for _, path := range candidates {
		info, err := os.Stat(path)
		switch {
		case path == "" || errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir():
			continue
		case err == nil:
			fmt.Fprintf(&out, "%s %d %d\n", path, info.ModTime().UnixNano(), info.Size())
		}
		paths = append(paths, path)
	}
	return paths, out.String()
}

// load makes an enforcer from files.
func (f Files) load(paths []string) (*Enforcer, error) {
	o := f.Options
	o.Overrides, o.Sources = make(map[string]string), make(map[string]string)
	for _, path := range paths {
		raw, err := readBounded(path)
		if err != nil {
			return nil, fmt.Errorf("policy file: %w", err)
		}
		rules, err := parseFile(raw)
		if err != nil {
			return nil, fmt.Errorf("policy file %s: %w", path, err)
		}
		for name, check := range rules {
			o.Overrides[name], o.Sources[name] = check, path
		}
	}
	e, err := New(o)
	if err != nil {
		return nil, fmt.Errorf("policy files %s: %w", strings.Join(slices.Compact(slices.Sorted(maps.Values(o.Sources))), " "), err)
	}
	return e, nil
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, maxFile+1))
}
