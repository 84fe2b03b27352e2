// Package driver is the seam between the engine and a place that keeps volumes.
//
// A [Driver] is small: it makes, grows, copies, opens and removes volumes and
// snapshots in its pools. It knows no states, quotas or tenants, and never
// decides whether an operation is allowed; the engine does that. Rarer powers
// are separate interfaces, asked for with [As], and the engine has a generic
// way over Open where a driver lacks them.
//
// Every driver passes the suite in drivertest; all is the registry. Start
// reading at Driver, then at the file driver, which needs nothing but a folder.
package driver
