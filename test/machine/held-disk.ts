/** A disk whose back end is the test: it takes one request at a time and answers it when told, with the sector's number in every byte. */
import { type Result, ok } from '#shared/lang/result.ts';
import { GuestMemory } from '#shared/memory/index.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { viewAt } from '#shared/sys/ffi.ts';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import { UnixSocket } from '#shared/sys/unix-socket.ts';
import type { Watch, Watcher } from '#shared/sys/watcher.ts';
import {
  type RingError,
  type RingStart,
  Session,
  VHOST_USER_PROTOCOL_F as F,
  type VhostUserDevice,
} from '#shared/vhost-user/backend/index.ts';
import { RING_FEATURES, SegmentTable, SplitQueue } from '#shared/virtio/index.ts';

const QUEUE_SIZE = 128;
const CONFIG_SIZE = 60;
const SECTORS = 2048;
const SECTOR_FIELD = 8;
const STATUS_OK = 0;

interface Held {
  readonly head: number;
  readonly sector: number;
  /** Memory that the driver gave for the answer. */
  readonly answer: readonly Uint8Array[];
}

/** Sector 0 is all `a`, sector 1 all `b`, and so on. */
export function sectorByte(sector: number): number {
  return 'a'.charCodeAt(0) + sector;
}

export class HeldDisk implements VhostUserDevice, Disposable {
  readonly features = RING_FEATURES;
  readonly protocolFeatures = F.CONFIG | F.BACKEND_REQ | F.INFLIGHT_SHMFD;
  readonly queueCount = 1;
  readonly maxQueueSize = QUEUE_SIZE;
  /** Sectors asked for, in the order in which they were answered; and those that are answered when the ring is stopped. */
  readonly answered: number[] = [];
  readonly answeredByStop: number[] = [];
  /** Answer each request at once. */
  isPrompt = false;
  /** Take nothing from the ring. */
  isAsleep = false;
  /** The front end has left. */
  readonly ended: Promise<void>;
  readonly #config = new Uint8Array(CONFIG_SIZE);
  readonly #segments = new SegmentTable(QUEUE_SIZE);
  readonly #watcher: Watcher;
  readonly #session: Session;
  readonly #socket: OwnedFd;
  readonly #watch: Watch;
  #kickWatch: Watch | undefined;
  #memory = new GuestMemory([]);
  #queue: SplitQueue | undefined;
  #callFd: Fd | undefined;
  #held: Held | undefined;
  #changed: () => void = () => {};
  #ignored: (() => void) | undefined;

  constructor(socket: OwnedFd, watcher: Watcher) {
    new DataView(this.#config.buffer).setUint32(0, SECTORS, true);
    this.#watcher = watcher;
    this.#socket = socket;
    this.#session = new Session(new UnixSocket(socket), this);
    let end = (): void => {};
    this.ended = new Promise((resolve) => void (end = resolve));
    this.#watch = watcher.watch(socket.fd, EPOLLIN, () => {
      if (this.#ignored !== undefined) {
        this.#watch.modify(0);
        return this.#ignored();
      }
      if (this.#session.readable() === 'open') return;
      this.#watch.close();
      end();
    });
  }

  /** The sector that a request held now asks for. */
  get heldSector(): number | undefined {
    return this.#held?.sector;
  }

  get runsRing(): boolean {
    return this.#queue !== undefined;
  }

  /** Resolves when a request for `sector` is held. */
  async holds(sector: number): Promise<void> {
    while (this.heldSector !== sector) await new Promise<void>((resolve) => void (this.#changed = resolve));
  }

  /** Answers its front end no more, and stays connected. Resolves when that has asked for something. */
  fallSilent(): Promise<void> {
    return new Promise((resolve) => void (this.#ignored = resolve));
  }

  /** Looks at the ring from now on. */
  wakeUp(): void {
    this.isAsleep = false;
    this.#take();
  }

  /** Answers the request held, and takes the next. */
  release(): void {
    this.#answer();
    this.#take();
  }

  readConfig(offset: number, length: number): Uint8Array | undefined {
    return offset + length <= CONFIG_SIZE ? this.#config.slice(offset, offset + length) : undefined;
  }

  writeConfig(): boolean {
    return false;
  }

  setFeatures(): void {}

  setMemory(memory: GuestMemory): void {
    this.#memory = memory;
  }

  startRing(ring: RingStart): Result<void, RingError> {
    const queue = SplitQueue.activate(ring, this.#memory, this.#segments);
    if (!queue.ok) return queue;
    this.#queue = queue.value;
    this.#callFd = ring.callFd;
    this.setRingKick(ring.index, ring.kickFd);
    if (ring.enabled) this.#take();
    return ok();
  }

  /** A request under way is answered first: the driver gets it back exactly once. */
  stopRing(): number {
    this.#kickWatch?.close();
    this.#kickWatch = undefined;
    if (this.#held !== undefined) this.answeredByStop.push(this.#held.sector);
    this.#answer();
    const next = this.#queue?.nextAvailable ?? 0;
    this.#queue = undefined;
    return next;
  }

  setRingCall(_index: number, callFd: Fd | undefined): void {
    this.#callFd = callFd;
  }

  setRingKick(_index: number, kickFd: Fd | undefined): void {
    this.#kickWatch?.close();
    this.#kickWatch =
      kickFd === undefined
        ? undefined
        : this.#watcher.watch(kickFd, EPOLLIN, () => {
            drainEventFd(kickFd);
            this.#take();
          });
  }

  setLog(): void {}

  setRingLog(): void {}

  saveState(): Uint8Array {
    return new Uint8Array();
  }

  loadState(): Result<void, RingError> {
    return ok();
  }

  setRingEnabled(_index: number, enabled: boolean): void {
    if (enabled) this.#take();
  }

  reset(): void {}

  setBackendChannel(): void {}

  /** Ends as a process that is killed: what it holds stays as it is. */
  crash(): void {
    this.#held = undefined;
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#watch.close();
    this.#session.close();
    this.#socket.close();
  }

  #take(): void {
    const queue = this.#queue;
    if (this.isAsleep || queue === undefined || this.#held !== undefined || !queue.take()) return;
    const { head, segments, first, firstWritable, writable } = queue.chain;
    const bytesOf = (index: number): Uint8Array => {
      const address = segments.view.getUint32(index * 16 + 4, true) * 2 ** 32 + segments.view.getUint32(index * 16, true);
      return new Uint8Array(viewAt(address, segments.view.getUint32(index * 16 + 8, true)));
    };
    const header = bytesOf(first);
    const sector = new DataView(header.buffer, header.byteOffset).getUint32(SECTOR_FIELD, true);
    this.#held = { head, sector, answer: Array.from({ length: writable }, (_, index) => bytesOf(firstWritable + index)) };
    if (this.isPrompt) return this.release();
    this.#changed();
  }

  #answer(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    for (const bytes of held.answer) bytes.fill(sectorByte(held.sector));
    held.answer.at(-1)?.fill(STATUS_OK);
    this.answered.push(held.sector);
    this.#queue?.push(
      held.head,
      held.answer.reduce((sum, { length }) => sum + length, 0),
    );
    if (this.#queue?.publish() === true && this.#callFd !== undefined) signalEventFd(this.#callFd);
  }
}
