package scheduler

import (
	"context"
	"strings"
)

// Instances tells on which compute host an instance runs.
type Instances interface {
	InstanceHost(ctx context.Context, id string) (string, error)
}

// instanceLocalityFilter: the pool is on the host of the instance that the hint
// local_to_instance names. Where that cannot be told no pool will do.
func instanceLocalityFilter(r *Request) func(*Pool) bool {
	return func(p *Pool) bool {
		if r.LocalToInstance == "" {
			return true
		}
		node, _, _ := strings.Cut(p.Host, "@")
		return r.InstanceHost != "" && node == r.InstanceHost
	}
}
