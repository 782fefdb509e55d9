#!/usr/bin/env bash
# The main job on real input: ./demo.sh [FILE]. Installs what is missing, builds, starts a node, sends FILE (default: the GPL-3
# text that Debian ships) line by line into a topic of four queues, consumes it in two groups, kills one consumer half way,
# and rebuilds the file from what was consumed.
set -euo pipefail
file=$(realpath "${1:-/usr/share/common-licenses/GPL-3}")
cd "$(dirname "$0")"
source .ci/setup

install "${build_packages[@]}"
build build -- cafmq_program
exec python3 .ci/demo.py "$PWD/build/cafmq" "$file"
