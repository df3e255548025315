#!/bin/sh
# Resident memory of a running local system (up.sh or pnpm -r dev), per process, in MiB.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
total=0
for pid in $(pgrep -f 'src/main\.ts|mariadbd --no-defaults|nginx: (master|worker)'); do
  rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || continue
  [ -n "$rss" ] || continue
  case "$(tr '\0' ' ' <"/proc/$pid/cmdline")" in
  *main.ts*)
    cwd=$(readlink "/proc/$pid/cwd")
    case "$cwd" in "$root"/services/*) name=${cwd##*/} ;; *) continue ;; esac
    ;;
  *mariadbd*) name=mariadb ;;
  *) name=nginx ;;
  esac
  printf '%-18s %6d MiB\n' "$name" $((rss / 1024))
  total=$((total + rss))
done
printf '%-18s %6d MiB\n' total $((total / 1024))
