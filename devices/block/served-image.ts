/**
 * An image as the rings of one thread use it: who waits for it, and the fdatasync that several wait for together.
 *
 * One fdatasync is under way at a time. What asks for one meanwhile gets the next: it has to begin after it was asked for. Guests'
 * flushes, writes that have to be durable, barriers of claims and the image's own wishes share it.
 */
import { EAGAIN, EINTR, EIO, retryInterrupted, sysError } from '#shared/sys/errno.ts';
import { allocate, syscall } from '#shared/sys/ffi.ts';
import { IORING_FSYNC_DATASYNC, IORING_OP, IOSQE_FIXED_FILE } from '#shared/sys/io-uring.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import type { Engine } from './engine/engine.ts';
import type { ErrorLog } from './error-log.ts';
import type { Image } from './image/image.ts';
import { MOST_RETRIES } from './request-segments.ts';

/** A request that waits, by its head, for the ring's `resume`. */
export interface Waiter {
  /** The image may be ready for it, or what it waited for has ended: 0, or -errno of the fdatasync. */
  resume(head: number, result: number): void;
}

/** Requests that wait, in their order. */
class Waiting {
  #owners: Waiter[] = [];
  #heads: number[] = [];

  get count(): number {
    return this.#heads.length;
  }

  add(owner: Waiter, head: number): void {
    this.#owners.push(owner);
    this.#heads.push(head);
  }

  /** Nobody waits at `other`. */
  moveTo(other: Waiting): void {
    [other.#owners, this.#owners] = [this.#owners, other.#owners];
    [other.#heads, this.#heads] = [this.#heads, other.#heads];
  }

  /** All that are there now; those that wait again meanwhile stay. */
  resume(result: number): void {
    const owners = this.#owners;
    const heads = this.#heads;
    this.#owners = [];
    this.#heads = [];
    for (const [index, owner] of owners.entries()) owner.resume(heads[index] ?? 0, result);
  }
}

export const IMAGE_FILE = 0;
const ZEROS = 1 << 20;
/** What O_DIRECT is content with everywhere. */
const ALIGNMENT = 4096;
/** An fdatasync brings on what an image waits for; one that so many did not help will not come. */
const MOST_IN_VAIN = 1024;

/**
 * 0, or -errno of an fdatasync that failed unasked: what it should have made durable may be lost, whatever the next one says. All
 * threads of a disk share it, for their open file is one, which tells of a failure once.
 */
export type SyncFailure = Int32Array;

export function noSyncFailure(): SyncFailure {
  return new Int32Array(new SharedArrayBuffer(4));
}

export interface ServedImageOptions {
  readonly engine: Engine;
  /** The upper half of the token of its fdatasync. */
  readonly token: number;
  readonly errors: ErrorLog;
  /** The disk's, where others serve it too. */
  readonly failure?: SyncFailure;
}

export class ServedImage {
  readonly image: Image;
  readonly errors: ErrorLog;
  /** Every change has to be durable before its request completes. */
  writeThrough = false;
  /** Operations of requests that the engine has. */
  inEngine = 0;
  readonly #engine: Engine;
  readonly #token: number;
  /** Ask again after the next publish, abandon or fdatasync. */
  readonly #busy = new Waiting();
  /** Wait for an fdatasync that begins from now on. */
  readonly #flushes = new Waiting();
  /** For the end of the one that is under way. */
  readonly #flushing = new Waiting();
  readonly #barriers = new Waiting();
  readonly #zeros = allocate(ZEROS + ALIGNMENT);
  #isSyncing = false;
  #ticket = 0;
  #retries = 0;
  #inVain = 0;
  #isSettling = false;
  /** Something has happened that those who are busy wait for. */
  #hasNews = false;
  readonly #failure: SyncFailure;
  /** Modes of fallocate(2) that the host's file does not know. */
  #unknownModes = 0;

  constructor(image: Image, { engine, token, errors, failure = noSyncFailure() }: ServedImageOptions) {
    this.image = image;
    this.errors = errors;
    this.#engine = engine;
    this.#token = token;
    this.#failure = failure;
  }

  /** As many zeros as `zerosLength`, at an address. */
  get zerosAddress(): number {
    return Math.ceil(this.#zeros.address / ALIGNMENT) * ALIGNMENT;
  }

  get zerosLength(): number {
    return ZEROS;
  }

  /** Below 0: what was complete may not be durable, and no flush says that it is. */
  get failure(): number {
    return Atomics.load(this.#failure, 0);
  }

  /** The engine has an fdatasync of it. */
  get isSyncing(): boolean {
    return this.#isSyncing;
  }

  canAllocate(mode: number): boolean {
    return (this.#unknownModes & mode) !== mode;
  }

  cannotAllocate(mode: number): void {
    this.#unknownModes |= mode;
  }

  awaitNews(owner: Waiter, head: number): void {
    this.#busy.add(owner, head);
  }

  /** Of a claim that needs a barrier. */
  awaitBarrier(owner: Waiter, head: number): void {
    this.#barriers.add(owner, head);
  }

  awaitFlush(owner: Waiter, head: number): void {
    this.#flushes.add(owner, head);
  }

  /**
   * An fdatasync that no request of the guest waits for; `done` gets 0 or -errno. A file tells of a failed one once, and its guest would
   * not hear of it: so every later one fails, too.
   */
  syncAhead(done: (result: number) => void): void {
    const resume = (_: number, result: number): void => {
      if (result < 0) this.#fail(result);
      done(result);
    };
    this.awaitFlush({ resume }, 0);
    this.settle();
  }

  /** A claim is over. */
  hasNews(): void {
    this.#hasNews = true;
    this.#inVain = 0;
  }

  /** At the end of each turn with the image: those who wait go on where they can, and what an fdatasync is needed for gets it. Hot. */
  settle(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    while (this.#hasNews) {
      this.#hasNews = false;
      if (this.#busy.count > 0) this.#busy.resume(0);
    }
    if (!this.#isSyncing && this.#needsSync()) this.#sync();
    this.#isSettling = false;
  }

  /** Whose result came from the engine. */
  synced(result: number): void {
    if ((result === -EAGAIN || result === -EINTR) && ++this.#retries <= MOST_RETRIES) return this.#prepare();
    this.#isSyncing = false;
    const { durability } = this.image;
    if (result < 0) this.errors.report(sysError('flush the image', -result).message);
    // Where places move, what a failed one lost may be what says where anything is.
    if (result < 0 && durability !== undefined) this.#fail(result);
    durability?.syncEnds(this.#ticket, result);
    this.#hasNews = true;
    this.#barriers.resume(0);
    this.#flushing.resume(this.failure || Math.min(result, 0));
    this.settle();
  }

  /** Makes everything durable that is complete, before it returns. Where that fails, so does every flush from now on: see `syncAhead`. Cold. */
  syncNow(): void {
    const { durability, files } = this.image;
    const ticket = durability?.syncBegins() ?? 0;
    const result = retryInterrupted(() => syscall(SYS.fdatasync, files[IMAGE_FILE] ?? -1));
    if (result < 0) {
      this.errors.report(sysError('flush the image', -result).message);
      this.#fail(result);
    }
    durability?.syncEnds(ticket, result);
    this.#hasNews = true;
    this.settle();
  }

  #fail(result: number): void {
    Atomics.store(this.#failure, 0, result);
  }

  #needsSync(): boolean {
    if (this.#flushes.count > 0 || this.image.durability?.wantsSync === true) return true;
    if (this.#busy.count === 0 || this.inEngine > 0) return false;
    // Nothing that is under way would wake them.
    if (++this.#inVain <= MOST_IN_VAIN) return true;
    this.#busy.resume(-EIO);
    return false;
  }

  #sync(): void {
    this.#isSyncing = true;
    this.#retries = 0;
    this.#flushes.moveTo(this.#flushing);
    this.#ticket = this.image.durability?.syncBegins() ?? 0;
    this.#prepare();
  }

  #prepare(): void {
    this.#engine.prepare(IORING_OP.FSYNC, IOSQE_FIXED_FILE, IMAGE_FILE, 0, 0, 0, 0, this.#token, IORING_FSYNC_DATASYNC);
  }
}
