#!/bin/sh
# Runs one service for development; a script because package managers link it before anything else is installed.
exec node "$(dirname "$(readlink -f "$0")")/../src/dev-service.ts" "$@"
