# Installs what is missing, says what and why. Sourced by the other scripts; does nothing twice.
#
# What Muster needs: any Node with npm (only to get pnpm; the project brings its own Node 24), pnpm, its packages,
# and the programs of MariaDB and nginx, which it runs privately: no service of this machine is started or changed.

PNPM_VERSION=12.21.0

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

die() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

# apt_install WHY PACKAGE...: as root on a Debian or Ubuntu; else says what to install.
apt_install() {
  local why=$1
  shift
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    die "Muster needs $why, and this script can only install it as root with apt-get.
Please install: $*
(on Debian or Ubuntu: sudo apt-get install -y --no-install-recommends $*), then run it again."
  fi
  say "installing $* ($why)"
  local policy=/usr/sbin/policy-rc.d made_policy=
  # Packages of servers like to start them at once; ours are started privately, on ports of our own.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made_policy=1
  fi
  local ok=1
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; } || ok=
  [ -z "$made_policy" ] || rm -f "$policy"
  [ -n "$ok" ] || die "apt-get could not install $*; its messages above say why."
}

has() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }

setup_npm() {
  if ! command -v npm >/dev/null; then apt_install "Node.js with npm, to install pnpm" nodejs npm ca-certificates; fi
  local major
  major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
  [ "$major" -ge 18 ] || die "Muster's package manager needs Node 18 or newer to install itself; this machine has $(node --version 2>/dev/null || echo none). Please install a newer Node."
}

setup_pnpm() {
  PATH="$HOME/.local/bin:$PATH"
  if [ "$(pnpm --version 2>/dev/null || true)" = "$PNPM_VERSION" ]; then return; fi
  setup_npm
  say "installing pnpm $PNPM_VERSION (the package manager)"
  local where=()
  [ -w "$(npm prefix --global)" ] || where=(--prefix "$HOME/.local")
  # npm 11 asks which install scripts may run; older ones do not know the flag.
  local allow=()
  case "$(npm --version)" in 1[1-9].*) allow=(--allow-scripts=pnpm) ;; esac
  npm install --global "pnpm@$PNPM_VERSION" "${where[@]}" "${allow[@]}" --no-fund --no-audit --loglevel=error >/dev/null
  hash -r
  [ "$(pnpm --version 2>/dev/null || true)" = "$PNPM_VERSION" ] || die "pnpm $PNPM_VERSION was installed but is not first on the PATH: $(command -v pnpm || echo none)"
}

# What node_modules is made from: the lockfile, and each package's own list, which a new game or dependency changes first.
packages_wanted() { cat pnpm-lock.yaml pnpm-workspace.yaml package.json contracts/package.json {packages,services,infra,tools}/*/package.json | cksum; }

setup_packages() {
  local stamp=node_modules/.muster-installed
  if [ -x node_modules/.bin/node ] && [ "$(packages_wanted)" = "$(cat "$stamp" 2>/dev/null)" ] && node_modules/.bin/node scripts/prepare-uws.ts; then return; fi
  local at
  for at in . node_modules; do
    [ ! -e "$at" ] || [ -w "$at" ] || die "The packages have to be installed in $PWD, and $(id -un) may not write there:
work in a checkout of your own, or have its owner run the same command first."
  done
  say "installing the packages (from the lockfile, with Node 24 among them)"
  # In CI the lockfile has to fit; here a package that is new in the workspace is added to it.
  local frozen=--prefer-frozen-lockfile
  [ -z "${CI:-}" ] || frozen=--frozen-lockfile
  pnpm install "$frozen" --reporter=append-only >/tmp/muster-pnpm-install.$$ 2>&1 || { cat /tmp/muster-pnpm-install.$$; rm -f /tmp/muster-pnpm-install.$$; die "pnpm install failed; its messages above say why."; }
  rm -f /tmp/muster-pnpm-install.$$
  if [ ! -x node_modules/.bin/node ]; then
    command -v node >/dev/null && node -e 'process.exit(process.version.startsWith("v24.") ? 0 : 1)' || die "There is no packaged Node 24 for this platform: please install Node 24 and run it again."
    ln -sf "$(command -v node)" node_modules/.bin/node
  fi
  packages_wanted >"$stamp"
}

setup_servers() {
  if [ -z "${MUSTER_DB_URL:-}${IDENTITY_DB_URL:-}" ] && { ! has mariadbd || ! has mariadb-install-db; }; then
    apt_install "a private MariaDB (or set MUSTER_DB_URL to use an existing one)" mariadb-server-core mariadb-client-core
  fi
  has openssl || apt_install "a certificate for the ingress" openssl
  has nginx || apt_install "nginx as the ingress" nginx-light
}

# A real browser, for the tests of the client SDK only.
setup_browser() {
  has chromium || apt_install "a browser, for the tests of the client SDK" chromium
}

# For scripts/container-test.sh only.
setup_engine() {
  # aardvark-dns: without it a network's containers do not know each other's names.
  if has podman && has runc && has mmdebstrap && has docker-compose && has iptables &&
    [ -x /usr/lib/podman/netavark ] && [ -x /usr/lib/podman/aardvark-dns ]; then return; fi
  apt_install "a container engine and what makes base images, for scripts/container-test.sh" \
    podman runc netavark aardvark-dns iptables mmdebstrap docker-compose curl
}

# Renders the Kubernetes manifests, for the tests only. An old one does: the manifests use nothing new.
setup_kubectl() {
  has kubectl || apt_install "kubectl kustomize, for the tests of the manifests" kubernetes-client
}

# Fills in the configuration of the ingress's image, for its test only.
setup_envsubst() {
  has envsubst || apt_install "envsubst, for the test of the ingress's image" gettext-base
}

# Runs the client that was written from the contract alone, for its tests only.
setup_python() {
  has python3 || apt_install "Python, for the client in another language that the tests run" python3
}

# Dumps, reads the binary log, and a server to try a dump on: for backups only.
setup_backup_programs() {
  has mariadbd || apt_install "a private MariaDB, on which a backup is tried" mariadb-server-core
  { has mariadb-dump && has mariadb-binlog; } || apt_install "mariadb-dump and mariadb-binlog, for backups" mariadb-client
}

setup_everything() {
  setup_pnpm
  setup_packages
  setup_servers
  export PATH="$PWD/node_modules/.bin:$PATH:/usr/sbin"
}
