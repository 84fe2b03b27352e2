package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const qemuLimit = 2 * time.Minute

// imageOpts names the logical unit for --image-opts; the secret is the object
// "chap", so that it is on no command line.
func (c Connection) imageOpts() string {
	return fmt.Sprintf("driver=iscsi,transport=tcp,portal=%s,target=%s,lun=%d,user=%s,password-secret=chap,initiator-name=%s",
		c.Portal, c.IQN, c.LUN, c.User, c.Initiator)
}

// QemuIO runs commands of qemu-io, such as "write -P 7 0 1M", "read -P 7 0 1M",
// "flush", "discard 0 1M", in one login and returns what they print. A read
// that finds another pattern is an error.
func (c Connection) QemuIO(ctx context.Context, commands ...string) (string, error) {
	args := []string{"--image-opts", c.imageOpts()}
	for _, cmd := range commands {
		args = append(args, "-c", cmd)
	}
	return c.qemu(ctx, "qemu-io", nil, args)
}

// MustQemuIO is QemuIO that ends the test on an error.
func (c Connection) MustQemuIO(t testing.TB, commands ...string) string {
	t.Helper()
	out, err := c.QemuIO(t.Context(), commands...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Upload writes an image file of a format ("raw", "qcow2") over the volume.
func (c Connection) Upload(ctx context.Context, file, format string) error {
	_, err := c.qemu(ctx, "qemu-img", []string{"convert"}, []string{"-n", "-f", format, file, "--target-image-opts", c.imageOpts()})
	return err
}

// Download reads the whole volume into a new image file of a format.
func (c Connection) Download(ctx context.Context, file, format string) error {
	_, err := c.qemu(ctx, "qemu-img", []string{"convert"}, []string{"-O", format, "--image-opts", c.imageOpts(), file})
	return err
}

// qemu runs a tool with the secret in a file of its own.
func (c Connection) qemu(ctx context.Context, tool string, verb, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, qemuLimit)
	defer cancel()
	dir, err := os.MkdirTemp("", "clinker-chap-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	secret := filepath.Join(dir, "chap")
	if err := os.WriteFile(secret, []byte(c.Password), 0o600); err != nil {
		return "", err
	}
	all := append(append(verb, "--object", "secret,id=chap,file="+secret), args...)
	out, err := exec.CommandContext(ctx, tool, all...).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w: %s", tool, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}
