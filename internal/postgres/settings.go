package postgres

import (
	"strconv"
	"strings"
)

func (s *Server) settings() []string {
	conns := s.cfg.MaxConns
	if conns == 0 {
		conns = 100
	}
	set := []string{"listen_addresses=", "unix_socket_directories=" + listItem(s.socket), "max_connections=" + strconv.Itoa(conns),
		"shared_buffers=64MB", "huge_pages=off", "jit=off", "wal_level=minimal", "max_wal_senders=0", "min_wal_size=32MB",
		"max_wal_size=512MB", "max_worker_processes=2", "max_parallel_workers=0", "max_parallel_workers_per_gather=0",
		"log_destination=stderr", "logging_collector=off", "log_min_messages=warning",
		"log_error_verbosity=terse", "log_min_error_statement=panic", // neither rows nor statements: they may hold secrets
		"timezone=UTC", "autovacuum_naptime=15s"}
	if s.cfg.Unsafe {
		set = append(set, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	var args []string
	for _, v := range set {
		args = append(args, "-c", v)
	}
	return args
}

func listItem(v string) string { return `"` + strings.ReplaceAll(v, `"`, `""`) + `"` }
