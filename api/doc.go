// Package api is the Block Storage API v3: Cinder's dialect from microversion
// 3.0 to 3.71. It answers from the database and leaves work to others as jobs.
//
// Start at routes.go (the table of all calls), then endpoint.go (what happens
// to a request before its handler), then any resource: its handlers are in
// RESOURCE.go, its JSON in RESOURCE_view.go.
package api
