// Original file: proto/ch/device/v1/device.proto

import type { Long } from '@grpc/proto-loader';

export interface ResizeRequest {
  'requestId'?: (string);
  'generation'?: (number | string | Long);
  'size'?: (number | string | Long);
  'allowShrink'?: (boolean);
}

export interface ResizeRequest__Output {
  'requestId': (string);
  'generation': (string);
  'size': (string);
  'allowShrink': (boolean);
}
