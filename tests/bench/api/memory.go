package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// memory notes what the service and its database keep resident. What processes
// share is in each of them: Pss counts it once.
func (b *bench) memory(when string) error {
	var pss, processes [2]int
	for i, of := range []func() ([]int, error){b.service, b.database} {
		pids, err := of()
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
			pss[i] += kib
			processes[i]++
		}
	}
	b.note("resident memory "+when, "%d MiB in %d processes, its PostgreSQL %d MiB in %d", pss[0]>>10, processes[0], pss[1]>>10, processes[1])
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
