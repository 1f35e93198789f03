/**
 * Descriptor chains (virtio 1.2, 2.7.5): read once, bounded, translated, and only then believed.
 *
 * The guest may rewrite a descriptor while it is read. So each of its words is loaded exactly once into a local, everything is
 * decided from those locals, and what a device sees afterwards are the segments written here, in memory the guest has no part in.
 */
import type { GuestMemory } from '../memory/index.ts';
import { PEEK_LIMIT } from '../memory/index.ts';
import type { ChainFault } from './fault.ts';
import { DESCRIPTOR_SIZE } from './ring-layout.ts';
import type { SegmentTable } from './segment-table.ts';
import { VIRTQ_DESC_F_INDIRECT, VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE } from './spec.ts';

const TWO_32 = 2 ** 32;

/**
 * One chain as a device sees it: `readable` segments from `first` on, then `writable` ones. One object per queue, overwritten by
 * the next chain: a device that defers keeps the head and what it needs in slots of its own.
 */
export class DescriptorChain {
  readonly segments: SegmentTable;
  head = 0;
  first = 0;
  readable = 0;
  writable = 0;
  readableBytes = 0;
  writableBytes = 0;
  /** It was in flight when another process died: the host may have done it already. */
  replayed = false;
  /** Where the next segment goes, and where there is no room for it any more. */
  #next = 0;
  #end = 0;

  constructor(segments: SegmentTable) {
    this.segments = segments;
  }

  /** The first writable segment; past the last segment where there is none. */
  get firstWritable(): number {
    return this.first + this.readable;
  }

  /** Forgets the chain before, for that of `head`. */
  begin(head: number): void {
    this.head = head;
    this.first = this.segments.small(head);
    this.#next = this.first;
    this.#end = this.segments.small(head + 1);
    this.readable = 0;
    this.writable = 0;
    this.readableBytes = 0;
    this.writableBytes = 0;
  }

  /** Adds one buffer of the driver's; one of no bytes adds nothing. Hot. */
  append(memory: GuestMemory, address: number, length: number, writable: boolean): ChainFault | undefined {
    if (!writable && this.writable !== 0) return 'READABLE_AFTER_WRITABLE';
    if (length === 0) return undefined;
    const host = memory.hostAddress(address, length);
    if (host === 0) return this.#appendPieces(memory, address, length, writable);
    return this.#add(host, address, length, writable);
  }

  /** A buffer across regions that touch in guest addresses becomes one segment for each of them. */
  #appendPieces(memory: GuestMemory, address: number, length: number, writable: boolean): ChainFault | undefined {
    let done = 0;
    while (done < length) {
      const piece = Math.min(memory.contiguous(address + done), length - done);
      if (piece === 0) return 'BUFFER_UNMAPPED';
      const fault = this.#add(memory.hostAddress(address + done, piece), address + done, piece, writable);
      if (fault !== undefined) return fault;
      done += piece;
    }
    return undefined;
  }

  #add(host: number, address: number, length: number, writable: boolean): ChainFault | undefined {
    if (this.#next === this.#end && !this.#enlarge()) return 'TOO_MANY_SEGMENTS';
    const { segments } = this;
    const segment = this.#next++;
    // Storing into 32-bit words drops what is above: the low half first, then the high one.
    segments.words[segment * 4] = host;
    segments.words[segment * 4 + 1] = host / TWO_32;
    segments.words[segment * 4 + 2] = length;
    segments.guest[segment] = address;
    if (writable) {
      this.writable++;
      this.writableBytes += length;
    } else {
      this.readable++;
      this.readableBytes += length;
    }
    return undefined;
  }

  /** The chain moves on to its head's large area; false where it is there already. */
  #enlarge(): boolean {
    const { segments, head, first } = this;
    if (first !== segments.small(head)) return false;
    segments.enlarge(head);
    this.first = segments.large(head);
    this.#next += this.first - first;
    this.#end = segments.large(head + 1);
    return true;
  }
}

export interface ChainSource {
  /** The descriptor table, and how many there are: exactly the ring's size. */
  readonly table: DataView;
  readonly entries: number;
  readonly memory: GuestMemory;
  readonly indirect: boolean;
}

/** Reads the chain that begins at `head` (below the table's size) into `chain`; answers what is wrong with it. Hot. */
export function readChain(chain: DescriptorChain, head: number, source: ChainSource): ChainFault | undefined {
  const { memory } = source;
  let view = source.table;
  let base = 0;
  let limit = source.entries;
  let nested = false;
  chain.begin(head);
  for (let index = head, hops = 1; ; hops++) {
    if (hops > limit) return 'CHAIN_LOOP';
    const at = base + index * DESCRIPTOR_SIZE;
    const address = view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true);
    const length = view.getUint32(at + 8, true);
    const tail = view.getUint32(at + 12, true);
    if ((tail & VIRTQ_DESC_F_INDIRECT) !== 0) {
      if (nested) return 'INDIRECT_NESTED';
      const fault = checkIndirect(source, tail, length);
      if (fault !== undefined) return fault;
      if (!memory.peek(address, length)) return 'INDIRECT_UNMAPPED';
      view = memory.view;
      base = memory.at;
      limit = length / DESCRIPTOR_SIZE;
      nested = true;
      index = 0;
      hops = 0;
      continue;
    }
    const fault = chain.append(memory, address, length, (tail & VIRTQ_DESC_F_WRITE) !== 0);
    if (fault !== undefined) return fault;
    if ((tail & VIRTQ_DESC_F_NEXT) === 0) return undefined;
    index = tail >>> 16;
    if (index >= limit) return 'NEXT_OUT_OF_RANGE';
  }
}

/**
 * 2.7.5.3: a table is whole descriptors, and the last of its chain. Its length is bounded by what a chain may have and not
 * by the ring's size, which Linux exceeds with small rings.
 */
function checkIndirect(source: ChainSource, tail: number, length: number): ChainFault | undefined {
  if (!source.indirect) return 'INDIRECT_NOT_NEGOTIATED';
  if ((tail & VIRTQ_DESC_F_NEXT) !== 0) return 'INDIRECT_WITH_NEXT';
  if (length === 0 || length % DESCRIPTOR_SIZE !== 0 || length > PEEK_LIMIT) return 'INDIRECT_LENGTH';
  return undefined;
}
