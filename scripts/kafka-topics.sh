#!/usr/bin/env bash
# Shows how Kafka's topics differ from the declared ones; with --apply, makes them so. scripts/kafka-topics.sh --help
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
setup_pnpm
setup_packages
exec node_modules/.bin/node tools/topics/src/main.ts "$@"
