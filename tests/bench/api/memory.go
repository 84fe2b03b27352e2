package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// memory notes what the service and its PostgreSQL keep resident. Shared buffers
// are in every server process of PostgreSQL: Pss counts them once.
func (b *bench) memory(when string) error {
	own, err := kibibytes(b.svc.PID(), "status", "VmRSS:")
	if err != nil {
		return err
	}
	database := 0
	pids, err := descendants(b.svc.PID())
	if err != nil {
		return err
	}
	for _, pid := range pids {
		kib, err := kibibytes(pid, "smaps_rollup", "Pss:")
		if os.IsNotExist(err) {
			continue // a server process that has ended since
		}
		if err != nil {
			return err
		}
		database += kib
	}
	b.note("resident memory "+when, "clinker %d MiB, its PostgreSQL %d MiB (%d processes)", own>>10, database>>10, len(pids))
	return nil
}

// kibibytes reads a line such as "VmRSS: 1234 kB" of a file of /proc/PID.
func kibibytes(pid int, file, key string) (int, error) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == key {
			return strconv.Atoi(fields[1])
		}
	}
	return 0, fmt.Errorf("no %s in /proc/%d/%s", key, pid, file)
}

// descendants are the processes that pid started, and those that they did.
func descendants(pid int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		if err != nil {
			continue
		}
		// The name, in brackets, may hold anything: the state and the parent follow it.
		rest := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(rest) < 2 {
			continue
		}
		if parent, err := strconv.Atoi(rest[1]); err == nil {
			children[parent] = append(children[parent], child)
		}
	}
	var all []int
	for todo := []int{pid}; len(todo) > 0; todo = todo[1:] {
		all = append(all, children[todo[0]]...)
		todo = append(todo, children[todo[0]]...)
	}
	return all, nil
}
