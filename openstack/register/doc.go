// Package register puts the service into a cloud's Keystone: the user that it
// works as, the entries of the catalogue that clients look for, and their
// endpoints. What is there already stays.
package register
