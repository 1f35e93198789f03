#!/bin/bash
# Runs commands in L1 for the harness. The folder of a command, $sessions/ID, holds the script `command`, and gets `pid`,
# `stderr` and `left` (processes of it that were still there when it had ended).
#
# vport?p1           the harness says: signal ID NAME | kill ID | ping | terminal ID ROWS COLUMNS | resize ROWS COLUMNS
# vport?p2 to 7       one command at a time each: the harness says ID; then the port is the other end of its standard input and
#                    output, which are pipes, until the line `ID STATUS`. IDs are random, so no command writes that line by chance.
# hvc0               the same for the command that has a terminal, which `terminal` starts
sessions=$1/.sessions
exec 2>/dev/console
# From here on the log has all that L1's kernel says: what a lockup was busy with, for one.
echo 8 > /proc/sys/kernel/printk


# The command does not get the port itself. To poll that for anything takes a buffer that has come out of the driver's queue; where its
# interrupt comes later, the driver finds nothing new and wakes nobody, and a command that waits in epoll for input never hears of it.
serve() { # device
  exec 3<>"$1"
  while read -r id <&3; do
    exec 6> >(exec cat >&3)
    output=$!
    exec 7< <(exec cat <&3 6>&-)
    input=$!
    setsid bash "$sessions/$id/command" <&7 >&6 2>"$sessions/$id/stderr" 3>&- 6>&- 7<&- &
    pid=$!
    exec 6>&- 7<&-
    echo $pid > "$sessions/$id/pid"
    wait $pid
    status=$?
    members $pid > "$sessions/$id/left"
    [ -s "$sessions/$id/left" ] && kill -KILL -- -$pid
    kill $input
    drained $output
    # What was typed and not read is for nobody. A port is open once at a time.
    exec 3>&-
    until exec 3<>"$1"; do sleep 0.01; done
    printf '%s %s\n' "$id" "$status" >&3
  done
}

# Waits until all output is through; not for ever, for a process that has left the session may still have the pipe.
drained() { # pid
  local looks=0
  while kill -0 "$1" && [ $((looks += 1)) -lt 200 ]; do sleep 0.01; done
  kill "$1"
} 2>/dev/null

# A line for each process of a session: its id and command. proc(5), stat: the session is the fourth field after the name.
members() { # session
  local stat line rest
  for stat in /proc/[0-9]*/stat; do
    read -r line < "$stat" || continue
    read -r state _ _ session rest <<< "${line##*) }"
    [ "$session" = "$1" ] && [ "$state" != Z ] || continue
    rest=$(tr '\0' ' ' < "${stat%/stat}/cmdline")
    # One that is about to end has no command line any more.
    [ -z "$rest" ] || echo "${line%% *} $rest"
  done 2>/dev/null
}

pid_of() { # id
  until [ -s "$sessions/$1/pid" ]; do sleep 0.01; done
  cat "$sessions/$1/pid"
}

terminal() { # id rows columns
  stty -F /dev/hvc0 sane rows "$2" cols "$3"
  setsid -c bash "$sessions/$1/command" <>/dev/hvc0 >&0 2>&0 &
  echo $! > "$sessions/$1/pid"
  wait $!
  local status=$?
  stty -F /dev/hvc0 raw -echo
  printf '%s %s\n' "$1" "$status" > /dev/hvc0
}

# Kept open: a terminal that nobody has open forgets its size.
exec 5<>/dev/hvc0
stty raw -echo <&5
control=
for port in /dev/vport*p?; do
  case $port in
    *p1) control=$port ;;
    *p[2-7]) serve "$port" & ;;
  esac
done

exec 4<>"$control"
echo ready >&4
while read -r verb id rest <&4; do
  case $verb in
    signal) kill -s "$rest" "$(pid_of "$id")" ;;
    kill) kill -KILL -- "-$(pid_of "$id")" ;;
    ping) echo pong >&4 ;;
    terminal) terminal "$id" $rest & ;;
    resize) stty -F /dev/hvc0 rows "$id" cols "$rest" ;;
  esac
done
# The harness is gone.
echo o > /proc/sysrq-trigger
sleep infinity
