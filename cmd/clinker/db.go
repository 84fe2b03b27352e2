package main

import (
	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/migrations"
)

func dbCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "db", Short: "Look after the database"}
	var file string
	sync := &cobra.Command{Use: "sync", Short: "Bring the database to the schema of this release",
		Long: "Brings the database to the schema of this release. Each step is safe while the previous\nrelease still runs; several processes may call it at once.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(file, nil)
			if err != nil {
				return err
			}
			dsn, err := cfg.Database.DSN()
			if err != nil {
				return err
			}
			return migrations.Up(cmd.Context(), dsn)
		}}
	sync.Flags().StringVar(&file, "config-file", "/etc/clinker/cinder.conf", "configuration, in cinder.conf's form")
	cmd.AddCommand(sync)
	return cmd
}
