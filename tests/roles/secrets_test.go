package roles

import (
	"path/filepath"

	"github.com/clinker-io/clinker/tests/harness"
)

// databasePassword is one that PostgreSQL does not ask for here.
const databasePassword = "pw-of-the-database"

// noSecrets looks for what nobody may read in the logs of all roles, which
// were at level debug.
func (s *setup) noSecrets() {
	s.t.Helper()
	secrets := map[string]string{"password of the database": databasePassword, "password of the broker": "guest:guest",
		"service's own password": s.things["service_password"], "owner's token": s.owner.token}
	for _, p := range s.personas {
		if p.token != "" {
			secrets["token of "+p.name] = p.token
		}
		if p.service != "" {
			secrets["service token"] = p.service
		}
	}
	for _, role := range []string{"api", "scheduler", "volume"} {
		harness.NoSecrets(s.t, filepath.Join(s.dir, role+".log"), secrets)
	}
	s.t.Logf("%d secrets were looked for", len(secrets))
}
