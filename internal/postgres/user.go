package postgres

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// runAs is who the server runs as: ourselves, or when we are root, which the
// server refuses to be, Debian's postgres or nobody.
type runAs struct {
	name string
	cred *syscall.Credential // nil: ourselves
}

func serverUser() (runAs, error) {
	if os.Geteuid() != 0 {
		u, err := user.Current()
		if err != nil {
			return runAs{name: strconv.Itoa(os.Geteuid())}, nil
		}
		return runAs{name: u.Username}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return runAs{name: name, cred: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
		}
	}
	return runAs{}, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody: run as an ordinary user")
}

// own makes a folder that only the server's user may enter, and checks that
// this user can get there.
func (r runAs) own(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if r.cred == nil {
		return os.Chmod(dir, 0o700)
	}
	if err := os.Chown(dir, int(r.cred.Uid), int(r.cred.Gid)); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	return r.reach(filepath.Dir(dir))
}

// reach checks that the server's user can pass through the folders above its
// own. Their modes are not ours to change.
func (r runAs) reach(dir string) error {
	for ; dir != "/" && dir != "."; dir = filepath.Dir(dir) {
		st, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if st.Mode().Perm()&0o001 == 0 && st.Sys().(*syscall.Stat_t).Uid != r.cred.Uid {
			return fmt.Errorf("user %s, as whom PostgreSQL runs, cannot pass through %s: choose another state folder, or chmod o+x %s", r.name, dir, dir)
		}
	}
	return nil
}
