#!/bin/sh
# The operator's tool: health, logs of a player or a match, roles, backups, restores. `scripts/operator.sh --help`
# lists its commands. It uses the local system, or the installation that the shell's variables or --env-file FILE name.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
if [ ! -x "$root/node_modules/.bin/node" ]; then
  echo "The packages are not installed. Run scripts/up.sh, or: bash -c '. scripts/setup.sh; setup_pnpm; setup_packages'" >&2
  exit 1
fi
case " $* " in
*" backup"* | *" restore"* | *" verify-backup "* | *" binary-log "*)
  bash -c '. "$1/scripts/setup.sh"; setup_backup_programs' - "$root"
  ;;
esac
# This halves the start time.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$root/.muster/compile-cache}"
# After --, because Node would take an --env-file anywhere else as its own option.
exec "$root/node_modules/.bin/node" -- "$root/tools/operator/src/main.ts" "$@"
