#!/bin/sh
# What an operator does: health, logs of a player or a match, roles, backups, restores. `scripts/operator.sh --help`
# lists it. Finds the local system by itself; another installation by the shell's variables or --env-file FILE.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
if [ ! -x "$root/node_modules/.bin/node" ]; then
  echo "The packages are not installed: scripts/up.sh does it, or: bash -c '. scripts/setup.sh; setup_pnpm; setup_packages'" >&2
  exit 1
fi
case " $* " in
*" backup"* | *" restore"* | *" verify-backup "* | *" binary-log "*)
  bash -c '. "$1/scripts/setup.sh"; setup_backup_programs' - "$root"
  ;;
esac
# Starts in half the time.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$root/.muster/compile-cache}"
# Behind --, for Node takes an --env-file to be its own wherever it stands.
exec "$root/node_modules/.bin/node" -- "$root/tools/operator/src/main.ts" "$@"
