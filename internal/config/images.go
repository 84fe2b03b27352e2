package config

// Images are the options of [DEFAULT] about images.
type Images struct {
	GlanceServers  []string `conf:"glance_api_servers" help:"Glance, as http://host:9292; several are separated by commas. Empty: what Keystone's catalogue says."`
	GlanceCatalog  string   `conf:"glance_catalog_info" default:"image:glance:publicURL" help:"Which entry of Keystone's catalogue is Glance, as <service_type>:<service_name>:<endpoint_type>."`
	GlanceRetries  int      `conf:"glance_num_retries" default:"3" min:"0" max:"100" help:"Further tries, a second apart, when Glance cannot be reached."`
	GlanceInsecure bool     `conf:"glance_api_insecure" default:"False" help:"Do not check Glance's certificate."`
	GlanceCAFile   string   `conf:"glance_ca_certificates_file" help:"File with the certificates that sign Glance's. Empty: cafile of the user's section."`
	GlanceCertFile string   `conf:"glance_certfile" help:"File with the service's own certificate, for a Glance that asks for one. Empty: certfile of the user's section."`
	GlanceKeyFile  string   `conf:"glance_keyfile" help:"File with the key of that certificate. Empty: glance_certfile holds it too."`
	GlanceTimeout  int      `conf:"glance_request_timeout" default:"60" min:"1" max:"3600" help:"Seconds that an answer of Glance may take, and that nothing may come or go while data moves."`
	CoreProperties []string `conf:"glance_core_properties" default:"checksum,container_format,disk_format,image_name,image_id,min_disk,min_ram,name,size" help:"Properties of a volume's image that an image made from the volume does not take over."`
	Reserved       []string `conf:"reserved_image_namespaces" help:"What the names of further properties begin with that an image made from a volume does not take over; always os_glance, img_signature and signature_verified."`
	DirectSchemes  []string `conf:"allowed_direct_url_schemes" help:"Kinds of locations at which images may be used without Glance: cinder clones the volume that holds the image."`
	Signatures     string   `conf:"verify_glance_signatures" default:"enabled" choices:"disabled,enabled" help:"Whether a volume may be made from a signed image only when its signature holds."`

	ConversionDir     string   `conf:"image_conversion_dir" default:"$state_path/conversion" help:"Folder for images that have to be converted."`
	ConversionDisable bool     `conf:"image_conversion_disable" default:"False" help:"Refuse images that have to be converted, both ways."`
	CompressOnUpload  bool     `conf:"image_compress_on_upload" default:"True" help:"Compress the data of images made of volumes where their format can, such as qcow2."`
	ConversionCPU     int      `conf:"image_conversion_cpu_limit" default:"60" min:"1" max:"86400" help:"Seconds of processor time that the conversion of an image may take for each GiB."`
	ConversionMemory  int      `conf:"image_conversion_address_space_limit" default:"1" min:"1" max:"1024" help:"GiB of address space that the conversion of an image may take."`
	VMDKTypes         []string `conf:"vmdk_allowed_types" default:"streamOptimized,monolithicSparse" help:"Kinds of VMDK images that may become volumes."`
	AllowCompression  bool     `conf:"allow_compression_on_image_upload" default:"False" help:"Allow container_format compressed when a volume becomes an image."`
	ForceUpload       bool     `conf:"enable_force_upload" default:"False" help:"Let users make images of attached volumes with force."`

	InternalProject string `conf:"cinder_internal_tenant_project_id" help:"Project that owns the image-volume cache."`
	InternalUser    string `conf:"cinder_internal_tenant_user_id" help:"User that owns the image-volume cache."`
}

// Glance is the section [glance]: as whom, and in which region, it is asked.
type Glance struct {
	Region string `conf:"region_name" help:"Region whose Glance is asked. Empty: any."`
	Login
}

// BackendImages are a backend's options about images.
type BackendImages struct {
	CacheEnabled       bool `conf:"image_volume_cache_enabled" default:"False" help:"Keep a volume of each image that volumes are made from, to clone it. Needs cinder_internal_tenant_project_id and cinder_internal_tenant_user_id."`
	CacheMaxGiB        int  `conf:"image_volume_cache_max_size_gb" default:"0" min:"0" help:"Most GiB of the image-volume cache. 0: no limit."`
	CacheMaxCount      int  `conf:"image_volume_cache_max_count" default:"0" min:"0" help:"Most entries of the image-volume cache. 0: no limit."`
	UploadAsVolume     bool `conf:"image_upload_use_cinder_backend" default:"False" help:"Make a raw image of a volume by cloning it: Glance gets a cinder:// location instead of the data."`
	UploadIntoInternal bool `conf:"image_upload_use_internal_tenant" default:"False" help:"Such clones belong to the internal project."`
}
