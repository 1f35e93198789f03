#!/bin/sh
# Makes shared/rpc/generated from proto/. Run it after changing a .proto file; the check compares its output with what is committed.
set -eu
cd "$(dirname "$0")/../.."
out=${1:-shared/rpc/generated}
mkdir -p "$out"
bin/ch-node node_modules/protobufjs-cli/bin/pbjs -t static-module -w es6 --dependency protobufjs/minimal.js --es6 --force-number \
  --no-verify --no-convert --no-delimited --no-typeurl -p proto -o "$out/start.js" proto/ch/start/v1/start.proto
bin/ch-node node_modules/protobufjs-cli/bin/pbts --no-comments -o "$out/start.d.ts" "$out/start.js"
# protobufjs is CommonJS without named exports, and nobody here carries `long`.
sed -i 's/^import \* as \$protobuf from/import $protobuf from/' "$out/start.js"
sed -i '/^import Long = require/d' "$out/start.d.ts"
