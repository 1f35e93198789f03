/**
 * Where the parts of a split ring lie (virtio 1.2, 2.7). Only this folder, and the fake driver of the tests, knows.
 *
 *   descriptor table   size x { addr le64, len le32, flags le16, next le16 }
 *   available ring     flags le16, idx le16, ring[size] le16, used_event le16
 *   used ring          flags le16, idx le16, ring[size] { id le32, len le32 }, avail_event le16
 */
import { le16, le32, le64 } from '../layout/fields.ts';
import { struct } from '../layout/struct.ts';

/** 2.7.5 The Virtqueue Descriptor Table. */
export const VirtqDesc = struct('vring_desc', { addr: le64, len: le32, flags: le16, next: le16 });

/** 2.7.8 The Virtqueue Used Ring: one element. */
export const VirtqUsedElem = struct('vring_used_elem', { id: le32, len: le32 });

export const DESCRIPTOR_SIZE = VirtqDesc.size;

/** Index of a le16 in either ring: both begin with flags and idx. */
export const FLAGS_INDEX = 0;
export const IDX_INDEX = 1;
/** Index of the first le16 of the available ring's entries. */
export const AVAILABLE_ENTRIES_INDEX = 2;
/** Byte offset of the used ring's elements. */
export const USED_ELEMENTS = 4;

export const descriptorTableSize = (size: number): number => size * DESCRIPTOR_SIZE;
export const availableRingSize = (size: number): number => 6 + 2 * size;
export const usedRingSize = (size: number): number => 6 + VirtqUsedElem.size * size;

/** Index of used_event among the available ring's le16. */
export const usedEventIndex = (size: number): number => AVAILABLE_ENTRIES_INDEX + size;
/** Index of avail_event among the used ring's le16. */
export const availEventIndex = (size: number): number => (USED_ELEMENTS + VirtqUsedElem.size * size) / 2;
