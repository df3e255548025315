#!/usr/bin/env bash
# The long drills, which CI runs in a short variant: every scenario of survival, then restarts, a crowd, Kafka that is away while matches end,
# crashes between an event and its effect, and one part that fails under load, on real processes. CI has no variant of the one with Kafka.
# Usage: scripts/drills.sh [--short]     --short: a few matches per scenario, about five minutes; without it about an hour
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1-}" in
'' | --short) ;;
*)
  echo "usage: scripts/drills.sh [--short]" >&2
  exit 2
  ;;
esac
. scripts/setup.sh
setup_everything
if [ "${1-}" = --short ]; then
  ./node_modules/.bin/node tools/drills/src/broker-outage.ts --pairs 3 --rounds 1
  MUSTER_DRILLS=all exec ./node_modules/.bin/vitest run tools/drills/
fi
./node_modules/.bin/node tools/drills/src/survival.ts --scenario all
./node_modules/.bin/node tools/drills/src/restarts.ts
./node_modules/.bin/node tools/drills/src/crowd.ts
./node_modules/.bin/node tools/drills/src/broker-outage.ts
./node_modules/.bin/node tools/drills/src/event-crashes.ts
./node_modules/.bin/node tools/drills/src/cascade.ts --drill all --markdown
MUSTER_PROPERTY_RUNS=200 ./node_modules/.bin/vitest run packages/events/src/relay-inbox.db.test.ts
