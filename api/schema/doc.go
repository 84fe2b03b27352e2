// Package schema checks request bodies against JSON schemas by microversion
// and says in Cinder's sentences what is wrong.
//
// A schema is JSON text in which $name stands for a parameter type of types.go.
// The order of its keys matters: the first keyword that fails, in the order of
// the text, is the one that the client hears of, as with Python's jsonschema.
// Start reading at set.go.
package schema
