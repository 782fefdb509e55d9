#!/usr/bin/env bash
# Installs what is missing, builds, and passes all tests. Arguments go to ctest, for example: ./test.sh -R simulation
set -euo pipefail
cd "$(dirname "$0")"
source .ci/setup

install "${build_packages[@]}"
build build -- all
exec ctest --test-dir build --output-on-failure "$@"
