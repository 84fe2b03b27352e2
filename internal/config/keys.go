package config

// KeyManager is the section [key_manager].
type KeyManager struct {
	Backend  string `conf:"backend" default:"barbican" choices:"barbican,castellan.key_manager.barbican_key_manager.BarbicanKeyManager,cinder.keymgr.conf_key_mgr.ConfKeyManager" help:"Where the keys of encrypted volumes are: barbican, or cinder.keymgr.conf_key_mgr.ConfKeyManager for the one fixed_key, which is for tests."`
	FixedKey string `conf:"fixed_key" secret:"yes" help:"The key of all encrypted volumes, in hexadecimal digits, for cinder.keymgr.conf_key_mgr.ConfKeyManager. Compute hosts need the same."`
}

// Barbican is the section [barbican]. The service asks it with the user's token,
// and as the user of [service_user] or [keystone_authtoken] for itself.
type Barbican struct {
	Endpoint   string `conf:"barbican_endpoint" help:"Barbican, as http://host:9311. Empty: the endpoint in Keystone's catalogue."`
	APIVersion string `conf:"barbican_api_version" default:"v1" choices:"v1" help:"Version of Barbican's API."`
	AuthURL    string `conf:"auth_endpoint" help:"Keystone, as http://host:5000/v3, when asking Barbican. Empty: auth_url of the user's section."`
	Region     string `conf:"barbican_region_name" help:"Region whose Barbican is asked. Empty: any."`
	Interface  string `conf:"barbican_endpoint_type" default:"public" choices:"public,internal,admin" help:"Which of Barbican's endpoints is asked."`
	Retries    int    `conf:"number_of_retries" default:"60" min:"0" max:"3600" help:"How often a key that is ordered is looked for."`
	RetryDelay int    `conf:"retry_delay" default:"1" min:"0" max:"60" help:"Seconds between two looks for a key that is ordered."`
	VerifySSL  bool   `conf:"verify_ssl" default:"True" help:"Check Barbican's certificate."`
	CAFile     string `conf:"verify_ssl_path" help:"File with the certificates that sign Barbican's. Empty: cafile of the user's section."`
	SendToken  bool   `conf:"send_service_user_token" default:"False" help:"Send our own token as X-Service-Token beside the user's, so that a request works though the user's token expires meanwhile."`
}
