// Package drivertest is the one suite that every driver passes. A driver's test
// is a few lines:
//
//	var pool = drivertest.Pool{New: …, Open: …}
//
//	func TestMain(m *testing.M)       { drivertest.Main(m, pool.Open) }
//	func TestDriver(t *testing.T)     { drivertest.Run(t, pool) }
//	func BenchmarkDriver(b *testing.B) { drivertest.Bench(b, pool) }
//
// Besides what each call must do, it checks that a snapshot under writers is
// one moment (moment.go), that a process killed at any point of any operation
// leaves nothing wrong (crash.go), and random sequences against a twin in
// memory (machine.go).
package drivertest
