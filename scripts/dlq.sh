#!/bin/sh
# Dead letters of consumers: lists, shows, replays and discards them. scripts/dlq.sh --help
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
if [ ! -x "$root/node_modules/.bin/node" ]; then
  echo "The packages are not installed. Run scripts/up.sh, or: bash -c '. scripts/setup.sh; setup_pnpm; setup_packages'" >&2
  exit 1
fi
exec "$root/node_modules/.bin/node" "$root/tools/dlq/src/main.ts" "$@"
