// Package policy answers whether an identity may do something, by the rules
// of oslo.policy: check.go reads the rule language, defaults.go has upstream's
// rules, enforcer.go binds them.
package policy
