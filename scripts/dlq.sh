#!/usr/bin/env bash
# Dead letters of consumers: lists, shows, replays and discards them. scripts/dlq.sh --help
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
setup_pnpm
setup_packages
exec node_modules/.bin/node tools/dlq/src/main.ts "$@"
