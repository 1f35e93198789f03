// Original file: proto/ch/device/v1/device.proto


export interface WatchStatsRequest {
  'intervalMs'?: (number);
}

export interface WatchStatsRequest__Output {
  'intervalMs': (number);
}
