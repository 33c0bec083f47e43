/**
 * What the guardian runs: a small shell that knows the live groups, and ends them when the pipe it
 * reads from ends, which is when procman is gone. It never acts on silence: a machine that sleeps
 * and a debugger that halts procman are no death. Its arguments are the mark of all that procman
 * starts, the grace period in seconds, and the log. It is told:
 *
 *   + PGID START   a group, and the start time of its leader where the system has one
 *   - PGID         it is gone
 *   q              all is well
 *
 * `kill -SIGNAL -PGID` is the one spelling that dash, bash, busybox, mksh and zsh all take. The trap
 * kills even where the shell itself has to give up because it may not fork.
 */
export const guardianScript = `
trap '' HUP INT QUIT TERM PIPE TSTP TTIN TTOU USR1 USR2
set -f; cd /; umask 077
mark=$1 grace=$2 log=$3 list=' '
alive() { kill -0 "-$1" 2>/dev/null; }
started() { at=; if read -r line 2>/dev/null <"/proc/$1/stat"; then set -- \${line##*") "}; shift 19; at=$1; fi; }
ours() { started "$1"; [ -z "$at" ] || [ -z "$2" ] || [ "$at" = "$2" ]; }
each() { for entry in $list; do group=\${entry%%:*}
  if alive "$group" && ours "$group" "\${entry#*:}"; then for signal; do kill "-$signal" "-$group" 2>/dev/null; done; fi
done; }
forced() { each KILL; trap - EXIT; }
while read -r what group start; do case $what in
  +) list="$list$group:$start ";;
  -) case $list in *" $group:"*) before=\${list%%" $group:"*} after=\${list#*" $group:"}; list="$before \${after#* }";; esac;;
  q) exit 0;;
esac; done
trap forced EXIT
each TERM CONT
waited=0
while [ "$waited" -lt $((grace * 5)) ]; do
  left=
  for entry in $list; do if alive "\${entry%%:*}"; then left=1; break; fi; done
  [ -n "$left" ] || break
  sleep 0.2 || sleep 1
  waited=$((waited + 1))
done
forced
# Servers that many projects share, and what runs in them, are nobody's to end here.
spared() { pid=$1
  while [ "$pid" -gt 1 ] && read -r line 2>/dev/null <"/proc/$pid/stat"; do
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
sweep() { set +f; found=$(marked); set -f
  for file in $found; do victim=\${file#/proc/} victim=\${victim%/environ}
    [ "$victim" = $$ ] || spared "$victim" || kill -KILL "$victim" 2>/dev/null
  done
}
if [ -d /proc/self ]; then sweep; sweep; fi
if [ -f "$log" ] && [ ! -L "$log" ]; then
  echo "$(date -u +%Y-%m-%dT%H:%M:%S).000000+00:00 procman[procman]: procman was killed; what it ran has been ended" >>"$log"
fi
`;
