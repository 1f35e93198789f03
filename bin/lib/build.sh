#!/bin/sh
# Builds dist/, one build at a time. Usage: build.sh ROOT NODE
set -eu
cd "$1"
mkdir -p .cache
printf 'building dist ...\n' >&2
exec flock .cache/build.lock "$2" tools/build.ts >&2
