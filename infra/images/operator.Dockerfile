# The operator's tool: scripts/operator.sh with everything that it runs. infra/k8s/operator runs this image.
#   docker build -f infra/images/operator.Dockerfile -t muster/operator:2.0.0-dev .
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update && apt-get install -y --no-install-recommends nodejs npm ca-certificates && apt-get clean && rm -rf /var/lib/apt/lists/*
RUN npm install --global pnpm@12.21.0
WORKDIR /muster
COPY pnpm-workspace.yaml pnpm-lock.yaml ./
COPY patches patches
RUN pnpm fetch --prod && rm -rf node_modules
COPY . .
# The services of which it runs a tool: tables, roles, keys.
# processes: begin services
ENV SERVICES="--filter-prod @muster/replay-service... --filter-prod @muster/rating-service... --filter-prod @muster/identity-service... --filter-prod @muster/chat-service... --filter-prod @muster/match-service..."
# processes: end services
RUN pnpm install --offline --frozen-lockfile --prod --filter-prod @muster/operator... --filter-prod @muster/dlq... --filter-prod @muster/topics... $SERVICES --filter-prod muster \
  && rm -rf tools/bench tools/drills tools/attack tools/e2e tools/migrate tools/containers

FROM ${BASE}
# Dumps and binary logs; and a server, in which verify-backup restores a backup.
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update && apt-get install -y --no-install-recommends mariadb-client mariadb-server-core ca-certificates && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY --from=build --chown=0:0 /muster /muster
# Where a volume keeps backups.
RUN mkdir /backups && chown 10001:10001 /backups
WORKDIR /muster
# Only /tmp is written to.
ENV NODE_ENV=production NODE_COMPILE_CACHE=/tmp/compile-cache MUSTER_HOME=/tmp/muster
USER 10001:10001
CMD ["sleep", "infinity"]
