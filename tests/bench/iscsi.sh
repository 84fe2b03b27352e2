#!/bin/bash
# The service's iSCSI target beside Debian's tgtd: the same client, the same file
# system, volumes of 1 GiB that were written in full and compared first, turn by
# turn, the median of the rounds.
#
#   tests/bench/iscsi.sh [ROUNDS [SECONDS]]      3 rounds of 3 seconds each
#
# CLINKER_BIN names a built binary; CLINKER_BENCH_DIR the folder to work in.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-3} seconds=${2:-3}
PATH=$PATH:/usr/sbin:/sbin
for tool in tgtd tgtadm; do
	command -v $tool >/dev/null || { echo "$tool is missing (Debian package tgt)" >&2; exit 1; }
done

work=$(mktemp -d "${CLINKER_BENCH_DIR:-/var/tmp}/clinker-bench-XXXXXX")
chmod 755 "$work" # PostgreSQL's servers may be another user's
clinker_pid='' tgtd_pid=''
cleanup() {
	[ -z "$clinker_pid" ] || { kill "$clinker_pid" 2>/dev/null || true; wait "$clinker_pid" 2>/dev/null || true; }
	# tgtd does not end on SIGTERM while it has targets.
	[ -z "$tgtd_pid" ] || { kill -9 "$tgtd_pid" 2>/dev/null || true; wait "$tgtd_pid" 2>/dev/null || true; }
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

fail() {
	echo "$1" >&2
	tail -n 20 "$work"/*.log >&2 || true
	exit 1
}

# await WHAT PID COMMAND...: until the command succeeds, as long as PID lives
await() {
	local what=$1 pid=$2
	shift 2
	for _ in $(seq 300); do
		"$@" >/dev/null 2>&1 && return
		kill -0 "$pid" 2>/dev/null || fail "$what ended"
		sleep 0.1
	done
	fail "$what is not ready after 30 s"
}

echo "building..." >&2
go build -o "$work/iscsibench" ./tests/bench/iscsibench
go build -o "$work/attach" ./tests/bench/attach
binary=${CLINKER_BIN:-$work/clinker}
[ -n "${CLINKER_BIN:-}" ] || CGO_ENABLED=0 go build -trimpath -o "$binary" ./cmd/clinker

"$binary" all --state-dir "$work/state" --api-listen 127.0.0.1:0 --iscsi-portal 127.0.0.1:0 >"$work/clinker.log" 2>&1 &
clinker_pid=$!
await clinker "$clinker_pid" test -s "$work/state/endpoints.json"
endpoint=$(sed -n 's/.*"volumev3": *"\([^"]*\)".*/\1/p' "$work/state/endpoints.json")
"$work/attach" -endpoint "$endpoint" >"$work/clinker.env" || fail "no volume to attach"

# tgtd as it is fastest here: the page cache (rdwr; aio is O_DIRECT, and slower),
# a thread for each CPU, segments and bursts far above its 8 KiB. It takes no port 0: try until one is free. Its control
# socket is a number too, in a folder of ours.
export TGT_IPC_SOCKET=$work/tgtd.socket
adm() { tgtadm -C 0 --lld iscsi "$@"; }
for _ in $(seq 20); do
	port=$((20000 + RANDOM % 10000))
	(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
done
tgtd -f -C 0 -t "$(nproc)" --iscsi "portal=127.0.0.1:$port" >"$work/tgtd.log" 2>&1 &
tgtd_pid=$!
await tgtd "$tgtd_pid" adm --op show --mode target
truncate -s 1G "$work/tgt.img"
adm --op new --mode target --tid 1 -T iqn.2026-11.io.clinker:tgt
adm --op new --mode logicalunit --tid 1 --lun 1 -b "$work/tgt.img" --bstype rdwr
for parameter in MaxRecvDataSegmentLength=262144 MaxXmitDataSegmentLength=262144 FirstBurstLength=262144 MaxBurstLength=16776192; do
	adm --op update --mode target --tid 1 --name ${parameter%=*} --value ${parameter#*=}
done
adm --op new --mode account --user bench --password benchbenchbench
adm --op bind --mode account --tid 1 --user bench
adm --op bind --mode target --tid 1 -I ALL
cat >"$work/tgtd.env" <<END
PORTAL=127.0.0.1:$port TARGET=iqn.2026-11.io.clinker:tgt LUN=1 CHAP_USER=bench ISCSI_PASSWORD=benchbenchbench
END

# bench SERVER OPTIONS...: one run of the client
bench() (
	set -a
	# shellcheck disable=SC1090
	. "$work/$1.env"
	shift
	exec "$work/iscsibench" -portal "$PORTAL" -target "$TARGET" -lun "$LUN" -user "$CHAP_USER" -time "${seconds}s" "$@"
)

# ticks PID: CPU time of a process in clock ticks, user and system
ticks() {
	local stat
	stat=$(<"/proc/$1/stat")
	stat=${stat##*) } # from the third field on: the second may hold blanks
	# shellcheck disable=SC2086
	set -- $stat
	echo $((${12} + ${13}))
}

cases=(
	"4k random read, depth 1|-op read -pattern rand -bs 4096 -depth 1"
	"4k random read, depth 32|-op read -pattern rand -bs 4096 -depth 32"
	"4k random write, depth 1|-op write -pattern rand -bs 4096 -depth 1"
	"4k random write, depth 32|-op write -pattern rand -bs 4096 -depth 32"
	"1M sequential read, depth 4|-op read -pattern seq -bs 1048576 -depth 4"
	"1M sequential write, depth 4|-op write -pattern seq -bs 1048576 -depth 4"
)

for server in clinker tgtd; do
	echo "filling and comparing the volume of $server..." >&2
	bench $server -op fill -bs 4096 -depth 32 >/dev/null || fail "the fill failed"
done
hertz=$(getconf CLK_TCK)
for round in $(seq "$rounds"); do
	# Who begins changes, and nobody starts with the other's dirty pages.
	servers=(clinker tgtd)
	[ $((round % 2)) = 1 ] || servers=(tgtd clinker)
	for i in "${!cases[@]}"; do
		for server in "${servers[@]}"; do
			pid=${server}_pid
			sync -f "$work"
			before=$(ticks "${!pid}")
			# shellcheck disable=SC2086
			line=$(bench $server ${cases[i]#*|}) || fail "the client failed against $server: ${cases[i]}"
			echo "$i $server $(($(ticks "${!pid}") - before)) $line" >>"$work/results"
		done
	done
	echo "round $round of $rounds done" >&2
done

echo
echo "$(uname -m), $(nproc) CPUs, file system $(stat -f -c %T "$work"), median of $rounds rounds of $seconds s, one connection"
printf '%-30s %10s %10s %7s   %s\n' '' clinker tgtd ratio 'clinker / tgtd: p50 µs, p99 µs, CPU s per 100k'
for i in "${!cases[@]}"; do
	awk -v want="$i" -v name="${cases[i]%%|*}" -v hertz="$hertz" '
	function median(server, key,    n, k, v, j, t) {
		n = count[server]
		for (k = 1; k <= n; k++) v[k] = value[server, key, k]
		for (k = 2; k <= n; k++) for (j = k; j > 1 && v[j-1] > v[j]; j--) { t = v[j]; v[j] = v[j-1]; v[j-1] = t }
		return n % 2 ? v[(n+1)/2] : (v[n/2] + v[n/2+1]) / 2
	}
	$1 == want {
		k = ++count[$2]
		for (f = 4; f <= NF; f++) { split($f, p, "="); value[$2, p[1], k] = p[2] + 0 }
		value[$2, "cpu", k] = $3 / hertz / value[$2, "ops", k] * 100000
	}
	END {
		key = name ~ /^1M/ ? "mbps" : "iops"
		a = median("clinker", key); b = median("tgtd", key)
		printf "%-25s %-4s %10.0f %10.0f %6.2fx   %.0f / %.0f, %.0f / %.0f, %.1f / %.1f\n", name, key == "mbps" ? "MB/s" : "IOPS", a, b, a / b,
			median("clinker", "p50_us"), median("tgtd", "p50_us"), median("clinker", "p99_us"), median("tgtd", "p99_us"),
			median("clinker", "cpu"), median("tgtd", "cpu")
	}' "$work/results"
done
