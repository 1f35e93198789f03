// Original file: proto/ch/device/v1/device.proto

import type { Long } from '@grpc/proto-loader';

export interface _ch_device_v1_Histogram_Bucket {
  'upToUs'?: (number | string | Long);
  'count'?: (number | string | Long);
}

export interface _ch_device_v1_Histogram_Bucket__Output {
  'upToUs': (string);
  'count': (string);
}

export interface Histogram {
  'sumUs'?: (number | string | Long);
  'buckets'?: (_ch_device_v1_Histogram_Bucket)[];
}

export interface Histogram__Output {
  'sumUs': (string);
  'buckets': (_ch_device_v1_Histogram_Bucket__Output)[];
}
