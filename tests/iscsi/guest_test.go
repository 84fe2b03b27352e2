package iscsi

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/tests/harness"
)

const (
	bootLimit    = 3 * time.Minute // some seconds on an idle machine
	commandLimit = 3 * time.Minute
)

// guest is a booted machine. Its commands run one after another.
type guest struct {
	t       testing.TB
	proc    *harness.Process
	in      io.WriteCloser
	lines   chan string // closed when the machine is gone
	console string      // file with what the kernel prints
	last    int         // id of the last command
}

// bootGuest starts a machine whose initiator has the name; it ends with the test.
func bootGuest(t testing.TB, initiator string) *guest {
	t.Helper()
	root, dir := unpackedPackages(t), t.TempDir()
	kernels, err := filepath.Glob(filepath.Join(root, "boot", "vmlinuz-*"))
	if err != nil || len(kernels) != 1 {
		t.Fatalf("the kernel package has %d kernels: %v", len(kernels), err)
	}
	initramfs := filepath.Join(dir, "initramfs")
	if err := buildInitramfs(initramfs, root, initiator); err != nil {
		t.Fatalf("build the guest's file system: %v", err)
	}
	g := &guest{t: t, console: filepath.Join(dir, "console"), lines: make(chan string, 1024)}
	g.start(kernels[0], initramfs)
	begun := time.Now()
	g.answer("ready", bootLimit)
	t.Logf("the guest was up after %v", time.Since(begun).Round(10*time.Millisecond))
	return g
}

// start runs QEMU: the first serial line is for commands, the second for the
// kernel's messages; 10.0.2.2 is the host's loopback.
func (g *guest) start(kernel, initramfs string) {
	g.t.Helper()
	cmd := exec.Command("qemu-system-x86_64",
		"-accel", "tcg", "-cpu", "max", "-m", "512", "-smp", "1", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-kernel", kernel, "-initrd", initramfs,
		"-append", "console=ttyS1 loglevel=5 panic=-1 mitigations=off nokaslr no_timer_check",
		"-serial", "stdio", "-serial", "file:"+g.console,
		"-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=")
	in, err := cmd.StdinPipe()
	if err != nil {
		g.t.Fatal(err)
	}
	// A pipe of our own: Wait would close one of exec's while it is being read.
	out, outEnd, err := os.Pipe()
	if err != nil {
		g.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = outEnd, outEnd
	g.in = in
	g.proc, err = harness.StartProcess(cmd)
	_ = outEnd.Close()
	if err != nil {
		_ = out.Close()
		g.t.Fatalf("%v (Debian package qemu-system-x86)", err)
	}
	read := make(chan struct{})
	go g.read(out, read)
	g.t.Cleanup(func() {
		g.proc.Kill9()
		<-read
		if g.t.Failed() {
			console, _ := os.ReadFile(g.console)
			g.t.Logf("console of the guest:\n%s", console)
		}
	})
}

// read hands on the guest's lines until the machine is gone.
func (g *guest) read(out io.ReadCloser, done chan<- struct{}) {
	defer close(done)
	defer close(g.lines)
	defer func() { _ = out.Close() }()
	scan := bufio.NewScanner(out)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		select {
		case g.lines <- strings.TrimSuffix(scan.Text(), "\r"):
		case <-g.proc.Ended():
			return
		}
	}
}

// answer collects lines up to the one that ends command id and returns them
// with the command's exit status.
func (g *guest) answer(id string, limit time.Duration) (output, status string) {
	g.t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	var lines []string
	for {
		select {
		case line, ok := <-g.lines:
			if !ok {
				g.t.Fatalf("the guest died in command %s, which had printed:\n%s", id, strings.Join(lines, "\n"))
			}
			if status, ok := strings.CutPrefix(line, "="+id+" "); ok {
				return strings.TrimSpace(strings.Join(lines, "\n")), status
			}
			lines = append(lines, line)
		case <-deadline.C:
			g.t.Fatalf("command %s of the guest takes longer than %v and has printed:\n%s", id, limit, strings.Join(lines, "\n"))
		}
	}
}

// begin sends a shell command on one line and returns its id.
func (g *guest) begin(command string) string {
	g.t.Helper()
	g.last++
	id := fmt.Sprint(g.last)
	if _, err := fmt.Fprintf(g.in, "%s %s\n", id, command); err != nil {
		g.t.Fatalf("send to the guest: %v", err)
	}
	return id
}

// try runs a command and returns what it prints; ok is false when its exit
// status is not zero.
func (g *guest) try(format string, args ...any) (output string, ok bool) {
	g.t.Helper()
	output, status := g.answer(g.begin(fmt.Sprintf(format, args...)), commandLimit)
	return output, status == "0"
}

// run is try that ends the test when the command fails.
func (g *guest) run(format string, args ...any) string {
	g.t.Helper()
	out, ok := g.try(format, args...)
	if !ok {
		g.t.Fatalf("guest: %s failed:\n%s", fmt.Sprintf(format, args...), out)
	}
	return out
}

// eventually repeats a command inside the guest until it succeeds.
func (g *guest) eventually(command string) string {
	g.t.Helper()
	return g.run("for i in $(seq 600); do if %s; then exit 0; fi; sleep 0.1; done; echo never: '%s'; exit 1", command, strings.ReplaceAll(command, "'", `'\''`))
}
