package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/api"
	"github.com/clinker-io/clinker/api/policy"
	"github.com/clinker-io/clinker/internal/config"
)

// openPolicy reads the policy files that the configuration names.
func openPolicy(cfg *config.Config, log *slog.Logger) (*policy.Live, error) {
	p := cfg.Policy
	f := policy.Files{Path: cfg.Beside(p.File), Log: log,
		Options: policy.Options{EnforceNewDefaults: p.EnforceNewDefaults, Fallback: p.DefaultRule}}
	for _, dir := range p.Dirs {
		if dir = cfg.Beside(dir); dir != "" {
			f.Dirs = append(f.Dirs, dir)
		}
	}
	if p.EnforceScope {
		log.Info("option enforce_scope: no rule names a scope, so it changes nothing")
	}
	return policy.Open(f)
}

func policyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "policy", Short: "Show who may do what, and try rules out",
		Long: `Every call of the API asks rules of policy. Each has a default; the file policy.yaml
beside the configuration, and those in the folder policy.d, replace defaults by name:

    # /etc/clinker/policy.yaml
    "volume:delete": "rule:admin_api"

A running API notices a changed file within a second. One with a mistake is reported
in its log and changes nothing.

    clinker policy sample > policy.yaml     every rule, commented out, with what asks it
    clinker policy list                     the rules as they hold, and where each comes from
    clinker policy check volume:delete --role member --project p1 --target-project p2`}
	file := cmd.PersistentFlags().String("config-file", defaultConfig, "configuration, in cinder.conf's form, that names the policy files")
	rules := func() (*policy.Enforcer, error) {
		cfg, err := policyConfig(*file, cmd.PersistentFlags().Changed("config-file"))
		if err != nil {
			return nil, err
		}
		live, err := openPolicy(cfg, slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn})))
		if err != nil {
			return nil, err
		}
		return live.Current(), nil
	}
	sample := &cobra.Command{Use: "sample", Short: "Print a policy.yaml with every rule as a comment", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(cmd.OutOrStdout(), policy.Sample(operationsOf))
			return err
		}}
	list := &cobra.Command{Use: "list", Short: "Print the rules as they hold, and where each comes from", Args: cobra.NoArgs,
		Long: `Prints each rule, where it comes from, and its check. "default or older check" is the
default with the wider check of older releases beside it, which enforce_new_defaults
leaves out.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := rules()
			if err != nil {
				return err
			}
			return printRules(cmd.OutOrStdout(), e)
		}}
	cmd.AddCommand(sample, list, policyCheckCommand(rules))
	return cmd
}

// defaultConfig is where operators put the configuration.
const defaultConfig = "/etc/clinker/cinder.conf"

// policyConfig does without a file that was not asked for: the defaults can be
// looked at anywhere.
func policyConfig(path string, asked bool) (*config.Config, error) {
	if _, err := os.Stat(path); !asked && errors.Is(err, fs.ErrNotExist) {
		path = ""
	}
	return config.Load(path, nil)
}

func printRules(out io.Writer, e *policy.Enforcer) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tSOURCE\tCHECK")
	for _, r := range e.Rules() {
		fmt.Fprintf(w, "%s\t%s\t%q\n", r.Name, r.Source, r.Check)
	}
	return w.Flush()
}

// operationsOf lists the calls that ask a rule.
func operationsOf(rule string) []string {
	var out []string
	for _, r := range api.Routes() {
		if r.Policy == rule || slices.Contains(r.Checks, rule) || slices.Contains(r.Also, rule) {
			op := r.Method + " " + r.Path
			if r.Action != "" {
				op += " (" + r.Action + ")"
			}
			if !slices.Contains(out, op) {
				out = append(out, op)
			}
		}
	}
	return out
}

// caller is who `policy check` asks for.
type caller struct {
	roles                         []string
	user, project, domain, target string
	system                        bool
}

func policyCheckCommand(rules func() (*policy.Enforcer, error)) *cobra.Command {
	var who caller
	cmd := &cobra.Command{Use: "check RULE", Short: "Say whether a caller passes a rule, and which check decides",
		Long: `Says yes or no, and below it every check of the rule with its own answer and what
was compared. The exit status is 0 for yes and 1 for no.

What is worked on belongs to the caller's own project unless --target-project names
another. Keystone gives an admin the roles member and reader too, and a member reader:
name them all to see what a real token does.`,
		Example: `  clinker policy check volume:delete --role reader --project p1
  clinker policy check volume:get --role member --role reader --project p1 --target-project p2
  clinker policy check volume_extension:default_get_all --role admin --system-scope`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := rules()
			if err != nil {
				return err
			}
			return checkPolicy(cmd.OutOrStdout(), e, args[0], who)
		}}
	f := cmd.Flags()
	f.StringSliceVar(&who.roles, "role", nil, "a role of the caller; may be given several times")
	f.StringVar(&who.user, "user", "", "id of the caller")
	f.StringVar(&who.project, "project", "", "project of the caller's token")
	f.StringVar(&who.domain, "domain", "", "domain of the caller's token")
	f.StringVar(&who.target, "target-project", "", "project of what is worked on (default: the caller's)")
	f.BoolVar(&who.system, "system-scope", false, "the caller's token is of the system")
	return cmd
}

func checkPolicy(out io.Writer, e *policy.Enforcer, rule string, who caller) error {
	c := policy.Credentials{UserID: who.user, ProjectID: who.project, DomainID: who.domain, Roles: who.roles, IsAdminProject: true}
	if who.system {
		c.SystemScope = "all"
	}
	c.IsAdmin = e.Allowed("context_is_admin", &c, nil)
	target := who.target
	if target == "" {
		target = who.project
	}
	ok, why := e.Explain(rule, &c, policy.Target{"project_id": target, "user_id": who.user})
	if _, err := io.WriteString(out, why); err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("refused: %s does not pass %s", describe(who), rule)
	}
	return nil
}

func describe(who caller) string {
	if len(who.roles) == 0 {
		return "a caller without roles"
	}
	return "a caller with the roles " + strings.Join(who.roles, ", ")
}
