#!/usr/bin/env bash
# Checks the contracts: lint, build and format of the Protobuf files, no incompatible change of them or of the events against
# main and the last tag, generated code that is current, and the OpenAPI document by a strict validator and by a linter.
#
#   scripts/contract-test.sh         BREAKING_AGAINST=<git ref> compares with that instead
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

step() { printf '  %s\n' "$*"; }

step "buf lint"
buf lint
step "buf build"
buf build -o /dev/null
step "buf format"
buf format --diff --exit-code

against() {
  git rev-parse --verify --quiet "$1^{commit}" >/dev/null || return 0
  # Before the first contracts there is nothing to break.
  git cat-file -e "$1:buf.yaml" 2>/dev/null || return 0
  step "buf breaking against $1"
  buf breaking --against ".git#ref=$(git rev-parse "$1")"
  step "events against $1"
  node tools/event-schemas/src/check-events.ts "$1"
}
if [ -n "${BREAKING_AGAINST:-}" ]; then
  git rev-parse --verify --quiet "$BREAKING_AGAINST^{commit}" >/dev/null || { echo "there is no git ref $BREAKING_AGAINST"; exit 1; }
  against "$BREAKING_AGAINST"
else
  against main
  against origin/main
  tag=$(git describe --tags --abbrev=0 2>/dev/null || true)
  [ -z "$tag" ] || against "$tag"
fi

step "generated code is current"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
buf generate --output "$fresh"
buf generate --template buf.gen.client.yaml --output "$fresh"
rm -rf "$fresh/contracts/gen/buf"
node tools/openapi-types/src/main.ts "$fresh"
node tools/event-schemas/src/main.ts "$fresh"
diff -r "$fresh/contracts/gen" contracts/gen || { echo "contracts/gen is not up to date with the .proto files, the OpenAPI document and the event schemas: run pnpm gen"; exit 1; }

step "OpenAPI: strict validation"
node scripts/validate-openapi.ts contracts/openapi/edge.v1.yaml
step "OpenAPI: lint"
redocly lint --skip-rule operation-4xx-response --skip-rule no-server-example.com contracts/openapi/edge.v1.yaml

step "Kubernetes manifests and compose file: API schemas and policies"
node tools/manifests/src/check.ts
