package scheduler

import (
	"fmt"
	"strings"
)

// namesShown is how many pools a message lists for each filter.
const namesShown = 5

// NoValidBackend says why no pool was left.
type NoValidBackend struct {
	Pools    int       // how many there were to begin with
	Refusals []Refusal // in the order of the filters, without those that refused none
}

// Refusal is what one filter took away of the pools that those before it left.
type Refusal struct {
	Filter string
	Pools  []string // host@backend#pool
}

func explain(pools []Pool, checks []check) *NoValidBackend {
	refused := make([][]string, len(checks))
	for i := range pools {
		if c := firstRefusal(&pools[i], checks); c >= 0 {
			refused[c] = append(refused[c], pools[i].Host)
		}
	}
	e := &NoValidBackend{Pools: len(pools)}
	for i, hosts := range refused {
		if len(hosts) > 0 {
			e.Refusals = append(e.Refusals, Refusal{checks[i].name, hosts})
		}
	}
	return e
}

// Error is for the log: it names pools.
func (e *NoValidBackend) Error() string {
	return e.text(func(r Refusal) string {
		names := r.Pools[:min(len(r.Pools), namesShown)]
		more := ""
		if n := len(r.Pools) - len(names); n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		return fmt.Sprintf("%s refused %s%s", r.Filter, strings.Join(names, ", "), more)
	})
}

// UserMessage is for the one who asked, who may not learn the names of hosts.
func (e *NoValidBackend) UserMessage() string {
	return e.text(func(r Refusal) string {
		return fmt.Sprintf("%s refused %d of %d pools", r.Filter, len(r.Pools), e.Pools)
	})
}

func (e *NoValidBackend) text(of func(Refusal) string) string {
	if e.Pools == 0 {
		return "No valid backend was found. No backend is up and enabled."
	}
	parts := make([]string, len(e.Refusals))
	for i, r := range e.Refusals {
		parts[i] = of(r)
	}
	return "No valid backend was found. " + strings.Join(parts, "; ") + "."
}
