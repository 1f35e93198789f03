// Original file: proto/ch/device/v1/device.proto

export const Operation = {
  OPERATION_UNSPECIFIED: 'OPERATION_UNSPECIFIED',
  READ: 'READ',
  WRITE: 'WRITE',
  FLUSH: 'FLUSH',
  OTHER: 'OTHER',
  DISCARD: 'DISCARD',
  WRITE_ZEROES: 'WRITE_ZEROES',
} as const;

export type Operation =
  | 'OPERATION_UNSPECIFIED'
  | 0
  | 'READ'
  | 1
  | 'WRITE'
  | 2
  | 'FLUSH'
  | 3
  | 'OTHER'
  | 4
  | 'DISCARD'
  | 5
  | 'WRITE_ZEROES'
  | 6

export type Operation__Output = typeof Operation[keyof typeof Operation]
