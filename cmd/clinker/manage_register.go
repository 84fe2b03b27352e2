package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/openstack/register"
)

// registerLimit bounds the whole of it.
const registerLimit = 5 * time.Minute

// registration are the options of register.
type registration struct {
	cloud string
	admin register.Admin // what options say, over the environment
	plan  register.Plan
}

func manageRegister(o *manageOptions) *cobra.Command {
	var r registration
	cmd := &cobra.Command{Use: "register --url URL", Short: "Put the service into Keystone: user, roles, catalogue, endpoints",
		Long: `Makes what is missing in Keystone: the project and the user of [keystone_authtoken] with
the roles admin and service, the services cinderv3 (type volumev3) and cinder (type
block-storage), and their public, internal and admin endpoints in the region. Prints what
it made and what was there; a second run changes nothing. An endpoint with another URL is
changed to the one given.

The administrator's login is that of the openstack client: the OS_ variables, or a cloud
of clouds.yaml. The database is not needed.`,
		Example: `  OS_CLOUD=admin clinker manage register --url http://controller:8776/v3
  . admin-openrc && clinker manage register --url https://cloud.example.com/volume/v3 --internal-url http://10.0.0.11:8776/v3`,
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd, o.configFile) }}
	f := cmd.Flags()
	f.StringVar(&r.plan.PublicURL, "url", "", "the API as users reach it, as http://controller:8776/v3")
	f.StringVar(&r.plan.InternalURL, "internal-url", "", "the API as other services reach it (default: that of --url)")
	f.StringVar(&r.plan.AdminURL, "admin-url", "", "the API as administrators reach it (default: that of --internal-url)")
	f.StringVar(&r.plan.Region, "region", "",
		"region of the endpoints (default: OS_REGION_NAME, region_name of clouds.yaml or of [keystone_authtoken], RegionOne)")
	f.BoolVar(&r.plan.ResetPassword, "reset-password", false, "give the user the password of [keystone_authtoken] if it has another")
	f.StringVar(&r.cloud, "os-cloud", "", "cloud of clouds.yaml (default: OS_CLOUD)")
	f.StringVar(&r.admin.AuthURL, "os-auth-url", "", "Keystone (default: OS_AUTH_URL, or auth_url of [keystone_authtoken])")
	f.StringVar(&r.admin.Username, "os-username", "", "the administrator (default: OS_USERNAME)")
	f.StringVar(&r.admin.ProjectName, "os-project-name", "", "project of the administrator (default: OS_PROJECT_NAME)")
	f.StringVar(&r.admin.CACert, "os-cacert", "", "certificates of the authority that signs Keystone's (default: OS_CACERT)")
	f.BoolVar(&r.admin.Insecure, "insecure", false, "do not check certificates")
	return cmd
}

func (r *registration) run(cmd *cobra.Command, file string) error {
	cfg, err := config.Load(file, nil)
	if err != nil {
		return err
	}
	admin, err := register.FromEnvironment(r.cloud)
	if err != nil {
		return err
	}
	if r.plan.PublicURL == "" {
		return errors.New("say where the API is: --url http://controller:8776/v3")
	}
	admin.AuthURL = cmp.Or(r.admin.AuthURL, admin.AuthURL, cfg.Keystone.AuthURL)
	admin.Username = cmp.Or(r.admin.Username, admin.Username)
	admin.ProjectName = cmp.Or(r.admin.ProjectName, admin.ProjectName)
	admin.CACert = cmp.Or(r.admin.CACert, admin.CACert, cfg.Keystone.CAFile)
	admin.Insecure = admin.Insecure || r.admin.Insecure
	r.plan.User = login("keystone_authtoken", cfg.Keystone.Login)
	r.plan.Region = cmp.Or(r.plan.Region, admin.Region, cfg.Keystone.Region, "RegionOne")
	ctx, cancel := context.WithTimeout(cmd.Context(), registerLimit)
	defer cancel()
	return register.Apply(ctx, admin, r.plan, cmd.OutOrStdout())
}
