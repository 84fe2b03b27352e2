package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/db"
)

func manageQuota(o *manageOptions) *cobra.Command {
	return group("quota", "Compare quota usages with what there is, and put them right",
		o.quota("check", "Say which usages are wrong",
			"Counts the volumes, snapshots and gigabytes of every project, and what unfinished\n"+
				"operations hold, and says where the quota usages differ. Ends with 1 when some do.", false),
		o.quota("sync", "Put usages right",
			"Does what check does and writes the true numbers, in one transaction. Operations of\nusers wait for it; it may run at any time.", true))
}

func (o *manageOptions) quota(use, short, long string, fix bool) *cobra.Command {
	var project string
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Args: cobra.NoArgs,
		RunE: o.run(func(ctx context.Context, m *manager, _ []string) error { return m.quotas(ctx, project, fix) })}
	cmd.Flags().StringVar(&project, "project-id", "", "only this project (default: all)")
	return cmd
}

func (m *manager) quotas(ctx context.Context, project string, fix bool) error {
	found, err := m.store.SyncQuotas(ctx, project, fix)
	if err != nil {
		return err
	}
	slices.SortStableFunc(found, func(a, b db.QuotaFix) int { return strings.Compare(a.Project, b.Project) })
	before := ""
	for _, f := range found {
		if f.Project != before {
			fmt.Fprintf(m.out, "Project %s\n", f.Project)
			before = f.Project
		}
		m.difference(f, fix)
	}
	fmt.Fprintf(m.out, "%d differences\n", len(found))
	if len(found) > 0 && !fix {
		return fmt.Errorf("quota usages are wrong: clinker manage quota sync puts them right")
	}
	return nil
}

func (m *manager) difference(f db.QuotaFix, fixed bool) {
	after := ""
	if fixed {
		after = " - fixed"
	}
	if f.InUse != f.TrueInUse {
		fmt.Fprintf(m.out, "\t%s: invalid usage saved=%d actual=%d%s\n", f.Resource, f.InUse, f.TrueInUse, after)
	}
	if f.Reserved != f.TrueReserved {
		fmt.Fprintf(m.out, "\t%s: invalid reserved saved=%d actual=%d%s\n", f.Resource, f.Reserved, f.TrueReserved, after)
	}
}
