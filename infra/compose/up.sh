#!/usr/bin/env bash
# Runs all of Muster in containers: creates secrets and a self-signed certificate once, builds the images, starts everything.
#   infra/compose/up.sh [docker compose arguments]      MUSTER_PORT (8080), MUSTER_TLS_PORT (8443)
#   MUSTER_COMPOSE: another program than `docker compose`; MUSTER_COMPOSE_BUILD=--no-build: uses existing images
set -euo pipefail
cd "$(dirname "$0")"
if [ ! -f secrets/env ]; then
  mkdir -p secrets/tls
  chmod 700 secrets
  # processes: begin passwords
  passwords="MARIADB_ROOT_PASSWORD REPLAY_DB_PASSWORD RATING_DB_PASSWORD IDENTITY_DB_PASSWORD CHAT_DB_PASSWORD MATCH_DB_PASSWORD"
  # processes: end passwords
  for name in $passwords; do
    echo "$name=$(openssl rand -hex 16)"
  done >secrets/env
fi
# Each by itself: a release may need one more than the release that made the file.
for name in KEY_ENCRYPTION_KEY AUDIT_KEY SEAT_TICKET_KEY LINK_KEY; do
  grep -q "^$name=" secrets/env || echo "$name=$(openssl rand -hex 32)" >>secrets/env
done
if [ ! -f secrets/tls/tls.crt ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout secrets/tls/tls.key -out secrets/tls/tls.crt 2>/dev/null
  chmod 644 secrets/tls/tls.key # the ingress runs as a user of its own
fi
[ -f common.env ] || : >common.env # variables for every process, such as where traces go: runbooks/traces.md
read -ra compose <<<"${MUSTER_COMPOSE:-docker compose}"
exec "${compose[@]}" --project-name "${COMPOSE_PROJECT_NAME:-muster}" --env-file secrets/env -f compose.yaml up "${MUSTER_COMPOSE_BUILD:---build}" "$@"
