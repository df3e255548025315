#!/usr/bin/env bash
# Sets up Muster on this machine, starts it, plays one match and stays in the foreground. Ctrl-C stops it.
#
#   scripts/up.sh [--open] [--with-metrics]
#                            --open opens the page on which one plays, in this machine's browser
#                            --with-metrics also starts a private Prometheus that scrapes every process, with the alert rules
#                            MUSTER_PORT (8080), MUSTER_TLS_PORT (MUSTER_PORT + 363) and MUSTER_PORT_BASE (7200)
#                            choose the ports
#                            MUSTER_DB_URL=mysql://admin:password@host:port/ uses an existing MariaDB
#                            MUSTER_KAFKA_BROKERS=host:port,host:port uses an existing Kafka
#                            IDENTITY_DB_URL, MATCH_DB_URL, CHAT_DB_URL, RATING_DB_URL, REPLAY_DB_URL use existing databases as they are
#                            MUSTER_SKIP_SMOKE=1 skips the match
set -euo pipefail
cd "$(dirname "$0")/.."
for option in "$@"; do # before anything is installed or started
  case "$option" in
    --open) export MUSTER_OPEN=1 ;;
    --with-metrics) export MUSTER_WITH_METRICS=1 ;;
    *)
      sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' scripts/up.sh
      [ "$*" = --help ] && exit 0
      echo "up.sh takes --open, --with-metrics or nothing: $*" >&2
      exit 2
      ;;
  esac
done
. scripts/setup.sh
setup_everything "$(usual start 20)"
if [ -n "${MUSTER_WITH_METRICS:-}" ]; then setup_prometheus; fi
exec ./node_modules/.bin/node infra/local/src/up.ts
