/** Feature negotiation (virtio 1.2, 2.2): the driver accepts a subset of what was offered. */
import { type Result, err, ok } from '../lang/result.ts';
import { VIRTIO_F_RING_EVENT_IDX, VIRTIO_F_RING_INDIRECT_DESC, VIRTIO_F_VERSION_1 } from './spec.ts';

export type FeatureError =
  | { readonly code: 'FEATURE_NOT_OFFERED'; readonly bits: bigint }
  /** 6.1: a device may insist on VERSION_1; ours do. */
  | { readonly code: 'VERSION_1_MISSING' };

/** What the ring itself can do, for every device. */
export const RING_FEATURES = VIRTIO_F_RING_INDIRECT_DESC | VIRTIO_F_RING_EVENT_IDX | VIRTIO_F_VERSION_1;

export function acceptFeatures(offered: bigint, accepted: bigint): Result<bigint, FeatureError> {
  const unknown = accepted & ~offered;
  if (unknown !== 0n) return err({ code: 'FEATURE_NOT_OFFERED', bits: unknown });
  if ((accepted & VIRTIO_F_VERSION_1) === 0n) return err({ code: 'VERSION_1_MISSING' });
  return ok(accepted);
}
