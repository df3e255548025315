#!/usr/bin/env bash
# Runs scripts/operator.sh in a container beside those of compose.yaml: infra/compose/operator.sh health
#   Backups go to the volume `backups`: infra/compose/operator.sh backup /backups/monday
#   MUSTER_COMPOSE: another program than `docker compose`
set -euo pipefail
cd "$(dirname "$0")"
[ -f secrets/env ] || { echo "This checkout has no compose system: run infra/compose/up.sh to create one." >&2; exit 1; }
read -ra compose <<<"${MUSTER_COMPOSE:-docker compose}"
# MUSTER_PASSWORD and MUSTER_TOKEN: for log-in and api.
exec "${compose[@]}" --project-name "${COMPOSE_PROJECT_NAME:-muster}" --env-file secrets/env -f compose.yaml \
  run --rm --no-deps -e MUSTER_PASSWORD -e MUSTER_TOKEN operator scripts/operator.sh "$@"
