#!/bin/sh
# Fills in the template and becomes nginx. Only /tmp is written to.
set -eu
mkdir -p /tmp/nginx/tmp
envsubst '$PUBLIC_HOST $EDGE_ADDRESS $GATEWAY_ADDRESS $LISTEN_ADDRESS $TLS_DIRECTIVES $REAL_IP_DIRECTIVES $USER_DIRECTIVE' \
  </etc/muster/nginx/muster.conf.template >/tmp/nginx/nginx.conf
exec nginx -p /tmp/nginx/ -c /tmp/nginx/nginx.conf
