# nginx with the configuration of infra/nginx, which is filled in from the environment at the start, and the player's page.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS page
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update && apt-get install -y --no-install-recommends nodejs npm ca-certificates && apt-get clean && rm -rf /var/lib/apt/lists/*
RUN npm install --global pnpm@12.21.0
WORKDIR /muster
COPY pnpm-workspace.yaml pnpm-lock.yaml package.json tsconfig.base.json ./
COPY patches patches
COPY scripts/prepare-uws.ts scripts/prepare-uws.ts
COPY contracts contracts
COPY packages packages
COPY services/web services/web
RUN pnpm install --frozen-lockfile --filter "@muster/web..." && cd services/web && ./node_modules/.bin/vite build --outDir /page

FROM ${BASE}
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update && apt-get install -y --no-install-recommends nginx-light gettext-base && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY infra/images/ingress.sh /usr/local/bin/ingress.sh
COPY infra/nginx /etc/muster/nginx
COPY --from=page /page /usr/share/muster/page
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/ingress.sh"]
