export { type SessionError } from '../errors.ts';
export { VHOST_USER_PROTOCOL_F } from '../spec.ts';
export type { BackendRequests, RingError, RingStart, VhostUserDevice } from './device.ts';
export { DEVICE_PROTOCOL_FEATURES, SESSION_PROTOCOL_FEATURES } from './request-rules.ts';
export { UNSEALED_MEMORY } from './requests.ts';
export { Session, type SessionOutcome } from './session.ts';
export {
  type BackendChannelState,
  type LogState,
  type RegionState,
  type RingState,
  type SessionState,
  descriptorsOf,
} from './session-state.ts';
