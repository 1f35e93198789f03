// Original file: proto/ch/device/v1/device.proto

import type { Long } from '@grpc/proto-loader';

export interface DrainResponse {
  'generation'?: (number | string | Long);
}

export interface DrainResponse__Output {
  'generation': (string);
}
