// Original file: proto/ch/device/v1/device.proto

import type { Operation as _ch_device_v1_Operation, Operation__Output as _ch_device_v1_Operation__Output } from '../../../ch/device/v1/Operation.ts';
import type { Histogram as _ch_device_v1_Histogram, Histogram__Output as _ch_device_v1_Histogram__Output } from '../../../ch/device/v1/Histogram.ts';
import type { Long } from '@grpc/proto-loader';

export interface OperationStats {
  'operation'?: (_ch_device_v1_Operation);
  'requests'?: (number | string | Long);
  'bytes'?: (number | string | Long);
  'errors'?: (number | string | Long);
  'latency'?: (_ch_device_v1_Histogram | null);
}

export interface OperationStats__Output {
  'operation': (_ch_device_v1_Operation__Output);
  'requests': (string);
  'bytes': (string);
  'errors': (string);
  'latency': (_ch_device_v1_Histogram__Output | null);
}
