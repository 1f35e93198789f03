/** A ring as it was configured: what a queue is activated from. Nothing here can be popped. */
import { type Result, err, ok } from '../lang/result.ts';
import type { GuestMemory } from '../memory/index.ts';
import { availableRingSize, descriptorTableSize, usedRingSize } from './ring-layout.ts';
import { VIRTQ_AVAIL_ALIGN, VIRTQ_DESC_ALIGN, VIRTQ_MAX_SIZE, VIRTQ_USED_ALIGN } from './spec.ts';

/** One queue's part of the in-flight memory. */
export interface InflightRegion {
  /** In this process. */
  readonly hostAddress: number;
  /** Bytes. */
  readonly length: number;
  /** Entries that the table was made for: at least the ring's size. */
  readonly queueSize: number;
}

export interface RingConfig {
  /** Entries: a power of two. */
  readonly size: number;
  /** Addresses in this process of the ring's three parts, mapped for their whole length. */
  readonly descriptor: number;
  readonly available: number;
  readonly used: number;
  /** The available index to take next; with an in-flight table the table decides instead. */
  readonly base: number;
  readonly eventIdx: boolean;
  readonly indirect: boolean;
  readonly inflight: InflightRegion | undefined;
}

/** A ring as a driver wrote it into a transport's registers. */
export interface GuestRing {
  readonly size: number;
  readonly descriptor: number;
  readonly available: number;
  readonly used: number;
}

export type RingPart = 'descriptor' | 'available' | 'used';

export type QueueError =
  | { readonly code: 'RING_SIZE'; readonly size: number; readonly maximum: number }
  | { readonly code: 'RING_MISALIGNED'; readonly part: RingPart; readonly address: number }
  | { readonly code: 'RING_UNMAPPED'; readonly part: RingPart; readonly address: number }
  | { readonly code: 'INFLIGHT_TOO_SMALL'; readonly length: number; readonly needed: number }
  | { readonly code: 'INFLIGHT_VERSION'; readonly version: number }
  | { readonly code: 'INFLIGHT_SIZE'; readonly entries: number; readonly size: number };

/** virtio 1.2, 2.7: the size is a power of 2, at most 32768, and each part keeps its alignment. */
export function checkRing(ring: GuestRing, maximum = VIRTQ_MAX_SIZE): Result<void, QueueError> {
  const { size } = ring;
  if (!Number.isInteger(size) || size < 1 || size > maximum || (size & (size - 1)) !== 0) return err({ code: 'RING_SIZE', size, maximum });
  if (ring.descriptor % VIRTQ_DESC_ALIGN !== 0) return err({ code: 'RING_MISALIGNED', part: 'descriptor', address: ring.descriptor });
  if (ring.available % VIRTQ_AVAIL_ALIGN !== 0) return err({ code: 'RING_MISALIGNED', part: 'available', address: ring.available });
  if (ring.used % VIRTQ_USED_ALIGN !== 0) return err({ code: 'RING_MISALIGNED', part: 'used', address: ring.used });
  return ok();
}

/** Translates the three parts of a ring that a driver of ours configured. */
export function locateRing(ring: GuestRing, memory: GuestMemory): Result<GuestRing, QueueError> {
  const checked = checkRing(ring);
  if (!checked.ok) return checked;
  const descriptor = memory.hostAddress(ring.descriptor, descriptorTableSize(ring.size));
  if (descriptor === 0) return err({ code: 'RING_UNMAPPED', part: 'descriptor', address: ring.descriptor });
  const available = memory.hostAddress(ring.available, availableRingSize(ring.size));
  if (available === 0) return err({ code: 'RING_UNMAPPED', part: 'available', address: ring.available });
  const used = memory.hostAddress(ring.used, usedRingSize(ring.size));
  if (used === 0) return err({ code: 'RING_UNMAPPED', part: 'used', address: ring.used });
  return ok({ size: ring.size, descriptor, available, used });
}
