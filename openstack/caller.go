package openstack

// Caller is the user on whose behalf another service is asked.
type Caller struct {
	Token     string
	RequestID string // of the request that the service is asked for, as its logs show it
}
