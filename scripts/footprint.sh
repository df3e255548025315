#!/bin/sh
# Resident memory of a running local system (up.sh or pnpm -r dev), per process, in MiB.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
home=$(cd "$root" && realpath -m "${MUSTER_HOME:-.muster}")
total=0
for pid in $(pgrep -f 'src/main\.ts|mariadbd --no-defaults|kafka\.Kafka|nginx: (master|worker)'); do
  rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || continue
  [ -n "$rss" ] || continue
  parent=$(awk '/^PPid/ { print $2 }' "/proc/$pid/status") # a worker of nginx does not name our folder, its master does
  case "$(tr '\0' ' ' <"/proc/$pid/cmdline") $(tr '\0' ' ' <"/proc/$parent/cmdline")" in
  *main.ts*)
    cwd=$(readlink "/proc/$pid/cwd")
    case "$cwd" in "$root"/services/*) name=${cwd##*/} ;; *) continue ;; esac
    ;;
  *mariadbd*"$home/"*) name=mariadb ;;
  *kafka.Kafka*"$home/"*) name=kafka ;;
  nginx*"$home/"*) name=nginx ;;
  *) continue ;; # of another system
  esac
  printf '%-18s %6d MiB\n' "$name" $((rss / 1024))
  total=$((total + rss))
done
printf '%-18s %6d MiB\n' total $((total / 1024))
