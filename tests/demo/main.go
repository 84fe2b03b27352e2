// Command demo does with a running service what a user would: it makes a
// volume, puts an ext4 file system with files on it over iSCSI, snapshots it,
// changes it, makes a volume from the snapshot, and proves that each holds what
// it should. It ends non-zero at the first difference and leaves nothing behind.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	stateDir := flag.String("state-dir", "", "state folder of the running `clinker all`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *stateDir); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stateDir string) error {
	raw, err := os.ReadFile(filepath.Join(stateDir, "endpoints.json"))
	if err != nil {
		return fmt.Errorf("no service runs on %q (start one with: make run): %w", stateDir, err)
	}
	var endpoints struct {
		Volume string `json:"volumev3"`
	}
	if err := json.Unmarshal(raw, &endpoints); err != nil {
		return fmt.Errorf("endpoints.json: %w", err)
	}
	dir, err := os.MkdirTemp("", "clinker-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d := &demo{cloud: newCloud(endpoints.Volume), dir: dir}
	err = d.steps(ctx)
	if cleanErr := d.clean(context.WithoutCancel(ctx)); err == nil {
		err = cleanErr
	}
	return err
}

// demo is one run: the cloud it talks to and what it made there.
type demo struct {
	*cloud
	dir   string
	undos []undo
}

// undo takes back one thing that was made; it runs in reverse order, also
// after a failure.
type undo struct {
	what string
	f    func(context.Context) error
}

func (d *demo) later(what string, f func(context.Context) error) {
	d.undos = append(d.undos, undo{what, f})
}

// step runs and times one line of the story.
func step(what string, f func() error) error {
	started := time.Now()
	fmt.Printf("%-64s ", what)
	if err := f(); err != nil {
		fmt.Println("FAILED")
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Printf("%7.0f ms\n", float64(time.Since(started).Microseconds())/1000)
	return nil
}

func (d *demo) clean(ctx context.Context) error {
	var first error
	for i := len(d.undos) - 1; i >= 0; i-- {
		u := d.undos[i]
		if err := step(u.what, func() error { return u.f(ctx) }); err != nil && first == nil {
			first = err
		}
	}
	if first != nil {
		return first
	}
	return step("nothing is left of it", func() error { return d.nothingLeft(ctx) })
}
