// Command clinker is the whole service: one subcommand for each role, and
// `all` for every role in one process on embedded defaults.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "unknown"

// gcPercent lets the heap, which is small, grow somewhat more between two
// collections: a tenth less processor time of a request for 6 MiB.
const gcPercent = 200

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := root().ExecuteContext(ctx)
	if err != nil && (ctx.Err() == nil || !errors.Is(err, context.Canceled)) { // stopped while it started
		fmt.Fprintln(os.Stderr, "clinker:", err)
		os.Exit(1)
	}
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "clinker",
		Short: "Block storage for OpenStack: the Cinder v3 API, volumes, and an iSCSI target of its own",
		Long: `Clinker is a block storage service for OpenStack clouds. It answers Cinder's v3 API,
keeps volumes on its backends and exports them over iSCSI.

To try it on one machine, with nothing to configure:
    clinker all --state-dir ~/clinker

On several machines, each role by itself, with a cinder.conf that names
PostgreSQL and RabbitMQ:
    clinker db sync --config-file /etc/clinker/cinder.conf
    clinker api | scheduler | volume  --config-file /etc/clinker/cinder.conf

Quotas, services and hosts, beside the API:
    clinker manage --help

What there is to call, and who may:
    clinker routes
    clinker policy list

If something does not start, ask what is missing:
    clinker doctor`,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(allCommand(), apiCommand(), schedulerCommand(), volumeCommand(), dbCommand(), manageCommand(), policyCommand(),
		routesCommand(), doctorCommand())
	return cmd
}
