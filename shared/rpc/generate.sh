#!/bin/sh
# Makes shared/rpc/generated from proto/. Run it after changing a .proto file; the check compares its output with what is committed.
#
# Start messages and error details are encoded by generated code; of the gRPC services only the types are made here, for their
# messages are encoded by what grpc-js loads with the .proto files themselves.
set -eu
cd "$(dirname "$0")/../.."
out=${1:-shared/rpc/generated}
mkdir -p "$out"
# Each has a root of its own: packages of one root replace each other.
for name in start hand-over status; do
  case $name in
    start) proto=proto/ch/start/v1/start.proto ;;
    hand-over) proto=proto/ch/handover/v1/handover.proto ;;
    status) proto=proto/google/rpc/status.proto ;;
  esac
  bin/ch-node node_modules/protobufjs-cli/bin/pbjs -t static-module -w es6 --dependency protobufjs/minimal.js --es6 --force-number \
    --no-verify --no-convert --no-delimited --no-typeurl -r $name -p proto -o "$out/$name.js" $proto
  bin/ch-node node_modules/protobufjs-cli/bin/pbts --no-comments -o "$out/$name.d.ts" "$out/$name.js"
  # protobufjs is CommonJS without named exports, and nobody here carries `long`.
  sed -i 's/^import \* as \$protobuf from/import $protobuf from/' "$out/$name.js"
  sed -i '/^import Long = require/d' "$out/$name.d.ts"
done
bin/ch-node node_modules/@grpc/proto-loader/build/bin/proto-loader-gen-types.js --grpcLib=@grpc/grpc-js --importFileExtension=.ts \
  --longs=String --enums=String --defaults --oneofs --includeDirs=proto --outDir="$out/device" ch/device/v1/device.proto >/dev/null
