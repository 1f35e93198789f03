# Sourced, with $root set: leaves the path of the pinned node in $node. When all is in place this starts no process and costs
# a few file tests: it is on the path of every launch.
CH_RUNTIME='node 24.20.0 npm 11.21.2'

# .tools/ready holds what was installed, then on a second line the path of node below .tools.
installed='' node=''
[ -r "$root/.tools/ready" ] && { read -r installed && read -r node; } <"$root/.tools/ready"
node=$root/.tools/$node
if [ "$installed" != "$CH_RUNTIME" ] || [ "$root/package-lock.json" -nt "$root/.tools/ready" ] || [ ! -x "$node" ] ||
  [ ! -d "$root/node_modules" ]; then
  node=$(CH_RUNTIME=$CH_RUNTIME sh "$root/bin/lib/install.sh" "$root") || exit 1
fi
