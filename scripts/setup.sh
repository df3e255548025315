# Installs what is missing, and says what and why. The other scripts source it. Running it again does nothing.
#
# What Muster needs: any Node with npm (only to get pnpm; the project brings its own Node 24), pnpm, its packages,
# and the programs of MariaDB and nginx. It runs its own instances of them; it starts or changes no service of this machine.
# Kafka too, if Java and Maven Central can be had.

PNPM_VERSION=12.21.0

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

die() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

# How long each step took the last time on this machine, in seconds: infra/local/src/progress.ts reads and writes the same file.
durations_file() { printf '%s/muster/durations\n' "${XDG_CACHE_HOME:-$HOME/.cache}"; }

# usual STEP TYPICAL: as it took the last time, or else typically, on two cores.
usual() {
  local known
  known=$(sed -n "s/^$1 \([0-9][0-9]*\)$/\1/p" "$(durations_file)" 2>/dev/null | tail -1) || true
  printf '%s\n' "${known:-$2}"
}

# LEFT_S: seconds until all is ready, while somebody waits for that; setup_everything sets it.
left() { [ -z "${LEFT_S:-}" ] || printf ': about %s s left' "$LEFT_S"; }

# took STEP TYPICAL FROM: remembers it for the next time. FROM: $SECONDS at its start.
took() {
  local file
  [ -z "${LEFT_S:-}" ] || LEFT_S=$((LEFT_S - $(usual "$1" "$2")))
  file=$(durations_file)
  { mkdir -p "${file%/*}" && { grep -v "^$1 " "$file" || true; echo "$1 $((SECONDS - $3))"; } >"$file.$$" && mv "$file.$$" "$file"; } 2>/dev/null || true
}

# apt_install WHY PACKAGE...: installs as root on Debian or Ubuntu; otherwise says what to install.
apt_install() {
  local why=$1
  shift
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    die "Muster needs $why, and this script can only install it as root with apt-get.
Please install: $*
(on Debian or Ubuntu: sudo apt-get install -y --no-install-recommends $*), then run this script again."
  fi
  say "installing $* ($why)$(left)"
  local policy=/usr/sbin/policy-rc.d made_policy=
  # Server packages usually start their servers at once; we start ours separately, on our own ports.
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

# missing PROGRAM... -- PACKAGE...: adds the packages to MISSING unless all of the programs are there.
missing() {
  local there=1
  while [ "$1" != -- ]; do
    has "$1" || there=
    shift
  done
  shift
  [ -n "$there" ] || MISSING+=("$@")
}

# Everything that this machine lacks, at once: one command for an administrator, where we may not install it ourselves.
setup_programs() {
  local MISSING=() kafka=() from=$SECONDS
  pnpm_is_there || missing npm -- nodejs npm ca-certificates
  database_is_given || missing mariadbd mariadb-install-db -- mariadb-server-core mariadb-client-core
  missing openssl -- openssl
  missing nginx -- nginx-light
  if [ ${#MISSING[@]} -eq 0 ]; then return; fi # Kafka is optional: setup_kafka says what it needs
  if ! kafka_is_there; then
    local all=("${MISSING[@]}")
    MISSING=()
    missing java -- default-jre-headless
    missing mvn -- maven
    kafka=(${MISSING[@]+"${MISSING[@]}"})
    MISSING=("${all[@]}")
  fi
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    die "Muster needs programs that this machine does not have, and this script may not install them.
Please have an administrator run this one command (Debian and Ubuntu; elsewhere, install the same with your package manager):

  $(command -v sudo >/dev/null && printf 'sudo ')apt-get install -y --no-install-recommends ${MISSING[*]}${kafka[*]:+ ${kafka[*]}}

Then run this script again, as yourself: it needs no further rights.${kafka[*]:+
(${kafka[*]}: for Kafka. Without, Muster runs, but ratings and replays stand still.)}"
  fi
  apt_install "what Muster runs on this machine" "${MISSING[@]}" ${kafka[@]+"${kafka[@]}"}
  took programs 60 "$from"
}

has() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }

setup_npm() {
  if ! command -v npm >/dev/null; then apt_install "Node.js with npm, to install pnpm" nodejs npm ca-certificates; fi
  local major
  major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
  [ "$major" -ge 18 ] || die "Muster's package manager needs Node 18 or newer to install itself; this machine has $(node --version 2>/dev/null || echo none). Please install a newer Node."
}

pnpm_is_there() { [ "$(PATH="$HOME/.local/bin:$PATH" pnpm --version 2>/dev/null || true)" = "$PNPM_VERSION" ]; }

setup_pnpm() {
  local from=$SECONDS
  PATH="$HOME/.local/bin:$PATH"
  if pnpm_is_there; then return; fi
  setup_npm
  say "installing pnpm $PNPM_VERSION (the package manager)$(left)"
  local where=()
  [ -w "$(npm prefix --global)" ] || where=(--prefix "$HOME/.local")
  # npm 11 asks which install scripts may run; older ones do not know the flag.
  local allow=()
  case "$(npm --version)" in 1[1-9].*) allow=(--allow-scripts=pnpm) ;; esac
  npm install --global "pnpm@$PNPM_VERSION" "${where[@]}" "${allow[@]}" --no-fund --no-audit --loglevel=error >/dev/null
  hash -r
  [ "$(pnpm --version 2>/dev/null || true)" = "$PNPM_VERSION" ] || die "pnpm $PNPM_VERSION was installed but is not first on the PATH: $(command -v pnpm || echo none)"
  took pnpm 5 "$from"
}

# What node_modules depends on: the lockfile, and every package.json, which a new game or dependency changes first.
packages_wanted() { cat pnpm-lock.yaml pnpm-workspace.yaml package.json contracts/package.json {packages,services,infra,tools}/*/package.json | cksum; }

PACKAGES_STAMP=node_modules/.muster-installed

packages_are_there() { [ -x node_modules/.bin/node ] && [ "$(packages_wanted)" = "$(cat "$PACKAGES_STAMP" 2>/dev/null)" ]; }

setup_packages() {
  local from=$SECONDS
  if packages_are_there && node_modules/.bin/node scripts/prepare-uws.ts; then return; fi
  local at
  for at in . node_modules; do
    [ ! -e "$at" ] || [ -w "$at" ] || die "The packages must be installed in $PWD, but $(id -un) may not write there:
use a checkout of your own, or let its owner run the same command first."
  done
  say "installing the packages (from the lockfile, including Node 24)$(left)"
  # In CI the lockfile must be up to date; locally, a new package of the workspace is added to it.
  local frozen=--prefer-frozen-lockfile
  [ -z "${CI:-}" ] || frozen=--frozen-lockfile
  pnpm install "$frozen" --reporter=append-only >/tmp/muster-pnpm-install.$$ 2>&1 || { cat /tmp/muster-pnpm-install.$$; rm -f /tmp/muster-pnpm-install.$$; die "pnpm install failed; its messages above say why."; }
  rm -f /tmp/muster-pnpm-install.$$
  if [ ! -x node_modules/.bin/node ]; then
    command -v node >/dev/null && node -e 'process.exit(process.version.startsWith("v24.") ? 0 : 1)' || die "There is no packaged Node 24 for this platform. Please install Node 24 and run this script again."
    ln -sf "$(command -v node)" node_modules/.bin/node
  fi
  packages_wanted >"$PACKAGES_STAMP"
  took packages 20 "$from"
}

database_is_given() { [ -n "${MUSTER_DB_URL:-}${IDENTITY_DB_URL:-}" ]; }

setup_servers() {
  if ! database_is_given && { ! has mariadbd || ! has mariadb-install-db; }; then
    apt_install "a private MariaDB (or set MUSTER_DB_URL to use an existing one)" mariadb-server-core mariadb-client-core
  fi
  has openssl || apt_install "a certificate for the ingress" openssl
  has nginx || apt_install "nginx as the ingress" nginx-light
}

# kafka_folder: where its jars are, for all checkouts of this user. infra/local/src/kafka-jars.ts finds it in the same way.
kafka_folder() {
  printf '%s/muster/kafka-%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}" "$(cat infra/local/kafka/pom.xml infra/local/kafka/jars.sha256 | sha256sum | cut -c1-16)"
}

kafka_is_there() { [ -n "${MUSTER_KAFKA_BROKERS:-}" ] || { [ -d "$(kafka_folder)/lib" ] && has java; }; }

# A private Kafka. Where it cannot be had, setup goes on: the system runs without.
setup_kafka() {
  local folder reason status=0 from=$SECONDS
  if kafka_is_there; then return; fi
  folder=$(kafka_folder)
  reason=$(mktemp)
  install_kafka "$folder" 2>"$reason" || status=$?
  [ "$status" -eq 0 ] || say "Kafka is not available: events stay in the outbox until it is ($(grep -v '^$' "$reason" | paste -sd ' ' -))"
  rm -f "$reason"
  [ "$status" -ne 0 ] || took kafka 30 "$from"
  # In CI its absence would hide what does not work, and wrong jars must not go unnoticed anywhere.
  if [ "$status" -eq 2 ] || { [ "$status" -ne 0 ] && [ -n "${CI:-}" ]; }; then die "Kafka could not be installed; the reason is above."; fi
}

# install_kafka FOLDER: all of the jars or none; exit code 2 for jars that are not the expected ones. In a subshell, which `die` ends.
install_kafka() (
  if ! has java || { [ ! -d "$1/lib" ] && ! has mvn; }; then
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || die "it needs Java 17 or newer and Maven: apt-get install -y --no-install-recommends default-jre-headless maven, by an administrator, and another start"
    apt_install "a private Kafka (or set MUSTER_KAFKA_BROKERS to use an existing one)" default-jre-headless maven
  fi
  [ ! -d "$1/lib" ] || exit 0
  local major making wrong
  major=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -1)
  [ "${major:-0}" -ge 17 ] || die "it needs Java 17 or newer; this machine has ${major:-none}"
  say "downloading Kafka from Maven Central (44 MB)$(left)"
  mkdir -p "$(dirname "$1")" && making=$(mktemp -d "$1.XXXXXX") || die "$(dirname "$1") cannot be written"
  trap 'rm -rf "$making"' EXIT
  # Of a user without an entry in /etc/passwd, Java believes that the home is `?`: Maven would make a folder of that name in the checkout.
  local own=()
  if ! getent passwd "$(id -u)" >/dev/null; then
    own=("-Dmaven.repo.local=$HOME/.m2/repository")
    [ ! -e "$HOME/.m2/settings.xml" ] || own+=(-s "$HOME/.m2/settings.xml")
  fi
  timeout 600 mvn -q -B "${own[@]}" -f infra/local/kafka/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$making/lib" >"$making/log" 2>&1 || die "Maven: $(grep -m1 ERROR "$making/log" | cut -c1-300)"
  rm "$making/log"
  wrong=$(cd "$making/lib" && LC_ALL=C sha256sum -- *.jar | diff "$OLDPWD/infra/local/kafka/jars.sha256" - | sed -n 's/^[<>] [0-9a-f]*  //p' | sort -u | paste -sd ' ' -)
  if [ -n "$wrong" ]; then
    printf 'not what infra/local/kafka/jars.sha256 says: %s\n' "$wrong" >&2
    exit 2
  fi
  chmod 755 "$making"
  mv -T "$making" "$1" 2>/dev/null || [ -d "$1/lib" ] || die "$1 cannot be written"
  node_modules/.bin/node infra/local/src/kafka-template.ts
)

# A real browser, for the tests of the client SDK only.
setup_browser() {
  has chromium || apt_install "a browser, for the tests of the client SDK" chromium
}

# For scripts/container-test.sh and scripts/test.sh --containers only.
setup_engine() {
  # aardvark-dns: without it, the containers of a network cannot resolve each other's names.
  if has podman && has runc && has mmdebstrap && has docker-compose && has iptables &&
    [ -x /usr/lib/podman/netavark ] && [ -x /usr/lib/podman/aardvark-dns ]; then return; fi
  apt_install "a container engine and tools to build base images" \
    podman runc netavark aardvark-dns iptables mmdebstrap docker-compose curl
}

# Renders the Kubernetes manifests, for the tests only. An old version is enough: the manifests use no new features.
setup_kubectl() {
  has kubectl || apt_install "kubectl kustomize, for the tests of the manifests" kubernetes-client
}

# Fills in the configuration of the ingress's image, for its test only.
setup_envsubst() {
  has envsubst || apt_install "envsubst, for the test of the ingress's image" gettext-base
}

# Runs the client that was written from the contract alone, for its tests only.
setup_python() {
  has python3 || apt_install "Python, for the tests' client in another language" python3
}

# Runs the client in GDScript, for its tests only. Not every distribution has Godot 3: without it they are skipped, but not in CI.
setup_godot() {
  if has godot3-server; then return; fi
  if (apt_install "Godot without a display, for the tests' client in GDScript" godot3-server); then return; fi
  [ -z "${CI:-}" ] || die "The client in GDScript must be tested here."
  say "without Godot, the tests of the client in GDScript are skipped"
}

# A private Prometheus, for up.sh --with-metrics and the tests of the alert rules and dashboards.
setup_prometheus() {
  { has prometheus && has promtool; } || apt_install "a private Prometheus, for metrics and the tests of alert rules" prometheus
}

# For backups only: the programs that dump and read the binary log, and a server to test a dump on.
setup_backup_programs() {
  has mariadbd || apt_install "a private MariaDB, to test backups on" mariadb-server-core
  { has mariadb-dump && has mariadb-binlog; } || apt_install "mariadb-dump and mariadb-binlog, for backups" mariadb-client
}

# What a system keeps would be refused file by file, after everything was installed.
refuse_foreign_home() {
  local at=${MUSTER_HOME:-.muster}
  while [ ! -e "$at" ]; do at=$(dirname "$at"); done
  [ -w "$at" ] || die "$(realpath "$at") belongs to another user ($(stat -c '%U, uid %u' "$at")), and this one may not write there.
Run this as that user, or in a checkout of your own, or with a folder and ports of your own: MUSTER_HOME, MUSTER_PORT and MUSTER_PORT_BASE."
}

# setup_everything [SECONDS]: what follows it takes so long: then each step says how much time is left.
setup_everything() {
  refuse_foreign_home
  if [ -n "${1:-}" ]; then
    LEFT_S=$1
    pnpm_is_there || LEFT_S=$((LEFT_S + $(usual pnpm 5)))
    packages_are_there || LEFT_S=$((LEFT_S + $(usual packages 20)))
    kafka_is_there || LEFT_S=$((LEFT_S + $(usual kafka 30)))
    { has nginx && { database_is_given || has mariadbd; }; } || LEFT_S=$((LEFT_S + $(usual programs 60)))
  fi
  setup_programs
  setup_pnpm
  setup_packages
  setup_servers
  setup_kafka
  export PATH="$PWD/node_modules/.bin:$PATH:/usr/sbin"
}
