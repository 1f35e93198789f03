// Original file: proto/ch/device/v1/device.proto

import type { Limits as _ch_device_v1_Limits, Limits__Output as _ch_device_v1_Limits__Output } from '../../../ch/device/v1/Limits.ts';
import type { Long } from '@grpc/proto-loader';

export interface UpdateLimitsResponse {
  'limits'?: (_ch_device_v1_Limits | null);
  'generation'?: (number | string | Long);
}

export interface UpdateLimitsResponse__Output {
  'limits': (_ch_device_v1_Limits__Output | null);
  'generation': (string);
}
