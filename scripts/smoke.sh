#!/bin/sh
# Plays one real match on a running system, through its ingress, and checks the contents of the responses.
# Usage: scripts/smoke.sh [URL] [MODE]      URL defaults to that of the local system (.muster/, or MUSTER_HOME), MODE to duel-quick
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
exec "$root/node_modules/.bin/node" "$root/tools/smoke/src/smoke.ts" "$@"
