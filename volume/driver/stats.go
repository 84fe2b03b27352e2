package driver

// Stats is what a backend reports to the scheduler. Keys of Capabilities are
// Cinder's, and hold a bool, a string, a number or a list of strings; types
// match them with their extra specs.
type Stats struct {
	StorageProtocol  string // "iSCSI"
	VendorName       string // "Open Source"
	DriverVersion    string
	ThinProvisioning bool
	Capabilities     map[string]any // of the backend; a pool's own come before them
	Pools            []PoolStats
}

// PoolStats is the capacity of one pool, and what distinguishes it.
type PoolStats struct {
	Name         string
	TotalBytes   int64
	FreeBytes    int64 // what a write can take now
	Capabilities map[string]any
}
