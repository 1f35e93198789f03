#!/bin/busybox sh
# First program of L1, the lab's machine: makes the host's files its root, read-only below a layer in memory, mounts the shared
# folder (lab.share= on the command line) at the path it has on the host, and hands over to the agent that lies in it.
# With lab.plain there is no layer, only memory at /tmp and /root: a layer opens files in a way (O_NOATIME) that their owner
# alone may, and the files are served by somebody else then.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order
plain=
for word in $(cat /proc/cmdline); do
  case $word in
    lab.share=*) share=${word#lab.share=} ;;
    lab.plain) plain=yes ;;
  esac
done
mount -t virtiofs -o ro host /host || { echo "lab: no host files"; poweroff -f; }
if [ -n "$plain" ]; then
  mount --bind /host /new
  mount -t tmpfs -o mode=1777 tmpfs /new/tmp
  mount -t tmpfs tmpfs /new/root
else
  mount -t tmpfs tmpfs /layer
  mkdir -p /layer/upper /layer/work
  mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /new
fi
for folder in dev proc sys; do mount --move /$folder /new/$folder; done
mount -t tmpfs tmpfs /new/run
mkdir -p /new/dev/shm /new/dev/pts "/new$share"
mount -t tmpfs tmpfs /new/dev/shm
mount -t devpts devpts /new/dev/pts
mount -t cgroup2 cgroup2 /new/sys/fs/cgroup
mount -t virtiofs share "/new$share" || { echo "lab: no shared folder"; poweroff -f; }
ln -s /proc/self/fd /new/dev/fd
ln -s fd/0 /new/dev/stdin
ln -s fd/1 /new/dev/stdout
ln -s fd/2 /new/dev/stderr
ip link set lo up
hostname lab
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec switch_root /new /bin/bash "$share/.agent" "$share"
