# Sourced by the programs in bin/, with $self (the program's own path, no symbolic link) and $program (its bundle below dist/)
# set: ends by becoming that program. In a checkout, dist/ is built anew where a source is newer (2 ms to look); CH_NO_BUILD=1
# takes dist/ as it is.
case $self in
  */bin/*) root=${self%/bin/*} ;;
  bin/*) root=. ;;
  *) root=${self%/*}/.. ;;
esac
# Processes that it starts have a working directory of their own.
case $root in /*) ;; *) root=$PWD/$root ;; esac
. "$root/bin/lib/runtime.sh"

if [ -z "${CH_NO_BUILD-}" ] && [ -e "$root/tools/build.ts" ]; then
  changed=yes
  [ -e "$root/dist/.stamp" ] && changed=$(cd "$root" && find package-lock.json tools/build.ts proto shared vmm-core devices services \
    -newer dist/.stamp ! -name '*.test.ts' -print -quit 2>/dev/null)
  [ -z "$changed" ] || sh "$root/bin/lib/build.sh" "$root" "$node" || exit 1
fi

main=$root/dist/$program.js
# Below some 20 open files node dies by a signal, without a word; it raises the limit again as far as it may.
# shellcheck disable=SC3045 # every sh that there is knows -S and -n
ulimit -S -n 32 2>/dev/null || {
  printf "%s: fewer than 32 files may be open at once; raise the limit ('ulimit -n 1024')\n" "${self##*/}" >&2
  exit 1
}
# What node compiled is kept for the next start: a quarter less work for each thread.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE-$root/dist/.compile-cache}"
if [ -n "${keep_terminal-}" ] && [ -t 0 ]; then
  . "$root/bin/lib/keep-terminal.sh"
fi
# As services/orchestrator/launch/start-process.ts starts them.
case $program in
  services/*) exec "$node" "$main" "$@" ;;
  *) MALLOC_ARENA_MAX=1 exec "$node" --max-semi-space-size=1 --v8-pool-size=1 "$main" "$@" ;;
esac
