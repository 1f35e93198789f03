// Original file: proto/ch/device/v1/device.proto

import type { Long } from '@grpc/proto-loader';

export interface UpgradeRequest {
  'requestId'?: (string);
  'generation'?: (number | string | Long);
  'program'?: (string);
  'socket'?: (string);
  'successor'?: "program"|"socket";
}

export interface UpgradeRequest__Output {
  'requestId': (string);
  'generation': (string);
  'program'?: (string);
  'socket'?: (string);
  'successor'?: "program"|"socket";
}
