// Original file: proto/ch/device/v1/device.proto

import type { Image as _ch_device_v1_Image, Image__Output as _ch_device_v1_Image__Output } from '../../../ch/device/v1/Image.ts';
import type { SessionState as _ch_device_v1_SessionState, SessionState__Output as _ch_device_v1_SessionState__Output } from '../../../ch/device/v1/SessionState.ts';
import type { Queue as _ch_device_v1_Queue, Queue__Output as _ch_device_v1_Queue__Output } from '../../../ch/device/v1/Queue.ts';
import type { Limits as _ch_device_v1_Limits, Limits__Output as _ch_device_v1_Limits__Output } from '../../../ch/device/v1/Limits.ts';
import type { WriteCache as _ch_device_v1_WriteCache, WriteCache__Output as _ch_device_v1_WriteCache__Output } from '../../../ch/device/v1/WriteCache.ts';
import type { Long } from '@grpc/proto-loader';

export interface Info {
  'id'?: (string);
  'kind'?: (string);
  'programVersion'?: (string);
  'apiVersion'?: (string);
  'features'?: (string)[];
  'pid'?: (number);
  'image'?: (_ch_device_v1_Image | null);
  'session'?: (_ch_device_v1_SessionState);
  'queues'?: (_ch_device_v1_Queue)[];
  'drained'?: (boolean);
  'limits'?: (_ch_device_v1_Limits | null);
  'generation'?: (number | string | Long);
  'rateLimitGroup'?: (string);
  'engine'?: (string);
  'writeCache'?: (_ch_device_v1_WriteCache);
}

export interface Info__Output {
  'id': (string);
  'kind': (string);
  'programVersion': (string);
  'apiVersion': (string);
  'features': (string)[];
  'pid': (number);
  'image': (_ch_device_v1_Image__Output | null);
  'session': (_ch_device_v1_SessionState__Output);
  'queues': (_ch_device_v1_Queue__Output)[];
  'drained': (boolean);
  'limits': (_ch_device_v1_Limits__Output | null);
  'generation': (string);
  'rateLimitGroup': (string);
  'engine': (string);
  'writeCache': (_ch_device_v1_WriteCache__Output);
}
