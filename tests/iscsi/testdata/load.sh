#!/bin/sh
# A load that knows what it has on the disk: files that are written and flushed
# one after another, each with the checksum of what it must hold, beside a stream
# that keeps the queue full. It ends when /tmp/stop appears; /tmp/count is the
# number of files that were flushed so far, /tmp/failed what went wrong.
mkdir -p /tmp/flushed
stream() {
	while [ ! -e /tmp/stop ]; do
		dd if=/dev/zero of=/mnt/stream bs=1M count=128 conv=fsync 2>/tmp/stream.err || cat /tmp/stream.err >>/tmp/failed
	done
}
stream &
count=0
while [ ! -e /tmp/stop ]; do
	name=load$((count % 64))
	dd if=/dev/urandom of=/tmp/new bs=64k count=8 2>/dev/null
	sum=$(sha256sum </tmp/new)
	if dd if=/tmp/new of=/mnt/$name bs=64k conv=fsync 2>/tmp/write.err; then
		echo "${sum%-}$name" >/tmp/flushed/$name
	else
		cat /tmp/write.err >>/tmp/failed
	fi
	count=$((count + 1))
	echo $count >/tmp/count.new
	mv /tmp/count.new /tmp/count
done
wait
touch /tmp/ended
