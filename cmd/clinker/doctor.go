package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/internal/postgres"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{Use: "doctor", Short: "Say what this machine lacks, and how to get it",
		Long: "Looks for what `clinker all` needs and what its users usually want, and says what to install.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return doctor(cmd.OutOrStdout()) }}
}

// check is one line of the doctor's report.
type check struct {
	what  string
	must  bool // without it the service does not start
	check func() (found string, err error)
}

func doctor(out io.Writer) error {
	checks := []check{
		{"PostgreSQL server programs", true, func() (string, error) {
			b, err := postgres.Find("", 0)
			return fmt.Sprintf("version %d in %s", b.Major, b.Dir), err
		}},
		{"openstack command line", false, program("openstack", "python3-openstackclient")},
		{"qemu-storage-daemon, for make demo", false, program("qemu-storage-daemon", "qemu-utils qemu-block-extra")},
		{"FUSE, for make demo", false, func() (string, error) {
			if _, err := os.Stat("/dev/fuse"); err != nil {
				return "", errors.New("the kernel has no FUSE")
			}
			return "/dev/fuse", nil
		}},
	}
	var missing error
	for _, c := range checks {
		found, err := c.check()
		switch {
		case err == nil:
			fmt.Fprintf(out, "ok       %s: %s\n", c.what, found)
		case c.must:
			fmt.Fprintf(out, "MISSING  %s: %v\n", c.what, err)
			missing = errors.New("something that the service needs is missing")
		default:
			fmt.Fprintf(out, "absent   %s: %v\n", c.what, err)
		}
	}
	return missing
}

// program looks for a command of a Debian package.
func program(name, pkg string) func() (string, error) {
	return func() (string, error) {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("apt-get install %s", pkg)
		}
		return path, nil
	}
}
