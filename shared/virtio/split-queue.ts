/**
 * One running split virtqueue (virtio 1.2, 2.7), the device's side.
 *
 * The ordering argument, once. Both sides write what they publish and then an index; they read the index and then what it
 * covers. Indices are 16-bit words on memory that others write, so they are loaded and stored with Atomics, which are
 * sequentially consistent:
 *  - the load of avail.idx happens before the loads of the entries and descriptors it covers;
 *  - the stores of used elements (and, by the kernel or by us, of the buffers' bytes) happen before the store of used.idx;
 *  - a full barrier stands between our store of used.idx and our load of used_event: else the driver could write used_event,
 *    find no new used.idx, and sleep, while we still see the old used_event and do not signal (2.7.7.2);
 *  - a full barrier stands between our store of avail_event (or used.flags) and our second load of avail.idx: else a
 *    chain made available in between would be seen by nobody (2.7.10).
 * The last two are the store-then-load that no cheaper ordering gives; an Atomics.store is one.
 *
 * A queue that starts, whether fresh, resumed or taken over from a dead process, believes nothing about notifications: it counts
 * as kicked, writes its own suppression state, and signals once whatever the driver asked for.
 */
import { assert } from '../lang/assert.ts';
import { type Result, err, ok } from '../lang/result.ts';
import type { GuestMemory } from '../memory/index.ts';
import { viewAt } from '../sys/ffi.ts';
import { type ChainSource, DescriptorChain, readChain } from './descriptor-chain.ts';
import type { ChainFault, RingFault } from './fault.ts';
import { InflightTable } from './inflight-table.ts';
import { type QueueError, type RingConfig, checkRing } from './ring-config.ts';
import {
  AVAILABLE_ENTRIES_INDEX,
  FLAGS_INDEX,
  IDX_INDEX,
  USED_ELEMENTS,
  VirtqUsedElem,
  availEventIndex,
  availableRingSize,
  descriptorTableSize,
  usedEventIndex,
  usedRingSize,
} from './ring-layout.ts';
import type { SegmentTable } from './segment-table.ts';
import { VIRTQ_AVAIL_F_NO_INTERRUPT, VIRTQ_USED_F_NO_NOTIFY } from './spec.ts';

/** Who owns a head. */
const DRIVER = 0;
const TAKEN = 1;
const PUSHED = 2;

export class SplitQueue {
  readonly size: number;
  /** What `take` found last. */
  readonly chain: DescriptorChain;
  readonly #eventIdx: boolean;
  readonly #available: Uint16Array;
  readonly #used: Uint16Array;
  readonly #usedElements: DataView;
  readonly #source: ChainSource;
  readonly #memory: GuestMemory;
  /** The guest address under which writes to the used ring are told to the memory's gate; undefined: they are not told. */
  #usedLog: number | undefined;
  readonly #inflight: InflightTable | undefined;
  /** Whose each head is. It is ours from the moment it is taken until the driver can see it returned. */
  readonly #owner: Uint8Array;
  /** Heads pushed since the last publish, a u16 each. */
  readonly #batch: DataView;
  #batched = 0;
  #taken = 0;
  /** Heads that the dead process had in flight, oldest first. */
  #replay: readonly number[] = [];
  #replayed = 0;
  /** The next available entry to take, and how far they were known to go. */
  #next: number;
  #known: number;
  #usedIdx: number;
  #lastSignalled = 0;
  #mustSignal = true;
  #fault: RingFault | undefined;
  #dropped = 0;
  readonly #faults = new Map<ChainFault, number>();

  private constructor(config: RingConfig, memory: GuestMemory, segments: SegmentTable, inflight: InflightTable | undefined) {
    const { size } = config;
    this.size = size;
    this.chain = new DescriptorChain(segments);
    this.#eventIdx = config.eventIdx;
    this.#memory = memory;
    this.#available = new Uint16Array(viewAt(config.available, availableRingSize(size)));
    this.#used = new Uint16Array(viewAt(config.used, usedRingSize(size)));
    this.#usedElements = new DataView(this.#used.buffer);
    const table = new DataView(viewAt(config.descriptor, descriptorTableSize(size)));
    this.#source = { table, entries: size, memory, indirect: config.indirect };
    this.#usedLog = memory.guestAddressOf(config.used, usedRingSize(size));
    this.#inflight = inflight;
    this.#owner = new Uint8Array(size);
    this.#batch = new DataView(new ArrayBuffer(size * 2));
    this.#usedIdx = Atomics.load(this.#used, IDX_INDEX);
    this.#next = config.base & 0xffff;
    if (inflight !== undefined) this.#recover(inflight);
    this.#known = this.#next;
    // A dead process may have left its suppression behind.
    Atomics.store(this.#used, FLAGS_INDEX, 0);
  }

  /** Starts a ring. `segments` has room for its heads and serves no other running queue. */
  static activate(config: RingConfig, memory: GuestMemory, segments: SegmentTable): Result<SplitQueue, QueueError> {
    const checked = checkRing(config, segments.slots);
    if (!checked.ok) return checked;
    if (config.inflight === undefined) return ok(new SplitQueue(config, memory, segments, undefined));
    const table = InflightTable.attach(config.inflight, config.size);
    return table.ok ? ok(new SplitQueue(config, memory, segments, table.value)) : err(table.error);
  }

  /** The available index to go on from when the ring has been stopped with nothing in flight. */
  get nextAvailable(): number {
    return this.#next;
  }

  /** Chains taken and not yet pushed, those to be replayed among them. */
  get inFlight(): number {
    return this.#taken + this.replaysLeft;
  }

  /** Chains that a dead process had taken, and that `take` will find before all others. */
  get replaysLeft(): number {
    return this.#replay.length - this.#replayed;
  }

  /** Set once the ring cannot be believed any more: nothing is taken from it until it is started anew. */
  get fault(): RingFault | undefined {
    return this.#fault;
  }

  /** How many chains went back unserved. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The same, by what was wrong with them. */
  get chainFaults(): ReadonlyMap<ChainFault, number> {
    return this.#faults;
  }

  /** Takes the next good chain into `chain`; bad ones on the way go back unserved. False where there is none. Hot. */
  take(): boolean {
    if (this.#replayed < this.#replay.length && this.#takeReplay()) return true;
    // Bounded by the ring's size: a head stays ours until the next publish, so a driver that repeats one breaks the ring.
    while (this.#next !== this.#known || this.#lookAhead()) {
      const head = this.#available[AVAILABLE_ENTRIES_INDEX + (this.#next & (this.size - 1))] ?? this.size;
      if (!this.#admit(head)) return false;
      this.#next = (this.#next + 1) & 0xffff;
      if (this.#read(head)) return true;
    }
    return false;
  }

  /** Returns a chain with `written` bytes in its writable segments; the driver sees it at the next `publish`. Hot. */
  push(head: number, written: number): void {
    assert(this.#owner[head] === TAKEN, 'a head is returned that is not in flight');
    this.#owner[head] = PUSHED;
    this.#taken--;
    const at = USED_ELEMENTS + (this.#usedIdx & (this.size - 1)) * VirtqUsedElem.size;
    this.#usedElements.setUint32(at, head, true);
    this.#usedElements.setUint32(at + 4, written, true);
    if (this.#inflight !== undefined) this.#inflight.batch(head);
    this.#batch.setUint16(this.#batched * 2, head, true);
    this.#batched++;
    this.#usedIdx = (this.#usedIdx + 1) & 0xffff;
  }

  /** Shows the driver everything pushed; answers whether it wants a signal. Hot. */
  publish(): boolean {
    if (this.#batched !== 0) {
      Atomics.store(this.#used, IDX_INDEX, this.#usedIdx);
      for (let index = 0; index < this.#batched; index++) this.#owner[this.#batch.getUint16(index * 2, true)] = DRIVER;
      if (this.#inflight !== undefined) this.#inflight.returned(this.#batch, this.#batched, this.#usedIdx);
      this.#batched = 0;
      this.#wroteUsed();
    } else if (!this.#mustSignal) {
      return false;
    }
    const before = this.#lastSignalled;
    this.#lastSignalled = this.#usedIdx;
    if (this.#mustSignal) {
      this.#mustSignal = false;
      return true;
    }
    if (!this.#eventIdx) return (Atomics.load(this.#available, FLAGS_INDEX) & VIRTQ_AVAIL_F_NO_INTERRUPT) === 0;
    // 2.7.7.2: signal where used_event lies among the indices published since the last look.
    const event = Atomics.load(this.#available, usedEventIndex(this.size));
    return ((this.#usedIdx - event - 1) & 0xffff) < ((this.#usedIdx - before) & 0xffff);
  }

  /** Has writes to the used ring told under another address (vhost-user's log_guest_addr) or not at all; those so far are told again. */
  logUsedAs(address: number | undefined): void {
    this.#usedLog = address;
    this.#wroteUsed();
  }

  /** Asks the driver not to kick while we look by ourselves. With EVENT_IDX a stale avail_event says so already. */
  disableNotification(): void {
    if (this.#eventIdx) return;
    Atomics.store(this.#used, FLAGS_INDEX, VIRTQ_USED_F_NO_NOTIFY);
    this.#wroteUsed();
  }

  /** Asks for a kick at the next chain; false where chains came before the driver could see that: serve them first. */
  enableNotification(): boolean {
    if (this.#fault !== undefined) return true;
    if (this.#eventIdx) Atomics.store(this.#used, availEventIndex(this.size), this.#next);
    else Atomics.store(this.#used, FLAGS_INDEX, 0);
    this.#wroteUsed();
    return !this.hasMore();
  }

  /** How many entries of the available ring there are to take, as the driver says: more than there can be if it lies. Hot. */
  get waiting(): number {
    return (Atomics.load(this.#available, IDX_INDEX) - this.#next) & 0xffff;
  }

  /** Whether there is something to take. Hot: this is what a poll looks at. */
  hasMore(): boolean {
    if (this.#fault !== undefined) return false;
    return Atomics.load(this.#available, IDX_INDEX) !== this.#next || this.#replayed < this.#replay.length;
  }

  /** Loads avail.idx; true where it shows more. */
  #lookAhead(): boolean {
    if (this.#fault !== undefined) return false;
    const available = Atomics.load(this.#available, IDX_INDEX);
    if (available === this.#next) return false;
    // 2.7.6: the driver never has more chains available than the ring has entries.
    if (((available - this.#next) & 0xffff) > this.size) return this.#break({ code: 'AVAILABLE_JUMPED', available, next: this.#next });
    this.#known = available;
    return true;
  }

  /** Judges a head from the available ring; what is wrong with one is fatal to the ring. */
  #admit(head: number): boolean {
    if (head >= this.size) return this.#break({ code: 'HEAD_OUT_OF_RANGE', head });
    if (this.#owner[head] !== DRIVER) return this.#break({ code: 'HEAD_IN_FLIGHT', head });
    if (this.#inflight !== undefined) this.#inflight.take(head);
    return true;
  }

  /** Reads an admitted head's chain; a bad one is counted and returned. */
  #read(head: number): boolean {
    this.#owner[head] = TAKEN;
    this.#taken++;
    const fault = readChain(this.chain, head, this.#source);
    this.chain.replayed = false;
    if (fault === undefined) return true;
    this.#dropped++;
    this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1);
    this.push(head, 0);
    return false;
  }

  #takeReplay(): boolean {
    while (this.#replayed < this.#replay.length) {
      const head = this.#replay[this.#replayed++] ?? 0;
      if (this.#read(head)) {
        this.chain.replayed = true;
        return true;
      }
    }
    return false;
  }

  /** What was taken is what was returned plus what is in flight: the table knows better than whoever restarts us. */
  #recover(inflight: InflightTable): void {
    this.#replay = inflight.recover(this.#usedIdx);
    this.#next = (this.#usedIdx + this.#replay.length) & 0xffff;
    for (const head of this.#replay) this.#owner[head] = TAKEN;
  }

  #break(fault: RingFault): false {
    this.#fault = fault;
    this.#known = this.#next;
    return false;
  }

  #wroteUsed(): void {
    if (this.#usedLog !== undefined) this.#memory.wrote(this.#usedLog, usedRingSize(this.size));
  }
}
