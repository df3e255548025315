#!/bin/sh
# Plays one real match against a running system, through its ingress, and checks the contents of what it answers.
# Usage: scripts/smoke.sh [URL] [MODE]      URL defaults to http://localhost:8080, MODE to duel-quick
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
exec "$root/node_modules/.bin/node" "$root/tools/smoke/src/smoke.ts" "$@"
