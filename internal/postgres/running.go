package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Where the postmaster's own file says what.
const (
	pidLinePort   = 3
	pidLineSocket = 4
)

// ErrNotRunning means that no server runs in a folder.
var ErrNotRunning = errors.New("PostgreSQL does not run there")

// RunningDSN is how pgx connects to the server that another process runs in
// dir, the Dir of its Config.
func RunningDSN(dir string) (string, error) {
	data := filepath.Join(dir, "data")
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNotRunning
	}
	if err != nil {
		return "", fmt.Errorf("the server's pid file: %w", err)
	}
	lines := strings.Split(string(raw), "\n")
	if len(lines) <= pidLineSocket {
		return "", ErrNotRunning // it is just starting
	}
	name, err := ownerOf(data)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s", quote(strings.TrimSpace(lines[pidLineSocket])),
		quote(strings.TrimSpace(lines[pidLinePort])), quote(name), database), nil
}

// ownerOf is the user who made the data, and so the database's superuser.
func ownerOf(data string) (string, error) {
	info, err := os.Stat(data)
	if err != nil {
		return "", err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", errors.New("the system does not tell who owns the data")
	}
	id := strconv.FormatUint(uint64(stat.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username, nil
	}
	return id, nil
}
