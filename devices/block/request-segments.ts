/** Steps along the segments of a request's data, and how far they go. */
import type { GuestMemory } from '#shared/memory/index.ts';
import type { SegmentTable } from '#shared/virtio/index.ts';

/**
 * The most bytes of one request that the kernel gets at a time. What is in its page cache it copies before it comes back to us, so that
 * this bounds how long one request keeps the others, of this and of all queues, waiting. More than drivers usually ask for at once.
 */
export const LONGEST_PIECE = 1 << 20;

/**
 * A ring that is being stopped finishes what is under way, for a driver may be paused only. No driver needs more of it than this; one
 * that asked for more gets an error for the rest: its front end would wait for minutes, and give the device up.
 */
export const MOST_WHEN_STOPPING = 2 ** 30;

/**
 * io_uring waits for what would block by itself. EAGAIN still comes where its workers were refused memory, or a file system or driver
 * had no room for the request, and EINTR where one let itself be interrupted: both pass, and where they do not, that is an I/O error.
 */
export const MOST_RETRIES = 64;

/** Takes `bytes` off the front of `count` segments from `first` on; which one is the first then. Hot. */
export function skipSegments(segments: SegmentTable, first: number, count: number, bytes: number): number {
  let segment = first;
  let rest = bytes;
  while (segment < first + count && rest >= segments.lengthAt(segment)) {
    rest -= segments.lengthAt(segment);
    segment++;
  }
  if (rest > 0) segments.trimFront(segment, rest);
  return segment;
}

/** How many segments fit into one piece; a first one that is longer makes a piece by itself. */
export function countPiece(segments: SegmentTable, first: number, count: number): number {
  let bytes = segments.lengthAt(first);
  for (let segment = first + 1; segment < first + count; segment++) {
    bytes += segments.lengthAt(segment);
    if (bytes > LONGEST_PIECE) return segment - first;
  }
  return count;
}

/** The kernel wrote `bytes` into guest memory for us. Hot. */
export function tellWritten(memory: GuestMemory, segments: SegmentTable, first: number, bytes: number): void {
  let segment = first;
  for (let rest = bytes; rest > 0; segment++) {
    const length = Math.min(rest, segments.lengthAt(segment));
    memory.wrote(segments.guestAt(segment), length);
    rest -= length;
  }
}

/** The guest gets `bytes`. */
export function fillSegments(memory: GuestMemory, segments: SegmentTable, first: number, bytes: Uint8Array): void {
  let segment = first;
  for (let done = 0; done < bytes.length; segment++) {
    const length = Math.min(bytes.length - done, segments.lengthAt(segment));
    memory.writeBytes(segments.guestAt(segment), bytes.subarray(done, done + length));
    done += length;
  }
}

/** The guest gets so many zeros. */
export function zeroSegments(memory: GuestMemory, segments: SegmentTable, first: number, bytes: number): void {
  let segment = first;
  for (let rest = bytes; rest > 0; segment++) {
    const length = Math.min(rest, segments.lengthAt(segment));
    memory.writeZeros(segments.guestAt(segment), length);
    rest -= length;
  }
}
