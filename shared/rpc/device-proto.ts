/** ch.device.v1 as grpc-js wants it: loaded from the .proto files, which lie beside the sources and are copied beside the bundles. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { type PackageDefinition, loadSync } from '@grpc/proto-loader';
import type { ProtoGrpcType } from './generated/device/device.ts';

export const API_VERSION = 'ch.device.v1';

/** As the types in generated/ were made. */
const OPTIONS = { longs: String, enums: String, defaults: true, oneofs: true } as const;

export interface DeviceProto {
  readonly definition: PackageDefinition;
  readonly Device: ProtoGrpcType['ch']['device']['v1']['Device'];
}

export function loadDeviceProto(): DeviceProto {
  const root = protoFolder(import.meta.dirname);
  const definition = loadSync('ch/device/v1/device.proto', { ...OPTIONS, includeDirs: [root] });
  // grpc-js knows no types of what it loads; generated/ has them.
  const types = loadPackageDefinition(definition) as unknown as ProtoGrpcType;
  return { definition, Device: types.ch.device.v1.Device };
}

/** `proto` in the nearest folder above that has one. */
function protoFolder(from: string): string {
  const folder = join(from, 'proto');
  if (existsSync(join(folder, 'ch'))) return folder;
  const above = dirname(from);
  if (above === from) throw new Error('the folder proto is missing');
  return protoFolder(above);
}
