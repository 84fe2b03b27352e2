// Package scheduler chooses the pool, host@backend#pool, that a volume goes to.
// Pick is a pure function: filters refuse pools one after the other, weighers
// put those that are left in order, the first one is taken. Nothing here talks
// to a database or a bus.
//
// Names, defaults and arithmetic are Cinder's, so that a cinder.conf and the
// extra specs of existing volume types mean what they meant. Each filter and
// each weigher has a file of its own; start at pick.go.
package scheduler
