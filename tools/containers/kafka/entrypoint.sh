#!/bin/sh
# The arguments are Java's. On an empty folder: formats it first.
set -eu
properties=/etc/kafka.properties
if [ ! -e /var/lib/kafka/meta.properties ]; then
  java "$@" -cp '/opt/kafka/lib/*' kafka.tools.StorageTool format --cluster-id=bXVzdGVyLXRlc3RpbmctcA --config="$properties" >/dev/null
fi
exec java "$@" -cp '/opt/kafka/lib/*' kafka.Kafka "$properties"
