package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is processor time spent, by the service and by its PostgreSQL.
type usage struct{ service, database time.Duration }

// clockTick is USER_HZ, which Linux fixes at 100 for what /proc shows.
const clockTick = time.Second / 100

// spent reads the processor time of the service and of its database.
func (b *bench) spent() (u usage, err error) {
	if u.service, err = together(b.service); err == nil {
		u.database, err = together(b.database)
	}
	return u, err
}

// together adds up processes. The time of one that has ended is counted by the
// one that made it.
func together(of func() ([]int, error)) (sum time.Duration, err error) {
	pids, err := of()
	if err != nil {
		return 0, err
	}
	for _, pid := range pids {
		own, children, err := cpuOf(pid)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return 0, err
		}
		sum += own + children
	}
	return sum, nil
}

// cpuOf returns user and system time of a process, and of its ended children.
func cpuOf(pid int) (own, children time.Duration, err error) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, 0, err
	}
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	var ticks [4]time.Duration // utime, stime, cutime, cstime: 14th to 17th of proc(5)
	for i := range ticks {
		n, err := strconv.Atoi(fields[11+i])
		if err != nil {
			return 0, 0, err
		}
		ticks[i] = time.Duration(n) * clockTick
	}
	return ticks[0] + ticks[1], ticks[2] + ticks[3], nil
}
