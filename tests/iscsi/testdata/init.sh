#!/bin/sh
# The first and only program of the guest: loads modules, brings up the network
# of QEMU's user mode, then runs what the test sends over the first serial line.
#
#   test:  ID COMMAND...
#   guest: what the command prints, a newline, "=ID STATUS"
export PATH=/sbin:/bin
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do
	insmod "/$module" || echo "insmod $module failed" >/dev/console
done </modules
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
iscsid
stty -F /dev/ttyS0 raw -echo
exec </dev/ttyS0 >/dev/ttyS0 2>&1
echo "=ready 0"
while read -r id command; do
	sh -c "$command" </dev/null
	printf '\n=%s %s\n' "$id" "$?"
done
poweroff -f
