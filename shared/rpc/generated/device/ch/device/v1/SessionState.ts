// Original file: proto/ch/device/v1/device.proto

export const SessionState = {
  SESSION_STATE_UNSPECIFIED: 'SESSION_STATE_UNSPECIFIED',
  WAITING: 'WAITING',
  CONNECTED: 'CONNECTED',
} as const;

export type SessionState =
  | 'SESSION_STATE_UNSPECIFIED'
  | 0
  | 'WAITING'
  | 1
  | 'CONNECTED'
  | 2

export type SessionState__Output = typeof SessionState[keyof typeof SessionState]
