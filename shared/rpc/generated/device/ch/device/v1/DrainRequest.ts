// Original file: proto/ch/device/v1/device.proto

import type { Long } from '@grpc/proto-loader';

export interface DrainRequest {
  'requestId'?: (string);
  'generation'?: (number | string | Long);
  'deadlineMs'?: (number);
}

export interface DrainRequest__Output {
  'requestId': (string);
  'generation': (string);
  'deadlineMs': (number);
}
