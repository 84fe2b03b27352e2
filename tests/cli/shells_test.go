package cli

import (
	_ "embed"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/tests/harness"
)

//go:embed testdata/shells.py
var shellsProgram string

// shell is a process that has a client loaded and runs its commands.
type shell struct {
	in  io.WriteCloser
	enc *json.Encoder
	dec *json.Decoder
}

// shells are those of one program that nobody uses now.
type shells struct {
	program string
	free    chan *shell
}

// startShells runs n of a program until the test ends.
func startShells(t testing.TB, program string, n int) shells {
	t.Helper()
	s := shells{program, make(chan *shell, n)}
	for range n {
		s.free <- startShell(t, program)
	}
	return s
}

func startShell(t testing.TB, program string) *shell {
	t.Helper()
	// Not the python3 of the search path: the clients are Debian's.
	cmd := exec.Command("/usr/bin/python3", "-c", shellsProgram, program)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	p, err := harness.StartProcess(cmd)
	if err != nil {
		t.Fatalf("run %s: %v", program, err)
	}
	t.Cleanup(func() {
		_ = in.Close() // it ends with its input
		select {
		case <-p.Ended():
		case <-time.After(commandLimit):
			p.Kill9()
		}
	})
	return &shell{in, json.NewEncoder(in), json.NewDecoder(out)}
}

// run runs a command when a shell is free.
func (s shells) run(t testing.TB, environ []string, args ...string) result {
	t.Helper()
	env := make(map[string]string)
	for _, v := range environ {
		if name, value, ok := strings.Cut(v, "="); ok {
			env[name] = value
		}
	}
	sh := <-s.free
	defer func() { s.free <- sh }()
	var left struct {
		Code     int
		Out, Err string
	}
	if err := sh.enc.Encode(map[string]any{"args": args, "env": env}); err != nil {
		t.Fatalf("%s %q: %v", s.program, args, err)
	}
	if err := sh.dec.Decode(&left); err != nil {
		t.Fatalf("%s %q: %v", s.program, args, err)
	}
	return result{t, commandLine(s.program, args), left.Code, left.Out, left.Err}
}
