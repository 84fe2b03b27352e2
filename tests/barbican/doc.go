// Package barbican tries encrypted volumes with the real key manager: what keys
// there are after everything that can happen to a volume.
package barbican
