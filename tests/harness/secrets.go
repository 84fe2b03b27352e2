package harness

import (
	"bytes"
	"os"
	"testing"
)

// NoSecrets fails the test when a log holds one of these texts; they are by
// what they are, which is all that the failure says.
func NoSecrets(t testing.TB, log string, secrets map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(log)
	if err != nil {
		t.Errorf("read the log: %v", err)
	}
	for what, secret := range secrets {
		if secret == "" {
			t.Errorf("there is no %s to look for", what)
		} else if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("the log %s holds the %s", log, what)
		}
	}
}
