// Package postgres runs a private PostgreSQL cluster as a child of this
// process: made once, started and watched, stopped with it. It listens on a
// Unix socket in a folder that only its own user may enter, and on nothing else.
package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrMissing means that no server binaries were found.
var ErrMissing = errors.New("PostgreSQL's server programs are missing: apt-get install postgresql")

// Binaries are the server's programs of one major version.
type Binaries struct {
	Dir   string
	Major int
}

func (b Binaries) path(name string) string { return filepath.Join(b.Dir, name) }

// Find looks in dir, if one is given, else in $PATH and where Debian installs
// the servers, and returns the newest; with major not 0, one of that version.
func Find(dir string, major int) (Binaries, error) {
	dirs := []string{dir}
	if dir == "" {
		dirs, _ = filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is good
		if p, err := exec.LookPath("postgres"); err == nil {
			dirs = append(dirs, filepath.Dir(p))
		}
	}
	var found []Binaries
	for _, d := range dirs {
		if b, ok := probe(d); ok && (major == 0 || b.Major == major) {
			found = append(found, b)
		}
	}
	if len(found) > 0 {
		return slices.MaxFunc(found, func(a, b Binaries) int { return a.Major - b.Major }), nil
	}
	switch {
	case major != 0:
		return Binaries{}, fmt.Errorf("the data was made by PostgreSQL %d, whose programs are missing: apt-get install postgresql-%d", major, major)
	case dir != "":
		return Binaries{}, fmt.Errorf("%s holds no initdb and postgres: %w", dir, ErrMissing)
	}
	return Binaries{}, ErrMissing
}

// probe asks the server in dir for its version.
func probe(dir string) (Binaries, bool) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, false
	}
	if parts := strings.Split(dir, "/"); len(parts) >= 2 { // Debian names the folder after the version
		if n, err := strconv.Atoi(parts[len(parts)-2]); err == nil {
			return Binaries{Dir: dir, Major: n}, true
		}
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, false
	}
	fields := strings.Fields(string(out)) // postgres (PostgreSQL) 15.18 (Debian …)
	if len(fields) < 3 {
		return Binaries{}, false
	}
	n, err := strconv.Atoi(strings.SplitN(fields[2], ".", 2)[0])
	return Binaries{Dir: dir, Major: n}, err == nil
}
