# nginx with the configuration of infra/nginx, which is filled in from the environment at the start.
ARG BASE=debian:trixie-slim
FROM ${BASE}
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update && apt-get install -y --no-install-recommends nginx-light gettext-base && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY infra/images/ingress.sh /usr/local/bin/ingress.sh
COPY infra/nginx /etc/muster/nginx
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/ingress.sh"]
