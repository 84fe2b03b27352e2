#!/bin/bash
# Does what docs/openstack.md says, in a root, a network and a process table of
# its own over this machine's: nothing of it is left, and it may use the ports
# and folders that an operator's machine would. Needs root and overlayfs.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "${1:-}" != inside ]; then
	go build -o bin/test/tempest ./tests/tempest
	exec unshare --mount --net --pid --fork --kill-child --mount-proc "$0" inside
fi

ip link set lo up
fresh=$(mktemp -d)
mount -t tmpfs fresh "$fresh"
trap 'umount -l "$fresh"; rmdir "$fresh"' EXIT
for dir in etc var usr/local; do
	mkdir -p "$fresh/$dir/upper" "$fresh/$dir/work"
	mount -t overlay overlay -o "lowerdir=/$dir,upperdir=$fresh/$dir/upper,workdir=$fresh/$dir/work" "/$dir"
done
mount -t tmpfs run /run
mkdir -m 1777 /run/lock
install -d -o postgres -g postgres -m 2775 /run/postgresql
echo "127.0.0.1 $(hostname)" >>/etc/hosts
# Nothing to fetch from in here: what is installed does, even if there is a newer one.
echo 'APT::Get::Upgrade "false";' >/etc/apt/apt.conf.d/99guide
# What Debian's package does where its daemons may start.
[ -d /etc/postgresql/15/main ] || pg_createcluster 15 main >/dev/null
bin/test/tempest --guide docs/openstack.md
