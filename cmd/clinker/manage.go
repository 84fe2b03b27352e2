package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/internal/postgres"
)

// manageOptions say which database is meant.
type manageOptions struct{ configFile, stateDir string }

// manager is what a subcommand of manage works with.
type manager struct {
	store *db.Store
	dsn   string
	out   io.Writer
}

func manageCommand() *cobra.Command {
	var o manageOptions
	cmd := &cobra.Command{Use: "manage", Short: "Look after what the API does not reach: quotas, services, hosts, the database",
		Long: `Works on the database itself, as cinder-manage does, while the service runs or not.

The database is the one that the configuration names; of a running
'clinker all' it is found by its state folder.`,
		Example: `  clinker manage quota check
  clinker manage quota sync --project-id 7b1a09d6
  clinker manage service list --state-dir ~/clinker
  clinker manage service remove cinder-volume node1@ceph
  clinker manage volume update-host --currenthost node1@ceph --newhost node2@ceph`,
		Args: cobra.NoArgs, RunE: chooseOne}
	f := cmd.PersistentFlags()
	f.StringVar(&o.configFile, "config-file", defaultConfigFile, "configuration, in cinder.conf's form")
	f.StringVar(&o.stateDir, "state-dir", "", "state folder of a running 'clinker all', whose database is meant")
	cmd.AddCommand(manageQuota(&o), manageService(&o), manageCluster(&o), manageHost(&o), manageVolume(&o), manageGroups(&o), manageDB(&o),
		manageAudit(&o), manageRegister(&o), manageConfig(&o), manageVersion(), manageUtil())
	return cmd
}

const defaultConfigFile = "/etc/clinker/cinder.conf"

// group is a subcommand that only holds others.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: chooseOne}
	cmd.AddCommand(subs...)
	return cmd
}

// underscored is cinder-manage's spelling of a subcommand.
func underscored(use string) []string { return []string{strings.ReplaceAll(use, "-", "_")} }

// chooseOne is what a subcommand that only holds others does.
func chooseOne(cmd *cobra.Command, _ []string) error {
	return errors.Join(cmd.Help(), errors.New("choose a subcommand of "+cmd.CommandPath()))
}

// run makes the RunE of a subcommand that needs the store.
func (o *manageOptions) run(f func(ctx context.Context, m *manager, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		m, err := o.open(cmd)
		if err != nil {
			return err
		}
		defer m.store.Close()
		return f(cmd.Context(), m, args)
	}
}

func (o *manageOptions) open(cmd *cobra.Command) (*manager, error) {
	cfg, dsn, err := o.database(cmd.Flags().Changed("config-file"))
	if err != nil {
		return nil, err
	}
	store, err := db.Open(cmd.Context(), dsn, db.Options{MaxConns: 2, ServiceDown: config.Seconds(cfg.Default.ServiceDownTime),
		NoSnapshotGigabytes: cfg.Default.NoSnapshotGigabytes})
	if err != nil {
		return nil, err
	}
	return &manager{store, dsn, cmd.OutOrStdout()}, nil
}

// database is where the rows are. With a state folder the configuration is
// optional, and its database is not read.
func (o *manageOptions) database(configured bool) (*config.Config, string, error) {
	file := o.configFile
	if o.stateDir != "" && !configured {
		file = ""
	}
	cfg, err := config.Load(file, nil)
	if err != nil {
		return nil, "", err
	}
	if o.stateDir == "" {
		dsn, err := cfg.Database.DSN()
		return cfg, dsn, err
	}
	dir, err := filepath.Abs(o.stateDir)
	if err != nil {
		return nil, "", err
	}
	dsn, err := postgres.RunningDSN(filepath.Join(dir, "postgres"))
	if errors.Is(err, postgres.ErrNotRunning) {
		return nil, "", fmt.Errorf("no service runs on state folder %s: start it with clinker all --state-dir %s", dir, dir)
	}
	return cfg, dsn, err
}
