#!/usr/bin/env bash
# Builds the images, starts them with compose, runs every container as its manifest says, and plays the smoke match on each. Run it before a version is called
# done. Needs root on Debian and a container engine from Debian's packages; it uses no image registry. The first run also builds the base images.
#
#   scripts/container-test.sh [images] [compose] [manifests]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
setup_everything
case " $* " in
  *" images "* | *" compose "* | *" manifests "* | "  ")
    setup_kubectl
    setup_engine
    ;;
esac
exec ./node_modules/.bin/node tools/containers/src/main.ts "$@"
