package drivertest

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/clinker-io/clinker/volume/driver"
)

// Pool makes drivers for the suite.
type Pool struct {
	// New makes an empty pool, gone when the test ends, and gives an address
	// by which also another process can open it.
	New func(t testing.TB) (address string)
	// Open opens the pool at an address. The pool is free again after Close,
	// or after the death of the process.
	Open func(address string) (driver.Driver, error)
}

// Main runs the tests of a driver's package, or, in the processes that the
// crash tests start and kill, the operation that is asked for.
func Main(m *testing.M, open func(address string) (driver.Driver, error)) {
	if order, ok := os.LookupEnv(childEnv); ok {
		os.Exit(runChild(order, open))
	}
	goleak.VerifyTestMain(m)
}

// Run checks everything that the engine relies on.
func Run(t *testing.T, p Pool) {
	for _, c := range []struct {
		name string
		run  func(*env)
	}{
		{"a check passes twice and stats are sane", testCheckAndStats},
		{"create and delete", testCreateDelete},
		{"sizes need not be round", testOddSizes},
		{"extend", testExtend},
		{"bad arguments change nothing", testBadArguments},
		{"a pool is closed only when nothing is open", testClose},
		{"a device reads what was written", testReadWrite},
		{"a device ends where it ends", testEndOfDevice},
		{"holes are where nothing was written", testHoles},
		{"a device opened for reading stays unchanged", testReadOnly},
		{"discard and write zeroes", testZeroing},
		{"what is at hand is read without waiting", testNoWait},
		{"devices of one volume share it", testSharedVolume},
		{"a closed device does nothing", testClosedDevice},
		{"snapshots", testSnapshot},
		{"clones of volumes and snapshots", testClone},
		{"copies keep holes", testCopyKeepsHoles},
		{"a cancelled copy leaves nothing", testCancelledCopy},
		{"a snapshot under writers is one moment", testMoment},
		{"sweep removes what nobody knows", testSweep},
		{"a volume is let go and taken over", testManageVolume},
		{"a snapshot is let go and taken over", testManageSnapshot},
		{"revert", testRevert},
		{"killed at any point", testCrash},
		{"killed at any point of an optional power", testPowerCrash},
		{"random operations match the twin", testMachine},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(newEnv(t, p))
		})
	}
}
