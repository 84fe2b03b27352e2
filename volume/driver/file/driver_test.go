package file_test

import (
	"testing"

	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/driver/drivertest"
	"github.com/clinker-io/clinker/volume/driver/file"
)

func openPool(folder string) (driver.Driver, error) {
	d, err := file.New(file.Options{PoolPath: folder})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// pool is a folder of the file system that temporary files are on.
var pool = drivertest.Pool{New: func(t testing.TB) string { return t.TempDir() }, Open: openPool}

func TestMain(m *testing.M) { drivertest.Main(m, openPool) }

func TestDriver(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, pool)
}

func BenchmarkDriver(b *testing.B) { drivertest.Bench(b, pool) }
