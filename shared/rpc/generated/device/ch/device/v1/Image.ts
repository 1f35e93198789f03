// Original file: proto/ch/device/v1/device.proto

import type { Long } from '@grpc/proto-loader';

export interface Image {
  'path'?: (string);
  'type'?: (string);
  'size'?: (number | string | Long);
  'readOnly'?: (boolean);
}

export interface Image__Output {
  'path': (string);
  'type': (string);
  'size': (string);
  'readOnly': (boolean);
}
