#!/usr/bin/env bash
# Fails when a change makes a tick more than a tenth dearer, in the shard or in the gateway: base and head in alternation, on
# this machine.
#
#   scripts/perf-guard.sh [--base origin/main] [--head HEAD] [--rounds 9] [--plant PERCENT]
set -euo pipefail
cd "$(dirname "$0")/.."
exec pnpm exec node tools/bench/src/guard.ts "$@"
