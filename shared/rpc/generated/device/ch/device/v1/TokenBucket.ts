// Original file: proto/ch/device/v1/device.proto

import type { Long } from '@grpc/proto-loader';

export interface TokenBucket {
  'size'?: (number | string | Long);
  'oneTimeBurst'?: (number | string | Long);
  'refillTime'?: (number | string | Long);
}

export interface TokenBucket__Output {
  'size': (string);
  'oneTimeBurst': (string);
  'refillTime': (string);
}
