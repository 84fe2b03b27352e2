// Package glance runs the service beside a real Keystone and a real Glance:
// volumes are made from images and become images, and each side is taken away
// from the other in the middle of it.
package glance
