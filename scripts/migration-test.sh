#!/usr/bin/env bash
# The cut-over from v1.5 and its rollback as a drill, on a private MariaDB with at least 200,000 matches: copy under
# writes and kills, freeze, last pass, verification, comparison of every row, rollback.
#
#   scripts/migration-test.sh [--matches N] [--kills N] [--seed N]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
setup_everything
exec ./node_modules/.bin/node tools/migrate/src/drill.ts "$@"
