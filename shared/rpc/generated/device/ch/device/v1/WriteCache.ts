// Original file: proto/ch/device/v1/device.proto

export const WriteCache = {
  WRITE_CACHE_UNSPECIFIED: 'WRITE_CACHE_UNSPECIFIED',
  BACK: 'BACK',
  THROUGH: 'THROUGH',
} as const;

export type WriteCache =
  | 'WRITE_CACHE_UNSPECIFIED'
  | 0
  | 'BACK'
  | 1
  | 'THROUGH'
  | 2

export type WriteCache__Output = typeof WriteCache[keyof typeof WriteCache]
