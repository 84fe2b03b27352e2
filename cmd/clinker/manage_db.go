package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/migrations"
)

func manageDB(o *manageOptions) *cobra.Command {
	return group("db", "Look after the database",
		&cobra.Command{Use: "sync", Short: "Bring the database to the schema of this release",
			Long: "Brings the database to the schema of this release. Each step is safe while the previous\nrelease still runs; several processes may call it at once.",
			Args: cobra.NoArgs, RunE: o.run(func(ctx context.Context, m *manager, _ []string) error { return migrations.Up(ctx, m.dsn) })},
		&cobra.Command{Use: "version", Short: "Print the version of the database's schema", Args: cobra.NoArgs,
			RunE: o.run(func(ctx context.Context, m *manager, _ []string) error {
				v, err := migrations.Version(ctx, m.dsn)
				if err == nil {
					fmt.Fprintln(m.out, v)
				}
				return err
			})},
		&cobra.Command{Use: "purge AGE_IN_DAYS", Short: "Remove what has been done with for so many days",
			Long: "Removes finished jobs, and user messages whose time is over, that are older than so many\n" +
				"days. The scheduler does the same all the time; rows of volumes that are gone do not stay.",
			Args: cobra.ExactArgs(1), RunE: o.run(purge)},
		manageActiveBackend(o), nothingToMigrate())
}

const day = 24 * time.Hour

func purge(ctx context.Context, m *manager, args []string) error {
	days, err := strconv.Atoi(args[0])
	switch {
	case err != nil || days < 0:
		return errors.New("must supply a positive value for age")
	case days >= int(time.Now().Unix()/int64(day/time.Second)):
		return errors.New("maximum age is count of days since epoch")
	}
	jobs, messages, err := m.store.PurgeOlder(ctx, time.Duration(days)*day)
	if err == nil {
		fmt.Fprintf(m.out, "%d jobs and %d messages removed.\n", jobs, messages)
	}
	return err
}
