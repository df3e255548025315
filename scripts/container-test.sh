#!/usr/bin/env bash
# The images built, compose brought up, every container run by its manifest, and the smoke match played on each: before a version is called
# done. As root on Debian, with an engine from Debian's packages; no registry of images is asked. The first run makes the bases, too.
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
