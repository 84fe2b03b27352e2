package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/api/standalone"
	"github.com/clinker-io/clinker/db/bus/inprocess"
	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/internal/postgres"
	"github.com/clinker-io/clinker/migrations"
)

// allOptions are the flags of `clinker all`.
type allOptions struct {
	stateDir, apiListen, iscsiPortal, configFile string
}

func allCommand() *cobra.Command {
	var o allOptions
	cmd := &cobra.Command{Use: "all", Short: "Run every role in this process, with a private PostgreSQL, on loopback",
		Long: `Runs API, scheduler and volume worker with its iSCSI target in this process, with a
private PostgreSQL that it makes and looks after itself. Nothing has to be configured.

Everybody who reaches the API's address is administrator: keep it on loopback.

The state folder holds everything; the same folder again is the same cloud again.
It also gets clouds.yaml for the openstack command line, and endpoints.json with
the addresses in use.`,
		Example: "  clinker all --state-dir ~/clinker\n  OS_CLIENT_CONFIG_FILE=~/clinker/clouds.yaml openstack --os-cloud clinker volume create --size 1 first",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runAll(cmd.Context(), o, cmd.OutOrStdout()) }}
	f := cmd.Flags()
	f.StringVar(&o.stateDir, "state-dir", defaultStateDir(), "folder that holds everything")
	f.StringVar(&o.apiListen, "api-listen", "127.0.0.1:8776", "address of the API; port 0 picks a free one and keeps it")
	f.StringVar(&o.iscsiPortal, "iscsi-portal", "127.0.0.1:3260", "address of the iSCSI target; port 0 picks a free one and keeps it")
	f.StringVar(&o.configFile, "config-file", "", "options that differ from the defaults, in cinder.conf's form")
	return cmd
}

// defaultStateDir is the user's own; PostgreSQL, which does not run as root,
// could not reach into root's.
func defaultStateDir() string {
	if os.Geteuid() == 0 {
		return "/var/lib/clinker"
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "clinker")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "state", "clinker")
	}
	return "/var/lib/clinker"
}

// backendSection is the backend of `clinker all` when no file names others.
const backendSection = "file"

func runAll(ctx context.Context, o allOptions, out io.Writer) (err error) {
	dir, err := openStateDir(o.stateDir)
	if err != nil {
		return err
	}
	defer dir.Close()
	cfg, err := allConfig(o, dir)
	if err != nil {
		return err
	}
	if err := openLogs(cfg, "all"); err != nil {
		return err
	}
	user, err := theUser(dir)
	if err != nil {
		return err
	}
	before := dir.readEndpoints()
	apiLn, err := listen("the API", "--api-listen", o.apiListen, hostPortOf(before.Volume))
	if err != nil {
		return err
	}
	defer apiLn.Close()
	iscsiLn, err := listen("the iSCSI target", "--iscsi-portal", o.iscsiPortal, before.ISCSI)
	if err != nil {
		return err
	}
	defer iscsiLn.Close()
	b, stop, err := allBase(ctx, cfg, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	stopSender, err := b.startSender(ctx)
	if err != nil {
		return err
	}
	defer stopSender()
	s := &standaloneService{base: b, user: user, dir: dir, api: apiLn, iscsi: iscsiLn, out: out}
	return s.run(ctx)
}

// allConfig is the configuration with one file backend in the state folder,
// unless a file names others.
func allConfig(o allOptions, dir *stateDir) (*config.Config, error) {
	set := map[string]string{
		"DEFAULT::state_path":    dir.path,
		"DEFAULT::auth_strategy": "noauth",
	}
	cfg, err := config.Load(o.configFile, set)
	if err != nil {
		return nil, err
	}
	if len(cfg.Backends) > 0 {
		return cfg, nil
	}
	set["DEFAULT::enabled_backends"] = backendSection
	set[backendSection+"::file_pool_path"] = dir.join("volumes")
	if cfg.Default.Host == "" {
		// Not the host name: the same folder must be the same backend wherever it is.
		set["DEFAULT::host"] = "clinker"
	}
	return config.Load(o.configFile, set)
}

// allBase starts the private PostgreSQL and what stands on it.
func allBase(ctx context.Context, cfg *config.Config, dir *stateDir) (*base, func() error, error) {
	log := newLogger(cfg.Default.Debug)
	pg, err := postgres.Start(ctx, postgres.Config{Dir: dir.join("postgres"), Log: log})
	if err != nil {
		return nil, nil, err
	}
	if err := migrations.Up(ctx, pg.DSN()); err != nil {
		return nil, nil, errors.Join(err, pg.Stop())
	}
	bus := inprocess.New()
	store, err := openStore(ctx, cfg, pg.DSN(), bus, log)
	if err != nil {
		return nil, nil, errors.Join(err, pg.Stop())
	}
	b := &base{cfg: cfg, store: store, bus: bus, log: log, host: hostOf(cfg)}
	return b, func() error { return errors.Join(b.Close(), pg.Stop()) }, nil
}

// hostPortOf is the address in a URL that an earlier run wrote, "" without one.
func hostPortOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Host
}

// standaloneService is the running all-in-one service.
type standaloneService struct {
	*base
	user       standalone.Config
	dir        *stateDir
	api, iscsi net.Listener
	out        io.Writer
}

func (s *standaloneService) run(ctx context.Context) error {
	var err error
	if s.access.rules, err = openPolicy(s.cfg, s.log); err != nil {
		return err
	}
	s.access.who = auth.NoAuth{} // its clouds.yaml is for everybody on this machine
	replies := replyQueue()
	handler, err := s.handler(replies)
	if err != nil {
		return err
	}
	ready := make(chan struct{})
	return together(ctx, map[string]func(context.Context) error{
		"volume":    func(ctx context.Context) error { return s.runVolume(ctx, s.iscsi, ready) },
		"scheduler": s.runScheduler,
		"replies":   func(ctx context.Context) error { return s.serveReplies(ctx, replies) },
		"api":       func(ctx context.Context) error { return serveHTTP(ctx, s.api, handler, s.log) },
		"usage": func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return nil
			case <-ready:
				s.ready()
				return s.announce()
			}
		},
	})
}

// announce writes the files that clients read and says how to go on.
func (s *standaloneService) announce() error {
	raw, err := json.Marshal(endpoints{Volume: s.volumeURL(), ISCSI: s.iscsi.Addr().String()})
	if err != nil {
		return err
	}
	if err := errors.Join(s.dir.writeFile("clouds.yaml", s.cloudsYAML()), s.dir.writeFile("endpoints.json", raw)); err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	fmt.Fprintf(s.out, `Clinker is ready: API on http://%s, iSCSI on %s, everything in %s

In another terminal:
  export OS_CLIENT_CONFIG_FILE=%s OS_CLOUD=clinker
  openstack volume create --size 1 first
  openstack volume list
  openstack volume snapshot create --volume first keep
  openstack volume create --snapshot keep --size 2 second
  openstack volume service list

Ctrl-C stops it; the volumes stay.
`, s.api.Addr(), s.iscsi.Addr(), s.dir.path, s.dir.join("clouds.yaml"))
	return nil
}
