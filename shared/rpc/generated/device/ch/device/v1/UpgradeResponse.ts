// Original file: proto/ch/device/v1/device.proto

import type { Long } from '@grpc/proto-loader';

export interface UpgradeResponse {
  'generation'?: (number | string | Long);
  'pid'?: (number);
}

export interface UpgradeResponse__Output {
  'generation': (string);
  'pid': (number);
}
