// Original file: proto/ch/device/v1/device.proto

import type { Long } from '@grpc/proto-loader';

export interface ResumeRequest {
  'requestId'?: (string);
  'generation'?: (number | string | Long);
}

export interface ResumeRequest__Output {
  'requestId': (string);
  'generation': (string);
}
