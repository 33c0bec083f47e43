/**
 * What the guardian runs: a small shell that has the lock and the roll of the live groups open, and
 * ends those groups when the socket it reads from ends, which is when procman is gone. It never acts
 * on silence: a machine that sleeps and a debugger that halts procman are no death. Its arguments
 * are the mark of all that procman starts, the grace period in seconds, the log, and whether to take
 * the lock; its files 3 the socket, 4 the lock, and 5 the roll. It says `ours`, `taken` or
 * `unavailable` of the lock, and is told:
 *
 *   g SECONDS   another grace period
 *   q           all is well
 *
 * `kill -SIGNAL -PGID` is the one spelling that dash, bash, busybox, mksh and zsh all take. The trap
 * kills even where the shell itself has to give up because it may not fork.
 */
export const guardianScript = `
trap '' HUP INT QUIT TERM PIPE TSTP TTIN TTOU USR1 USR2
set -f; cd /; umask 077
mark=$1 grace=$2 log=$3 list=' '
if [ "$4" = lock ]; then
  answer=unavailable
  for helper in flock perl python3; do
    case $helper in
      flock) flock -n 4;;
      perl) perl -e 'open(my $lock, "<&=4"); exit !flock($lock, 6)';;
      python3) python3 -c 'import fcntl; fcntl.flock(4, fcntl.LOCK_EX | fcntl.LOCK_NB)';;
    esac
    case $? in 0) answer=ours; break;; 1) answer=taken; break;; esac
  done
  echo "$answer" >&3
  [ "$answer" != taken ] || exit 0
  # Of a guardian that was killed.
  set +f; for file in "\${log%/*/*}"/pipes/drained.*; do [ ! -f "$file" ] || rm -f "$file"; done; set -f
fi
while read -r what value <&3; do case $what in
  g) grace=$value;;
  q) exit 0;;
esac; done
alive() { kill -0 "-$1" 2>/dev/null; }
# The name of a process may hold anything, newlines too: what is wanted is in the last line.
facts() { line=; while read -r next; do line=$next; done <"/proc/$1/stat"; } 2>/dev/null
started() { at=; facts "$1"; set -- \${line##*") "}; if [ $# -gt 19 ]; then shift 19; at=$1; fi; }
ended() { facts "$1"; set -- \${line##*") "}; [ "\${1:-Z}" = Z ]; }
ours() { [ "$2" = - ] && return; started "$1"; [ -z "$at" ] || [ "$at" = "$2" ]; }
each() { for entry in $list; do group=\${entry%%:*}
  if alive "$group" && ours "$group" "\${entry#*:}"; then for signal; do kill "-$signal" "-$group" 2>/dev/null; done; fi
done; }
forced() { each KILL; trap - EXIT; }
# Before procman has begun its own, the roll may be that of another run of the machine.
{ read -r head; case $head in *" \${mark#*=}") while read -r group start; do
  case $group in [1-9]*) list="$list$group:$start ";; esac
done;; esac; } <&5
trap forced EXIT
now() { date -u +%Y-%m-%dT%H:%M:%S.000000+00:00; }
logs() { [ -f "$log" ] && [ ! -L "$log" ]; }
tell() { ! logs || echo "$1" >>"$log"; }
# What was just being written may have no end.
endline() { [ -z "$(tail -c 1 "$log")" ] || echo >>"$log"; }
# What the groups print from now on stays in their pipes, and is gone with the last who has one open.
pipes=$(cd "\${log%/*/*}/pipes" 2>/dev/null && pwd -P) drains=
drain() {
  pipe=$(readlink "/proc/$1/fd/1" 2>/dev/null)
  case $pipe in "\${pipes:-none}"/*) [ -p "$pipe" ] || return;; *) return;; esac
  name=$(tr '\\0' '\\n' 2>/dev/null <"/proc/$1/environ" | sed -n 's/^PS=//p')
  case $name in ''|*[!A-Za-z0-9_.:-]*) return;; esac
  # Into a file of its own, which no link leads elsewhere: in one, long lines of two would mix. No more
  # than 8 MiB. It must neither hold the lock nor be found by the mark.
  rm -f "$pipes/drained.$1"
  (trap '' XFSZ; ulimit -f 16384; set -C; unset PROCMAN_GUARDS
    exec cat <"$pipe" >"$pipes/drained.$1" 2>/dev/null 3<&- 4<&- 5<&-) &
  drains="$drains $!:$1:$name"
}
if logs && [ -d /proc/self ]; then
  stamp=$(now)
  endline
  tell "$stamp procman[procman]: procman was killed; what it had read and not yet written is missing here"
  for entry in $list; do group=\${entry%%:*}
    if alive "$group" && ours "$group" "\${entry#*:}"; then drain "$group"; fi
  done
fi
# Servers that many projects share, and what runs in them, are nobody's to end here.
spared() { pid=$1
  while [ "\${pid:-0}" -gt 1 ] && facts "$pid" && [ -n "$line" ]; do
    name=\${line#*"("}; name=\${name%")"*}
    case $name in
      tmux*|screen|watchman|ssh-agent|gpg-agent|dockerd|containerd|bazel*) return 0;;
      java) if tr '\\0' ' ' <"/proc/$pid/cmdline" | grep -qE 'GradleDaemon|KotlinCompileDaemon|gradle.launcher'; then return 0; fi;;
    esac
    set -- \${line##*") "}; pid=$2
  done
  return 1
}
# One grep for all: one for each process takes a second on a busy machine. That of busybox stops at the
# first NUL, and then does not find what it must find: this shell itself.
marked() {
  if grep -lsF "$mark" "/proc/$$/environ" >/dev/null; then grep -lsF "$mark" /proc/[0-9]*/environ
  else for file in /proc/[0-9]*/environ; do tr '\\0' '\\n' <"$file" 2>/dev/null | grep -qF "$mark" && echo "$file"; done
  fi 2>/dev/null
}
# Who was just being started has the mark and no row yet, and who has left its group never gets one.
# The leader of the new one may be gone.
adopt() { set +f; found=$(marked); set -f
  facts $$; set -- \${line##*") "}; own=$3
  for file in $found; do pid=\${file#/proc/} pid=\${pid%/environ}
    facts "$pid"; set -- \${line##*") "}; group=\${3:-0}
    case $list in *" $group:"*) continue;; esac
    if [ "$group" -le 1 ] || [ "$group" = "$own" ] || spared "$pid" || spared "$group"; then continue; fi
    started "$group"
    list="$list$group:\${at:--} "
    kill -TERM "-$group" 2>/dev/null; kill -CONT "-$group" 2>/dev/null
  done
}
each TERM CONT
[ ! -d /proc/self ] || adopt
waited=0
while [ "$waited" -lt $((grace * 5)) ]; do
  left=
  for entry in $list; do if alive "\${entry%%:*}" && ours "\${entry%%:*}" "\${entry#*:}"; then left=1; break; fi; done
  [ -n "$left" ] || break
  sleep 0.2 || sleep 1
  waited=$((waited + 1))
done
forced
# Who was killed still has its files and ports for a moment. Nobody may be there to reap it.
for pass in 1 2 3 4 5 6 7 8 9 10; do
  left=
  for entry in $list; do group=\${entry%%:*}
    if alive "$group" && ours "$group" "\${entry#*:}" && ! ended "$group"; then left=1; break; fi
  done
  [ -n "$left" ] || break
  sleep 0.1 || sleep 1
done
sweep() { set +f; found=$(marked); set -f; victims=
  for file in $found; do victim=\${file#/proc/} victim=\${victim%/environ}
    # The subshell that has looked has found itself, and is gone.
    [ "$victim" = $$ ] || spared "$victim" || { kill -KILL "$victim" 2>/dev/null && victims=1; }
  done
}
# Until a look finds nobody.
if [ -d /proc/self ]; then
  for pass in 1 2 3 4 5 6 7 8; do
    sweep
    [ -n "$victims" ] || break
    sleep 0.1 || sleep 1
  done
fi
# Somebody who is spared may keep a pipe open for ever.
for pass in 1 2 3 4 5 6 7 8 9 10; do
  left=
  for drain in $drains; do ended "\${drain%%:*}" || left="$left \${drain%%:*}"; done
  [ -n "$left" ] || break
  sleep 0.1 || sleep 1
done
# They ignore what is ignored here.
[ -z "$left" ] || kill -KILL $left 2>/dev/null
add() {
  wait "$1" 2>/dev/null; code=$?
  logs && sed "s/^/$stamp app[$3]: /" "$pipes/drained.$2" >>"$log" && endline
  rm -f "$pipes/drained.$2"
  [ "$code" = 0 ] || tell "$stamp procman[$3]: the rest of what it printed is missing here"
}
for drain in $drains; do rest=\${drain#*:}; add "\${drain%%:*}" "\${rest%%:*}" "\${rest#*:}"; done
tell "$(now) procman[procman]: procman was killed; what it ran has been ended"
`;
