// Package expr evaluates the functions that operators write into
// filter_function and goodness_function, such as
//
//	(stats.total_capacity_gb < 500) and volume.size < 10 ? 80 : 20
//
// The grammar and the arithmetic are those of Cinder's evaluator: numbers,
// text, variables as group.name, from the tightest to the loosest
//
//	abs min max   ^   + - (sign)   * /   + -   ! not   < <= > >= == != <>   ?:   && and   || or   ,
//
// Where Cinder's takes only the first two terms of a longer chain of and, or
// or ?: all of them count here, and a word that is an operator is never taken
// for a function.
//
// Nothing is called, nothing loops: an expression costs as much as it is long,
// and how long and how deep it may be is bounded.
package expr
