package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

const shownTime = "2006-01-02 15:04:05"

func manageService(o *manageOptions) *cobra.Command {
	return group("service", "List and remove services",
		&cobra.Command{Use: "list", Short: "List services, and whether they were heard of lately", Args: cobra.NoArgs, RunE: o.run(listServices)},
		&cobra.Command{Use: "remove BINARY HOST", Short: "Forget a service that will not come back",
			Long: "Forgets a service, such as a backend that was taken out of the configuration. Its volumes\n" +
				"stay, and name a host that nobody serves until the service starts again.",
			Example: "  clinker manage service remove cinder-volume node1@ceph", Args: cobra.ExactArgs(2), RunE: o.run(removeService)})
}

func manageCluster(o *manageOptions) *cobra.Command {
	return group("cluster", "List and remove clusters",
		&cobra.Command{Use: "list", Short: "List clusters, and how many of their hosts are down", Args: cobra.NoArgs, RunE: o.run(listClusters)},
		&cobra.Command{Use: "remove BINARY NAME", Short: "Forget a cluster that has no services any more",
			Example: "  clinker manage cluster remove cinder-volume west@ceph", Args: cobra.ExactArgs(2),
			RunE: o.run(func(ctx context.Context, m *manager, args []string) error {
				if err := m.store.RemoveCluster(ctx, args[1], args[0]); err != nil {
					return err
				}
				fmt.Fprintf(m.out, "Cluster %s removed.\n", args[1])
				return nil
			})})
}

func manageHost(o *manageOptions) *cobra.Command {
	return group("host", "List hosts",
		&cobra.Command{Use: "list [ZONE]", Short: "List the hosts of services, perhaps of one availability zone", Args: cobra.MaximumNArgs(1), RunE: o.run(listHosts)})
}

// table writes rows with their cells in columns.
func (m *manager) table(rows [][]string) error {
	w := tabwriter.NewWriter(m.out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	return w.Flush()
}

// word is yes or no in the words of a column.
func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// state is Cinder's sign for services that are up.
func state(up bool) string { return word(up, ":-)", "XXX") }

func listServices(ctx context.Context, m *manager, _ []string) error {
	all, err := m.store.Services(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"Binary", "Host", "Zone", "Status", "State", "Updated At", "Cluster"}}
	for _, s := range all {
		cluster := ""
		if s.ClusterName != nil {
			cluster = *s.ClusterName
		}
		rows = append(rows, []string{s.Binary, s.Host, s.AvailabilityZone, word(s.Disabled, "disabled", "enabled"), state(s.Up),
			s.HeartbeatAt.UTC().Format(shownTime), cluster})
	}
	return m.table(rows)
}

func removeService(ctx context.Context, m *manager, args []string) error {
	if err := m.store.RemoveService(ctx, args[1], args[0]); err != nil {
		return err
	}
	fmt.Fprintf(m.out, "Service %s on host %s removed.\n", args[0], args[1])
	return nil
}

func listClusters(ctx context.Context, m *manager, _ []string) error {
	all, err := m.store.Clusters(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"Name", "Binary", "Status", "State", "Heartbeat", "Hosts", "Down Hosts", "Updated At"}}
	for _, c := range all {
		beat, updated := "", ""
		if c.NumHosts > 0 {
			beat = c.LastHeartbeat.UTC().Format(shownTime)
		}
		if c.UpdatedAt != nil {
			updated = c.UpdatedAt.UTC().Format(shownTime)
		}
		rows = append(rows, []string{c.Name, c.Binary, word(c.Disabled, "disabled", "enabled"), state(c.Up), beat,
			fmt.Sprint(c.NumHosts), fmt.Sprint(c.NumDownHosts), updated})
	}
	return m.table(rows)
}

func listHosts(ctx context.Context, m *manager, args []string) error {
	all, err := m.store.Services(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"host", "zone"}}
	for _, s := range all {
		known := slices.ContainsFunc(rows[1:], func(r []string) bool { return r[0] == s.Host })
		if !known && (len(args) == 0 || s.AvailabilityZone == args[0]) {
			rows = append(rows, []string{s.Host, s.AvailabilityZone})
		}
	}
	return m.table(rows)
}

func manageVolume(o *manageOptions) *cobra.Command {
	move := o.moveHost("update-host", "Write another host into volumes", "volumes",
		func(ctx context.Context, m *manager, from, to string) (int64, error) {
			n, err := m.store.MoveVolumes(ctx, from, to)
			return int64(n), err
		})
	move.Long = `Writes another host into the volumes of a backend that was renamed or moved to another
node. Of a whole backend, HOST@BACKEND, the pools stay; a single pool is HOST@BACKEND#POOL.
Nothing is copied: the new backend must hold the volumes already.`
	move.Example = "  clinker manage volume update-host --currenthost node1@ceph --newhost node2@ceph"
	return group("volume", "Look after volumes", move, deleteVolumeCommand(o))
}
