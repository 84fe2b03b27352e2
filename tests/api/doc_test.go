// Package api holds the service to Cinder's word: statuses, headers and bodies
// of raw HTTP requests, and a walk with gophercloud. One service serves the
// whole package; every test has a project of its own.
package api

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

// service is the one that all tests talk to; base is its URL without a project.
var (
	service *harness.Service
	base    string
)

// client keeps connections, so that the tests measure no handshakes.
var client = &http.Client{Timeout: requestLimit, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	dir, err := os.MkdirTemp("", "clinker-api-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	// PostgreSQL runs as its own user when the tests run as root.
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binary, err := harness.Binary()
	if err != nil {
		fmt.Fprintln(os.Stderr, "build clinker:", err)
		return 1
	}
	service, err = harness.Run(binary, harness.Options{StateDir: filepath.Join(dir, "state")})
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the service:", err)
		return 1
	}
	base = service.URL[:len(service.URL)-len(service.Project())-1]
	code = m.Run()
	client.CloseIdleConnections()
	if err := service.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "end of the service:", err)
		code = 1
	}
	if code != 0 {
		printLog(service.LogFile())
	}
	return code
}

// printLog shows the end of the service's log.
func printLog(path string) {
	const most = 16 << 10
	raw, err := os.ReadFile(path)
	if err != nil {
		return
	}
	fmt.Fprintf(os.Stderr, "log of the service:\n%s\n", raw[max(0, len(raw)-most):])
}
