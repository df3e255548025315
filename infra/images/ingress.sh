#!/bin/sh
# Fills in the template and runs nginx. Writes only to /tmp.
set -eu
folder=${NGINX_FOLDER:-/tmp/nginx}
mkdir -p "$folder/tmp"
# As infra/local/src/ingress-limits.ts: for as many players' sockets as a gateway of its size takes, two connections each, and
# some for requests; or for what the limit of open files leaves.
sockets=${SOCKETS_MAX:-20000}
fit=$sockets
export WORKER_CONNECTIONS=$((sockets * 2 + 2048))
export FILES_MAX=$((WORKER_CONNECTIONS + 512))
if [ "$(ulimit -Hn)" != unlimited ] && [ "$(ulimit -Hn)" -lt "$FILES_MAX" ]; then
  FILES_MAX=$(ulimit -Hn)
  WORKER_CONNECTIONS=$((FILES_MAX - 512))
  fit=$((WORKER_CONNECTIONS > 2048 ? (WORKER_CONNECTIONS - 2048) / 2 : 0))
  echo "ingress: a process may open at most $FILES_MAX files on this machine: the ingress accepts $fit players' sockets, not $sockets: raise the limit, or set SOCKETS_MAX" >&2
fi
# awk and not `read`: the shell reads one byte at a time, and files in /proc answer only the first of such reads.
ports=$(awk '{ print $2 - $1 }' /proc/sys/net/ipv4/ip_local_port_range)
if [ "$ports" -lt "$sockets" ]; then
  echo "ingress: this machine has $ports ports for outgoing connections (net.ipv4.ip_local_port_range): $sockets players' sockets need that many connections to one gateway address" >&2
fi
share=$(((fit + 4) / 5))
export CONNECTIONS_PER_ADDRESS_MAX=${CONNECTIONS_PER_ADDRESS_MAX:-$((share > 1024 ? share : 1024))}
export REQUESTS_PER_S_PER_ADDRESS=${REQUESTS_PER_S_PER_ADDRESS:-200}
export REQUESTS_BURST_PER_ADDRESS=$((REQUESTS_PER_S_PER_ADDRESS * 2))
export REDIRECT_PLAIN=${REDIRECT_PLAIN:-0}
envsubst '$PUBLIC_HOST $EDGE_ADDRESS $LISTEN_ADDRESS $TLS_DIRECTIVES $REAL_IP_DIRECTIVES $USER_DIRECTIVE $WORKER_CONNECTIONS $FILES_MAX $CONNECTIONS_PER_ADDRESS_MAX $REQUESTS_PER_S_PER_ADDRESS $REQUESTS_BURST_PER_ADDRESS $REDIRECT_PLAIN' \
  <"${TEMPLATE_FOLDER:-/etc/muster/nginx}/muster.conf.template" >"$folder/nginx.conf"
# The player's page; PAGE=off leaves every path to edge-api, as for a v1.5 monolith that has pages of its own.
page=${PAGE:-on}
case "$page" in on | off) ;; *)
  echo "ingress: PAGE is on or off: $page" >&2
  exit 2
  ;;
esac
if [ "$page" = off ]; then
  : >"$folder/page.conf"
else
  export WEB_ROOT=${WEB_ROOT:-/usr/share/muster/page}
  envsubst '$WEB_ROOT' <"${TEMPLATE_FOLDER:-/etc/muster/nginx}/page.conf.template" >"$folder/page.conf"
fi
# GATEWAY_ADDRESSES: host:port of each gateway, or of a name that leads to several, separated by spaces or commas.
gateways=$(printf '%s' "${GATEWAY_ADDRESSES:?host:port, or several}" | tr ',' ' ')
for address in $gateways; do echo "server $address fail_timeout=2s;"; done >"$folder/gateways.conf"
# nginx looks names up once, when it reads its configuration. A service that was made anew may have another address: then it
# reads it again, and old workers keep their sockets.
addresses() { for address in "$EDGE_ADDRESS" $gateways; do getent ahosts "${address%:*}"; done | awk '{ print $1 }' | sort -u; }
(
  known=$(addresses || true)
  while sleep 3; do
    now=$(addresses || true)
    if [ -n "$now" ] && [ "$now" != "$known" ]; then
      known=$now
      kill -HUP $$ # nginx, by then
    fi
  done
) &
exec nginx -p "$folder/" -c "$folder/nginx.conf"
