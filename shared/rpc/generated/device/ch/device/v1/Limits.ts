// Original file: proto/ch/device/v1/device.proto

import type { TokenBucket as _ch_device_v1_TokenBucket, TokenBucket__Output as _ch_device_v1_TokenBucket__Output } from '../../../ch/device/v1/TokenBucket.ts';

export interface Limits {
  'bandwidth'?: (_ch_device_v1_TokenBucket | null);
  'ops'?: (_ch_device_v1_TokenBucket | null);
}

export interface Limits__Output {
  'bandwidth': (_ch_device_v1_TokenBucket__Output | null);
  'ops': (_ch_device_v1_TokenBucket__Output | null);
}
