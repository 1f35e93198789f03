/** The driver's path through the device status bits (virtio 1.2, 2.1 and 3.1.1). */
import {
  VIRTIO_CONFIG_S_ACKNOWLEDGE as ACKNOWLEDGE,
  VIRTIO_CONFIG_S_DRIVER as DRIVER,
  VIRTIO_CONFIG_S_DRIVER_OK as DRIVER_OK,
  VIRTIO_CONFIG_S_FAILED as FAILED,
  VIRTIO_CONFIG_S_FEATURES_OK as FEATURES_OK,
  VIRTIO_CONFIG_S_NEEDS_RESET as NEEDS_RESET,
} from './spec.ts';

/** What the driver may write when the status is what, besides 0 (reset) and FAILED. */
const TRANSITIONS: readonly (readonly [from: number, to: number])[] = [
  [0, ACKNOWLEDGE],
  [0, ACKNOWLEDGE | DRIVER],
  [ACKNOWLEDGE, ACKNOWLEDGE | DRIVER],
  [ACKNOWLEDGE | DRIVER, ACKNOWLEDGE | DRIVER | FEATURES_OK],
  [ACKNOWLEDGE | DRIVER | FEATURES_OK, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK],
];

/** The status after the driver wrote `written`, not 0: what is not allowed changes nothing. NEEDS_RESET is the device's own. */
export function statusAfter(current: number, written: number): number {
  const own = current & NEEDS_RESET;
  const from = current & ~NEEDS_RESET;
  const to = written & ~NEEDS_RESET;
  if (to === (from | FAILED)) return to | own;
  for (const [allowedFrom, allowedTo] of TRANSITIONS) {
    if (from === allowedFrom && to === allowedTo) return to | own;
  }
  return current;
}
