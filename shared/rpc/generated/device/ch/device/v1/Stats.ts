// Original file: proto/ch/device/v1/device.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../../google/protobuf/Timestamp.ts';
import type { OperationStats as _ch_device_v1_OperationStats, OperationStats__Output as _ch_device_v1_OperationStats__Output } from '../../../ch/device/v1/OperationStats.ts';
import type { Long } from '@grpc/proto-loader';

export interface Stats {
  'since'?: (_google_protobuf_Timestamp | null);
  'operations'?: (_ch_device_v1_OperationStats)[];
  'ringFaults'?: (number | string | Long);
  'droppedChains'?: (number | string | Long);
  'throttledEvents'?: (number | string | Long);
  'throttledUs'?: (number | string | Long);
}

export interface Stats__Output {
  'since': (_google_protobuf_Timestamp__Output | null);
  'operations': (_ch_device_v1_OperationStats__Output)[];
  'ringFaults': (string);
  'droppedChains': (string);
  'throttledEvents': (string);
  'throttledUs': (string);
}
