#!/usr/bin/env bash
# Sets up Muster on this machine and runs every test: checks, contracts, unit and integration tests.
#
#   scripts/test.sh [vitest arguments]      with arguments: only those tests
#   scripts/test.sh --containers [files]    only the tests that need MariaDB or Kafka, with both in containers: as root on Debian. The first run builds the
#                                           images, from Debian's packages
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
setup_everything
setup_browser
setup_kubectl
setup_envsubst
setup_python
setup_godot
setup_prometheus
setup_backup_programs
if [ "${1-}" = --containers ]; then
  shift
  setup_engine
  exec ./node_modules/.bin/node tools/containers/src/tests.ts "$@"
fi
if [ $# -gt 0 ]; then exec pnpm exec vitest run "$@"; fi
say "checking format, lint, types and structure"
pnpm check
say "checking the contracts"
scripts/contract-test.sh
say "running the tests"
# MUSTER_TEST_REPORT: a file for the runner's report as JSON
pnpm exec vitest run ${MUSTER_TEST_REPORT:+--reporter=default --reporter=json --outputFile.json="$MUSTER_TEST_REPORT"}
