# Sourced by launch.sh: runs $node $main as a child, so that the terminal's settings come back whatever ends it, a crash and
# SIGKILL included. Passes signals on to it and ends with its status.
settings=$(stty -g)

# A shell gives what it starts in the background no standard input unless told to. (node undoes that the shell had it ignore
# SIGINT and SIGQUIT.)
exec 3<&0
"$node" "$main" "$@" <&3 3<&- &
child=$!
exec 3<&-

# Ctrl-C and Ctrl-\ reach the child without our help, being in the same group: passing them on would press twice.
for signal in HUP TERM USR1 USR2; do
  # shellcheck disable=SC2064 # the signal's name is meant to expand now
  trap "again=yes; kill -$signal $child 2>/dev/null" $signal
done
trap 'again=yes' INT QUIT

# A signal ends `wait` early; 127 means that the child's status was already taken.
again=yes status=0
while [ -n "$again" ]; do
  again=''
  wait "$child"
  result=$?
  [ "$result" = 127 ] || status=$result
done

# Only from the foreground: someone else's settings are not ours to change. Fields 5 and 8 of stat: our group, the terminal's.
read -r stat <"/proc/$$/stat"
# shellcheck disable=SC2086 # the fields are wanted one by one
set -- ${stat##*) }
[ "$3" != "$6" ] || stty "$settings" 2>/dev/null
exit "$status"
