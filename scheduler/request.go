package scheduler

// Request is what one scheduling asks for.
type Request struct {
	SizeGiB          int               // the growth, when a volume is extended; 0 when one is taken over
	AvailabilityZone string            // "" is any
	TypeAZs          []string          // RESKEY:availability_zones of the type; nil when it has none
	ExtraSpecs       map[string]string // of the volume type
	NullSpecs        []string          // keys of those that are null

	SameHost      []string // hint same_host: volume ids
	DifferentHost []string // hint different_host: volume ids
	// VolumeHosts says where those volumes live; one that is missing lives nowhere.
	VolumeHosts map[string]string

	// Query is the hint query as it was sent, nil without it.
	Query any
	// LocalToInstance is the hint local_to_instance, and InstanceHost where that
	// instance runs, "" when nobody can tell.
	LocalToInstance, InstanceHost string

	Volume map[string]any // what functions know as volume.X
	QoS    map[string]any // what functions know as qos.X

	// Trouble is told of functions of pools that fail; nil is not.
	Trouble func(pool, function string, err error)

	Exclude     []string // pools tried already, without success
	OnlyBackend string   // host@backend of the source of a clone; "" is any
	OnlyPool    string   // host@backend#pool, for extend and whatever else stays where it is; "" is any

	NotPool        string // host@backend#pool that a volume leaves
	ExistsOn       string // pool that holds the volume already, and needs no room for it
	ExtendAttached bool   // the growth is for a volume that is attached
}
