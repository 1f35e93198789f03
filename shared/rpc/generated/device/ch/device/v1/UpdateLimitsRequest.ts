// Original file: proto/ch/device/v1/device.proto

import type { Limits as _ch_device_v1_Limits, Limits__Output as _ch_device_v1_Limits__Output } from '../../../ch/device/v1/Limits.ts';
import type { FieldMask as _google_protobuf_FieldMask, FieldMask__Output as _google_protobuf_FieldMask__Output } from '../../../google/protobuf/FieldMask.ts';
import type { Long } from '@grpc/proto-loader';

export interface UpdateLimitsRequest {
  'requestId'?: (string);
  'generation'?: (number | string | Long);
  'limits'?: (_ch_device_v1_Limits | null);
  'updateMask'?: (_google_protobuf_FieldMask | null);
}

export interface UpdateLimitsRequest__Output {
  'requestId': (string);
  'generation': (string);
  'limits': (_ch_device_v1_Limits__Output | null);
  'updateMask': (_google_protobuf_FieldMask__Output | null);
}
