/** The device status field (virtio 1.2, 2.1 and 3.1) as named states, and which of them may follow which. */
import { type Result, err, ok } from '../lang/result.ts';
import {
  VIRTIO_CONFIG_S_ACKNOWLEDGE,
  VIRTIO_CONFIG_S_DRIVER,
  VIRTIO_CONFIG_S_DRIVER_OK,
  VIRTIO_CONFIG_S_FAILED,
  VIRTIO_CONFIG_S_FEATURES_OK,
  VIRTIO_CONFIG_S_NEEDS_RESET,
} from './spec.ts';

export const DEVICE_STATES = ['reset', 'acknowledged', 'driver', 'features-ok', 'running', 'failed'] as const;
export type DeviceState = (typeof DEVICE_STATES)[number];

/** The bits of each state, but for FAILED, which may stand beside any others, and NEEDS_RESET, which is ours to set. */
const BITS: Readonly<Record<Exclude<DeviceState, 'failed'>, number>> = {
  reset: 0,
  acknowledged: VIRTIO_CONFIG_S_ACKNOWLEDGE,
  driver: VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER,
  'features-ok': VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK,
  running: VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK,
};

/** 3.1.1: in order, skipping none; 2.1.1: no bit is cleared but by reset, and FAILED ends in reset alone. */
const MAY_FOLLOW: Readonly<Record<DeviceState, readonly DeviceState[]>> = {
  reset: ['reset', 'acknowledged', 'driver', 'failed'],
  acknowledged: ['reset', 'acknowledged', 'driver', 'failed'],
  driver: ['reset', 'driver', 'features-ok', 'failed'],
  'features-ok': ['reset', 'features-ok', 'running', 'failed'],
  running: ['reset', 'running', 'failed'],
  failed: ['reset', 'failed'],
};

export type StatusError =
  | { readonly code: 'STATUS_BITS'; readonly written: number }
  | { readonly code: 'STATUS_ORDER'; readonly from: DeviceState; readonly to: DeviceState };

/** The state that `written` names; NEEDS_RESET in it is ignored, for a driver may write back what it read. */
export function stateOf(written: number): DeviceState | undefined {
  if ((written & VIRTIO_CONFIG_S_FAILED) !== 0) return 'failed';
  const bits = written & ~VIRTIO_CONFIG_S_NEEDS_RESET;
  return DEVICE_STATES.find((state) => state !== 'failed' && BITS[state] === bits);
}

/** What a driver's write of the status field does to a device in state `from`. */
export function transition(from: DeviceState, written: number): Result<DeviceState, StatusError> {
  const to = stateOf(written);
  if (to === undefined) return err({ code: 'STATUS_BITS', written });
  return MAY_FOLLOW[from].includes(to) ? ok(to) : err({ code: 'STATUS_ORDER', from, to });
}
