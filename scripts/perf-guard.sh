#!/usr/bin/env bash
# Fails when a change makes a tick of the shard or the gateway more than 10 % more expensive. Measures base and head alternately, on
# this machine.
#
#   scripts/perf-guard.sh [--base origin/main] [--head HEAD] [--rounds 9] [--plant PERCENT]
set -euo pipefail
cd "$(dirname "$0")/.."
exec pnpm exec node tools/bench/src/guard.ts "$@"
