package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
)

// holdEnv makes the test binary a process that only holds a cluster in the
// folder it names, for a test to kill.
const holdEnv = "CLINKER_POSTGRES_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdEnv); dir != "" {
		os.Exit(hold(dir))
	}
	os.Exit(m.Run())
}

// hold starts a cluster, makes a table in it, says so, and stops it when its
// input ends.
func hold(dir string) int {
	ctx := context.Background()
	s, err := Start(ctx, Config{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = execute(ctx, s.DSN(), "CREATE TABLE IF NOT EXISTS kept (n int)")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("ready", s.postmaster())
	_, _ = os.Stdin.Read(make([]byte, 1)) // its end is what is waited for
	if err := s.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
