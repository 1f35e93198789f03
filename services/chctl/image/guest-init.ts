/**
 * The first program of a guest that starts with our small initramfs: loads the drivers, mounts the disk that the kernel's
 * command line names (root=, rootfstype=, rootflags=, ro, rw, init=, as the kernel itself would) and goes on from there.
 */
export const GUEST_INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=755 tmpfs /run
while read -r module; do insmod "/modules/$module"; done < /modules/order
# Where the console needs one of those drivers (hvc0), the kernel had none to give to its first program.
[ -e /proc/self/fd/1 ] || { (: < /dev/console) 2>/dev/null && exec < /dev/console > /dev/console 2>&1; }

root= type=auto flags= mode=ro init=/sbin/init
for word in $(cat /proc/cmdline); do
  case $word in
    root=*) root=\${word#root=} ;;
    rootfstype=*) type=\${word#rootfstype=} ;;
    rootflags=*) flags=,\${word#rootflags=} ;;
    init=*) init=\${word#init=} ;;
    ro|rw) mode=$word ;;
  esac
done

stop() {
  echo "initramfs: $1" >&2
  echo "initramfs: here is a shell; 'poweroff -f' ends the machine" >&2
  setsid -c sh
  poweroff -f
}

device=$root
tries=0
until case $root in UUID=*|LABEL=*) device=$(findfs "$root" 2>/dev/null) ;; esac; [ -b "$device" ]; do
  [ -n "$root" ] || stop "the command line names no disk (root=/dev/vda)"
  tries=$((tries + 1))
  [ $tries -lt 500 ] || stop "there is no disk $root"
  usleep 20000
done
[ "$type" = auto ] && type=ext4
mount -t "$type" -o "$mode$flags" "$device" /root || stop "cannot mount $device as $type"
[ -x "/root$init" ] || [ -L "/root$init" ] || stop "$device has no $init"
for folder in dev proc sys run; do mount --move /$folder /root/$folder; done
exec switch_root /root "$init"
`;
