// Original file: proto/ch/device/v1/device.proto

import type { Long } from '@grpc/proto-loader';

export interface ResumeResponse {
  'generation'?: (number | string | Long);
}

export interface ResumeResponse__Output {
  'generation': (string);
}
