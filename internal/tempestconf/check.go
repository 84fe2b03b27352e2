// Package tempestconf checks tempest.conf against the options that the Tempest
// of this machine and its plugins register: Tempest itself passes over one that
// it does not know, and the tests that it should turn on stay off.
package tempestconf

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// validator is of python3-oslo.config, which Tempest depends on.
const validator = "/usr/bin/oslo-config-validator"

// Check names the options of a file that nobody registers.
func Check(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, validator, "--input-file", path,
		"--namespace", "tempest.config", "--namespace", "oslo.log", "--namespace", "oslo.concurrency")
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "PYTHONWARNINGS=ignore", "PYTHONDONTWRITEBYTECODE=1"}
	cmd.Dir = "/"
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if unknown := named(string(out)); len(unknown) > 0 {
		return fmt.Errorf("%s: Tempest has no option %s", path, strings.Join(unknown, ", "))
	}
	return fmt.Errorf("%s %s: %w\n%s", validator, path, err, out)
}

// named are the options that the validator complains of, as section/option.
func named(out string) []string {
	var all []string
	for line := range strings.Lines(out) {
		if option, ok := strings.CutSuffix(strings.TrimSpace(line), " is not part of the sample config"); ok {
			all = append(all, option[strings.LastIndex(option, ":")+1:])
		}
	}
	return all
}
