// Package config reads cinder.conf: the INI dialect of oslo.config, with
// Cinder's option names, into one typed struct.
//
// An option is a field with tags: conf is its name, default its default as
// text ($name stands for another option), help what the sample says, min and
// max limit a number, choices are the words allowed, secret keeps the value
// out of messages, sample is shown where the default is found at start.
package config

import "time"

// Config is a whole configuration.
type Config struct {
	Default  Default     `section:"DEFAULT"`
	Database Database    `section:"database"`
	Rabbit   Rabbit      `section:"oslo_messaging_rabbit"`
	Notify   Notify      `section:"oslo_messaging_notifications"`
	Keystone Keystone    `section:"keystone_authtoken"`
	Service  ServiceUser `section:"service_user"`
	Glance   Glance      `section:"glance"`
	Nova     Nova        `section:"nova"`
	Policy   Policy      `section:"oslo_policy"`
	Keys     KeyManager  `section:"key_manager"`
	Barbican Barbican    `section:"barbican"`
	Backends []Backend   // in the order of enabled_backends

	source *source
}

// Seconds is the duration that an option in seconds means.
func Seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// Default is the section [DEFAULT].
type Default struct {
	Host         string `conf:"host" sample:"<name of this machine>" help:"Name of this node in the list of services and in the host of volumes (host@backend#pool). Do not change it while volumes name it."`
	MyIP         string `conf:"my_ip" default:"127.0.0.1" help:"Address at which other hosts reach this node."`
	StatePath    string `conf:"state_path" default:"/var/lib/clinker" help:"Folder for what the service keeps on this node."`
	Debug        bool   `conf:"debug" default:"False" help:"Log at level debug instead of info."`
	TransportURL string `conf:"transport_url" default:"rabbit://" secret:"yes" help:"Message broker, as rabbit://user:password@host:port/vhost; several brokers of one cluster are separated by commas."`

	UseJSON   bool     `conf:"use_json" default:"False" help:"Write logs as JSON objects, one in a line."`
	LogFile   string   `conf:"log_file" help:"File that logs are appended to; in log_dir unless the path is absolute. Empty, and log_dir too: standard error."`
	LogDir    string   `conf:"log_dir" help:"Folder of log files. Without log_file each role has its own there, such as clinker-api.log."`
	UseStderr bool     `conf:"use_stderr" default:"False" help:"Write logs to standard error beside the file."`
	LogLevels []string `conf:"default_log_levels" help:"Levels of loggers from the start on, as clinker.target=WARNING, separated by commas; the API call os-services/get-log lists their names. Names of Python's loggers mean nothing here."`

	ControlExchange  string `conf:"control_exchange" default:"cinder" help:"Exchange that notifications are published to."`
	UsageAuditPeriod string `conf:"volume_usage_audit_period" default:"month" help:"Period that clinker manage volume-usage-audit tells of: hour, day, month or year, with @ and a number where it begins, such as day@6."`

	Listen         string `conf:"osapi_volume_listen" default:"0.0.0.0" help:"Address that the API listens on."`
	ListenPort     int    `conf:"osapi_volume_listen_port" default:"8776" min:"0" max:"65535" help:"TCP port that the API listens on."`
	MaxLimit       int    `conf:"osapi_max_limit" default:"1000" min:"1" help:"Most items that one page of a list holds."`
	PublicEndpoint string `conf:"public_endpoint" help:"Base URL of the links in answers. Empty: what the request was sent to."`
	AuthStrategy   string `conf:"auth_strategy" default:"keystone" choices:"noauth,keystone" help:"Who checks the tokens. noauth checks nothing: for trusted networks only."`
	RPCTimeout     int    `conf:"rpc_response_timeout" default:"60" min:"1" max:"3600" help:"Seconds that the API waits for an operation which it answers only when it is done."`

	ReportInterval  int `conf:"report_interval" default:"10" min:"1" max:"3600" help:"Seconds between two reports that a service lives."`
	ServiceDownTime int `conf:"service_down_time" default:"60" min:"1" max:"86400" help:"Seconds after its last report when a service counts as down. More than report_interval."`

	DefaultVolumeType string `conf:"default_volume_type" default:"__DEFAULT__" help:"Volume type of a volume created without one."`
	DefaultGroupType  string `conf:"default_group_type" help:"Group type that the word default stands for."`
	DefaultZone       string `conf:"default_availability_zone" help:"Availability zone of a volume created without one. Empty: storage_availability_zone."`
	Zone              string `conf:"storage_availability_zone" default:"nova" help:"Availability zone of this node."`
	ZoneFallback      bool   `conf:"allow_availability_zone_fallback" default:"False" help:"Use the default zone when the zone asked for does not exist, instead of refusing."`
	SnapshotSameHost  bool   `conf:"snapshot_same_host" default:"True" help:"A volume made from a snapshot stays on the snapshot's host."`
	ClonedSameZone    bool   `conf:"cloned_volume_same_az" default:"True" help:"A volume made from another volume or a snapshot stays in its availability zone."`

	VolumeName   string `conf:"volume_name_template" default:"volume-%s" help:"Name of a volume in the storage; %s becomes its UUID. Do not change it while there are volumes."`
	SnapshotName string `conf:"snapshot_name_template" default:"snapshot-%s" help:"Name of a snapshot in the storage; %s becomes its UUID. Do not change it while there are snapshots."`
	MessageTTL   int    `conf:"message_ttl" default:"2592000" min:"60" max:"3153600000" help:"Seconds that a user message about a failed operation is kept."`

	QuotaVolumes         int32 `conf:"quota_volumes" default:"10" min:"-1" help:"Volumes of a project. -1: no limit."`
	QuotaSnapshots       int32 `conf:"quota_snapshots" default:"10" min:"-1" help:"Snapshots of a project. -1: no limit."`
	QuotaGigabytes       int32 `conf:"quota_gigabytes" default:"1000" min:"-1" help:"GiB of a project's volumes and snapshots together. -1: no limit."`
	QuotaGroups          int32 `conf:"quota_groups" default:"10" min:"-1" help:"Volume groups of a project. -1: no limit."`
	QuotaBackups         int32 `conf:"quota_backups" default:"10" min:"-1" help:"Backups of a project. -1: no limit."`
	QuotaBackupGigabytes int32 `conf:"quota_backup_gigabytes" default:"1000" min:"-1" help:"GiB of a project's backups. -1: no limit."`
	PerVolumeSizeLimit   int32 `conf:"per_volume_size_limit" default:"-1" min:"-1" help:"GiB of one volume. -1: no limit."`
	NoSnapshotGigabytes  bool  `conf:"no_snapshot_gb_quota" default:"False" help:"Snapshots do not count for quota_gigabytes."`

	TransferKeyLength  int `conf:"volume_transfer_key_length" default:"16" min:"8" max:"255" help:"Characters of the key of a volume transfer."`
	TransferSaltLength int `conf:"volume_transfer_salt_length" default:"8" min:"1" max:"255" help:"Bytes of the salt that the key of a volume transfer is hashed with."`

	Filters             []string `conf:"scheduler_default_filters" default:"AvailabilityZoneFilter,CapacityFilter,CapabilitiesFilter" help:"Filters that a pool must pass, in this order."`
	Weighers            []string `conf:"scheduler_default_weighers" default:"CapacityWeigher" help:"Weighers that rank the pools which passed."`
	MaxAttempts         int      `conf:"scheduler_max_attempts" default:"3" min:"1" max:"100" help:"Backends that are tried for one volume."`
	CapacityWeight      float64  `conf:"capacity_weight_multiplier" default:"1.0" help:"Weight of free capacity. Negative: fill one backend before the next."`
	AllocatedWeight     float64  `conf:"allocated_capacity_weight_multiplier" default:"-1.0" help:"Weight of allocated capacity. Positive: fill one backend before the next."`
	VolumeNumberWeight  float64  `conf:"volume_number_multiplier" default:"-1.0" help:"Weight of the number of volumes. Positive: fill one backend before the next."`
	MaxOverSubscription string   `conf:"max_over_subscription_ratio" default:"20.0" help:"How much may be provisioned thinly for each unit of real capacity, at least 1; auto takes it from how full the pool is."`

	WeightHandler string `conf:"scheduler_weight_handler" default:"cinder.scheduler.weights.OrderedHostWeightHandler" help:"How a pool is taken of those that are ranked: cinder.scheduler.weights.OrderedHostWeightHandler takes the best, cinder.scheduler.weights.stochastic.StochasticHostWeightHandler gives each a chance as big as its weight."`

	Cluster         string `conf:"cluster" help:"Name of the cluster that the volume services of this node are members of. Empty: of none."`
	ResourceFilters string `conf:"resource_query_filters_file" help:"JSON file that says by what users may filter lists, as etc/resource_filters.json. Empty: by what that file names."`
	Images

	EnabledBackends []string `conf:"enabled_backends" help:"Names of the sections that describe the backends of this node, separated by commas."`
}

// Database is the section [database].
type Database struct {
	Connection  string `conf:"connection" secret:"yes" help:"The PostgreSQL database, as postgresql://user:password@host:5432/clinker. clinker all brings its own and does not read this."`
	MaxPoolSize int    `conf:"max_pool_size" default:"20" min:"2" max:"1000" help:"Most connections to the database that one service holds."`
}

// Rabbit is the section [oslo_messaging_rabbit].
type Rabbit struct {
	Heartbeat     int    `conf:"heartbeat_timeout_threshold" default:"60" min:"0" max:"3600" help:"Seconds of silence after which a broker counts as gone."`
	Quorum        bool   `conf:"rabbit_quorum_queue" default:"False" help:"Replicated quorum queues. The same for every service, from the first start on."`
	Durable       bool   `conf:"amqp_durable_queues" default:"False" help:"Exchange and queues of notifications outlive a restart of the broker, and with them what no consumer has read. The same for every service that shares the exchange."`
	Mirrored      bool   `conf:"rabbit_ha_queues" default:"False" help:"Mirrored queues of notifications, for brokers before 4.0. The same for every service that shares the exchange."`
	RetryInterval int    `conf:"rabbit_retry_interval" default:"1" min:"1" max:"3600" help:"Seconds before the first new try to reach a broker; later ones wait longer."`
	IntervalMax   int    `conf:"rabbit_interval_max" default:"30" min:"1" max:"3600" help:"Most seconds between two tries to reach a broker."`
	SSL           bool   `conf:"ssl" default:"False" help:"Reach the brokers over TLS."`
	SSLCAFile     string `conf:"ssl_ca_file" help:"File with the certificates that sign the broker's. Empty: those of the system."`
}

// Notify is the section [oslo_messaging_notifications].
type Notify struct {
	Driver       []string `conf:"driver" help:"How notifications of what happens to volumes are sent, for meters and auditors: messagingv2, messaging (an older format), log, noop. Given several times or separated by commas: several ways. Empty: none are made. While nobody can send, the newest 100000 wait in the database."`
	TransportURL string   `conf:"transport_url" secret:"yes" help:"Message broker of the notifications. Empty: transport_url of [DEFAULT]."`
	Topics       []string `conf:"topics" default:"notifications" help:"Topics, separated by commas. A queue is named by its topic and a priority, such as notifications.info."`
	Retry        int      `conf:"retry" default:"-1" min:"-1" help:"How often sending is tried again before what waits is dropped. -1: for ever."`
}

// Login is what every section has in common that names a user of ours.
type Login struct {
	AuthType          string `conf:"auth_type" default:"password" choices:"password,v3password,v3applicationcredential" help:"How the service logs in to Keystone: as a user of a project, or with an application credential."`
	AuthURL           string `conf:"auth_url" help:"Keystone, as http://host:5000/v3."`
	Username          string `conf:"username" help:"The service's own user."`
	Password          string `conf:"password" secret:"yes" help:"Password of that user."`
	ProjectName       string `conf:"project_name" help:"Project of that user."`
	UserDomainName    string `conf:"user_domain_name" help:"Domain of that user, by name."`
	UserDomainID      string `conf:"user_domain_id" help:"Domain of that user, by id. Neither: default."`
	ProjectDomainName string `conf:"project_domain_name" help:"Domain of that project, by name."`
	ProjectDomainID   string `conf:"project_domain_id" help:"Domain of that project, by id. Neither: default."`
	CredentialID      string `conf:"application_credential_id" help:"Application credential, for auth_type v3applicationcredential. It takes the place of user and project."`
	CredentialSecret  string `conf:"application_credential_secret" secret:"yes" help:"Secret of that application credential."`
	CAFile            string `conf:"cafile" help:"File with the certificates that sign those of the services. Empty: those of the system."`
	Insecure          bool   `conf:"insecure" default:"False" help:"Do not check certificates."`
	Timeout           int    `conf:"timeout" default:"30" min:"1" max:"600" help:"Seconds after which a request that is not answered has failed."`
}

// ServiceUser is the section [service_user]: as whom the service asks others.
type ServiceUser struct {
	SendToken bool `conf:"send_service_user_token" default:"False" help:"Send a token of this user as X-Service-Token beside that of the user on whose behalf another service is asked. Nova then trusts the call even if the user's token has expired."`
	Login
}

// Keystone is the section [keystone_authtoken]: who validates tokens, and as
// whom the service asks. What concerns memcached is not needed and not read.
type Keystone struct {
	Login
	Region          string `conf:"region_name" help:"Region whose Keystone validates. Empty: any."`
	Interface       string `conf:"interface" default:"internal" choices:"public,internal,admin" help:"Which of Keystone's endpoints validates; auth_url when the catalogue has none."`
	WWWAuthenticate string `conf:"www_authenticate_uri" help:"Keystone as users reach it, told to those who are refused. Empty: auth_url."`

	ServiceTokenRoles         []string `conf:"service_token_roles" default:"service" help:"Roles that make the sender of X-Service-Token a service."`
	ServiceTokenRolesRequired bool     `conf:"service_token_roles_required" default:"False" help:"Refuse an X-Service-Token without such a role, instead of not heeding it."`
	ServiceType               string   `conf:"service_type" default:"volumev3" help:"Name of this service in the access rules of application credentials."`
	MaxRetries                int      `conf:"http_request_max_retries" default:"3" min:"0" max:"10" help:"How often a Keystone is asked again that cannot be reached, before 503 is the answer."`
	CacheTime                 int      `conf:"token_cache_time" default:"300" min:"-1" max:"86400" help:"Seconds that a valid token is not asked for again: so long a revoked one may still do. -1: ask each time."`
}

// Nova is the section [nova]: the compute service, and as whom it is asked.
type Nova struct {
	Region       string `conf:"region_name" help:"Region whose compute service is asked. Empty: any."`
	Interface    string `conf:"interface" default:"public" choices:"public,internal,admin" help:"Which of the compute service's endpoints is asked."`
	TokenAuthURL string `conf:"token_auth_url" help:"Keystone where Cinder finds the compute service of a user's token. Not needed here: the catalogue is that of the service's own user."`
	Login
}

// Policy is the section [oslo_policy].
type Policy struct {
	File               string   `conf:"policy_file" default:"policy.yaml" help:"File with the rules that differ from the defaults, YAML or JSON. Beside this file unless the path is absolute. clinker policy sample prints every rule."`
	Dirs               []string `conf:"policy_dirs" default:"policy.d" help:"Folders whose files are read after policy_file, by name; later ones win. An option that is given several times names several."`
	DefaultRule        string   `conf:"policy_default_rule" default:"default" help:"Rule that stands for those that do not exist."`
	EnforceNewDefaults bool     `conf:"enforce_new_defaults" default:"False" help:"Leave out the older, wider checks that are allowed beside many rules."`
	EnforceScope       bool     `conf:"enforce_scope" default:"False" help:"Refuse tokens whose scope a rule does not name. No rule of block storage names scopes, so this changes nothing."`
}

// Backend is what every driver's section may hold. An option that the section
// leaves out comes from [backend_defaults].
type Backend struct {
	Section string // as written in enabled_backends: it is part of host strings

	VolumeDriver        string   `conf:"volume_driver" default:"file" help:"The driver of this backend."`
	BackendName         string   `conf:"volume_backend_name" help:"Name that volume types choose the backend by. Empty: the name of the section."`
	BackendHost         string   `conf:"backend_host" help:"Used instead of host in the backend's host string. Two nodes that serve the same storage share it."`
	Zone                string   `conf:"backend_availability_zone" help:"Availability zone of this backend. Empty: storage_availability_zone."`
	Reserved            int      `conf:"reserved_percentage" default:"0" min:"0" max:"100" help:"Percent of the capacity that is not given to volumes."`
	MaxOverSubscription string   `conf:"max_over_subscription_ratio" default:"20.0" help:"How much may be provisioned thinly for each unit of real capacity, at least 1, or auto."`
	FilterFunction      string   `conf:"filter_function" help:"Expression that must hold for a volume to be placed here, for the DriverFilter; such as stats.free_capacity_gb > volume.size * 2."`
	GoodnessFunction    string   `conf:"goodness_function" help:"Expression of 0 to 100 that says how well a volume is placed here, for the GoodnessWeigher; such as volume.size < 100 ? 100 : 25."`
	Cluster             string   `conf:"cluster" default:"$cluster" help:"Name of the cluster that this backend is a member of. Empty: the cluster of [DEFAULT]."`
	ReportDiscard       bool     `conf:"report_discard_supported" default:"False" help:"Tell compute hosts that guests may discard blocks."`
	TargetPrefix        string   `conf:"target_prefix" default:"iqn.2010-10.org.openstack:" help:"What the iSCSI names of volumes begin with."`
	TargetAddress       string   `conf:"target_ip_address" default:"$my_ip" help:"Address at which initiators reach the target."`
	TargetPort          int      `conf:"target_port" default:"3260" min:"0" max:"65535" help:"TCP port of the target."`
	TargetSecondary     []string `conf:"target_secondary_ip_addresses" help:"Further addresses of the target, for multipath, separated by commas."`

	BackendImages
}
