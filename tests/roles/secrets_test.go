package roles

import (
	"context"
	"fmt"
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
	rows, err := s.conn.Query(context.Background(), // the test's own has ended
		`SELECT DISTINCT p FROM (SELECT connection_info->'data'->>'auth_password' AS p FROM attachments
		 UNION ALL SELECT connection_info->'data'->>'auth_password' FROM volume_connections
		 UNION ALL SELECT connection_info->>'auth_password' FROM attachments
		 UNION ALL SELECT connection_info->>'auth_password' FROM volume_connections) x WHERE p IS NOT NULL`)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer rows.Close()
	for n := 1; rows.Next(); n++ {
		var secret string
		if err := rows.Scan(&secret); err != nil {
			s.t.Error(err)
		}
		secrets[fmt.Sprintf("CHAP secret %d", n)] = secret
	}
	for _, role := range []string{"api", "scheduler", "volume"} {
		harness.NoSecrets(s.t, filepath.Join(s.dir, role+".log"), secrets)
	}
	s.t.Logf("%d secrets were looked for", len(secrets))
}
