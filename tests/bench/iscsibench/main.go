// Command iscsibench measures one logical unit of an iSCSI target through one
// connection: reads or writes of one size, a fixed number of them in flight,
// for a given time. It is an initiator of its own, small and fast, so that what
// it measures is the target. One line of name=value pairs is its answer.
//
// The CHAP secret is taken from the environment, ISCSI_PASSWORD.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"
)

// options are the command line.
type options struct {
	portal, target, initiator, user, password string
	lun                                       int
	op, pattern                               string
	blockBytes, depth                         int
	length                                    time.Duration
}

func main() {
	o := options{password: os.Getenv("ISCSI_PASSWORD")}
	flag.StringVar(&o.portal, "portal", "127.0.0.1:3260", "HOST:PORT of the target")
	flag.StringVar(&o.target, "target", "", "target name")
	flag.StringVar(&o.initiator, "initiator", "iqn.2026-11.io.clinker:bench", "initiator name")
	flag.StringVar(&o.user, "user", "", "CHAP user")
	flag.IntVar(&o.lun, "lun", 0, "logical unit number, 0 to 255")
	flag.StringVar(&o.op, "op", "read", "read, write, or fill: write the whole unit once and flush")
	flag.StringVar(&o.pattern, "pattern", "rand", "rand or seq")
	flag.IntVar(&o.blockBytes, "bs", 4096, "bytes of one command")
	flag.IntVar(&o.depth, "depth", 1, "commands in flight")
	flag.DurationVar(&o.length, "time", 5*time.Second, "how long")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "iscsibench:", err)
		os.Exit(1)
	}
}

func (o options) check() error {
	switch {
	case o.op != "read" && o.op != "write" && o.op != "fill":
		return fmt.Errorf("-op %q: must be read, write or fill", o.op)
	case o.pattern != "rand" && o.pattern != "seq":
		return fmt.Errorf("-pattern %q: must be rand or seq", o.pattern)
	case o.blockBytes < 512 || o.blockBytes > 16<<20 || o.blockBytes%512 != 0:
		return fmt.Errorf("-bs %d: must be a multiple of 512 up to 16 MiB", o.blockBytes)
	case o.depth < 1 || o.depth > 1024:
		return fmt.Errorf("-depth %d: must be 1 to 1024", o.depth)
	case o.lun < 0 || o.lun > 255:
		return fmt.Errorf("-lun %d: must be 0 to 255", o.lun)
	}
	return nil
}

func run(o options) error {
	if err := o.check(); err != nil {
		return err
	}
	runtime.LockOSThread() // blocking system calls on one thread are the shortest way
	c, err := dial(o)
	if err != nil {
		return err
	}
	defer c.close()
	sizeBytes, sectorBytes, err := c.capacity()
	if err != nil {
		return err
	}
	if sizeBytes < int64(o.blockBytes) {
		return fmt.Errorf("the unit has only %d bytes", sizeBytes)
	}
	result, err := newLoad(c, o, sizeBytes, sectorBytes).run()
	if err != nil {
		return err
	}
	fmt.Println(result)
	return nil
}
