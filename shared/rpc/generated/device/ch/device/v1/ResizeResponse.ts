// Original file: proto/ch/device/v1/device.proto

import type { Long } from '@grpc/proto-loader';

export interface ResizeResponse {
  'size'?: (number | string | Long);
  'generation'?: (number | string | Long);
}

export interface ResizeResponse__Output {
  'size': (string);
  'generation': (string);
}
