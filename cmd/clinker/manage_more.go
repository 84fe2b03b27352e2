package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/config"
)

// What cinder-manage has beside the commands that are used every day. Its
// backup commands come with the backup service.

func manageConfig(o *manageOptions) *cobra.Command {
	return group("config", "Show the configuration",
		&cobra.Command{Use: "list [OPTION]", Short: "List every option with the value that holds, or one of [DEFAULT]",
			Long: "Lists every option with the value that holds, whether it is written in the file or the default.\nPasswords are not shown.",
			Args: cobra.MaximumNArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
				cfg, err := config.Load(o.configFile, nil)
				if err != nil {
					return err
				}
				return listOptions(cmd, cfg, args)
			}})
}

func listOptions(cmd *cobra.Command, cfg *config.Config, args []string) error {
	found := false
	cfg.Each(func(section, option, value string) {
		switch {
		case len(args) == 1 && section == "DEFAULT" && option == args[0], len(args) == 0 && section == "DEFAULT":
			fmt.Fprintf(cmd.OutOrStdout(), "%s = %s\n", option, value)
		case len(args) == 0:
			fmt.Fprintf(cmd.OutOrStdout(), "%s.%s = %s\n", section, option, value)
		default:
			return
		}
		found = true
	})
	if !found {
		return fmt.Errorf("no option %s in [DEFAULT]", args[0])
	}
	return nil
}

func manageVersion() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "Print the release", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(cmd.OutOrStdout(), version)
			return nil
		}}
	return group("version", "Print the release", list)
}

// manageUtil is there for scripts that were written for Cinder.
func manageUtil() *cobra.Command {
	locks := &cobra.Command{Use: "clean-locks", Aliases: []string{"clean_locks"}, Short: "Nothing: there are no lock files",
		Long: "Cinder leaves a lock file for each volume. Here locks are rows of the database, and end with\nwhat they guard: there is nothing to clean.",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(cmd.OutOrStdout(), "No lock files are used: nothing to clean.")
			return nil
		}}
	locks.Flags().Bool("services-offline", false, "accepted; it makes no difference")
	return group("util", "For scripts that were written for Cinder", locks)
}

func manageGroups(o *manageOptions) *cobra.Command {
	return group("cg", "Look after consistency groups, which are groups of a type of their own",
		o.moveHost("update-cg-host", "Write another host into groups", "groups",
			func(ctx context.Context, m *manager, from, to string) (int64, error) {
				return m.store.MoveGroups(ctx, from, to)
			}))
}

// moveHost is a command with a host that is and one that shall be.
func (o *manageOptions) moveHost(use, short, what string, move func(ctx context.Context, m *manager, from, to string) (int64, error)) *cobra.Command {
	var from, to string
	cmd := &cobra.Command{Use: use, Aliases: underscored(use), Short: short, Args: cobra.NoArgs,
		RunE: o.run(func(ctx context.Context, m *manager, _ []string) error {
			n, err := move(ctx, m, from, to)
			if err == nil {
				fmt.Fprintf(m.out, "%d %s of %s are on %s now.\n", n, what, from, to)
			}
			return err
		})}
	cmd.Flags().StringVar(&from, "currenthost", "", "host of the "+what+" now")
	cmd.Flags().StringVar(&to, "newhost", "", "host of the "+what+" from now on")
	for _, flag := range []string{"currenthost", "newhost"} {
		if err := cmd.MarkFlagRequired(flag); err != nil {
			panic(err) // a mistake in this function
		}
	}
	return cmd
}

func manageActiveBackend(o *manageOptions) *cobra.Command {
	var replicated bool
	var active, host string
	cmd := &cobra.Command{Use: "reset-active-backend", Aliases: underscored("reset-active-backend"),
		Short: "Take a backend back into service that was failed over",
		Long:  "Enables a volume service that is disabled and frozen after a failover, and writes what its\nreplication is now.",
		Args:  cobra.NoArgs, RunE: o.run(func(ctx context.Context, m *manager, _ []string) error {
			err := m.store.ResetActiveBackend(ctx, host, active, replicated)
			if err == nil {
				fmt.Fprintf(m.out, "Service on host %s is enabled.\n", host)
			}
			return err
		})}
	cmd.Flags().BoolVar(&replicated, "enable-replication", false, "its replication is enabled")
	cmd.Flags().StringVar(&active, "active-backend-id", "", "the backend that is active")
	cmd.Flags().StringVar(&host, "backend-host", "", "the service's host, as node1@ceph")
	if err := cmd.MarkFlagRequired("backend-host"); err != nil {
		panic(err) // a mistake in this function
	}
	return cmd
}

func deleteVolumeCommand(o *manageOptions) *cobra.Command {
	return &cobra.Command{Use: "delete VOLUME_ID", Short: "Delete a volume whatever its status",
		Long: "Deletes a volume without asking whether it is available. One that is attached is refused. The\nworker of its backend does it; a volume that was never placed is gone at once.",
		Args: cobra.ExactArgs(1), RunE: o.run(deleteVolume)}
}

func deleteVolume(ctx context.Context, m *manager, args []string) error {
	id, err := uuid.Parse(args[0])
	if err != nil {
		return errors.New("a volume's id is a UUID")
	}
	if err := m.store.DeleteVolume(ctx, db.Actor{}, id.String(), db.DeleteOptions{Force: true}); err != nil {
		return err
	}
	fmt.Fprintf(m.out, "Volume %s will be deleted.\n", id)
	return nil
}

// nothingToMigrate is what remains of a step that Cinder's upgrades need.
func nothingToMigrate() *cobra.Command {
	cmd := &cobra.Command{Use: "online-data-migrations", Aliases: underscored("online-data-migrations"), Short: "Nothing: db sync does it all",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(cmd.OutOrStdout(), "No data migrations are left: db sync does them.")
			return nil
		}}
	cmd.Flags().Int("max-count", 0, "accepted; it makes no difference")
	cmd.Flags().Int("max_count", 0, "as max-count")
	return cmd
}
