/**
 * An engine for files in the host's page cache, that does at once what waits for nothing anyway.
 *
 * Writes: io_uring hands a write to a file system that cannot promise not to wait (ext4) to a thread of its own, whose wake-ups cost
 * more than the copy. Such a write may wait all the same: for the journal, or because too much is dirty. Then nothing else of this
 * thread goes on. So where one has waited, the next ones are left to the engine, for longer every time that it happens again.
 *
 * A read that comes alone: an entry of io_uring costs more than a system call, which many in one entry do not.
 */
import { performance } from 'node:perf_hooks';
import { EAGAIN, EOPNOTSUPP } from '#shared/sys/errno.ts';
import { IORING_OP, IOSQE_FIXED_FILE } from '#shared/sys/io-uring.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { voluntarySwitches } from '#shared/sys/thread.ts';
import type { Engine } from './engine.ts';
import { RWF_NOWAIT, transfer } from './file-operation.ts';

/** What a batch of writes may take: this, and so much for each megabyte that was copied. */
const PATIENCE_MS = 2;
const MS_PER_MEGABYTE = 2;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** After a batch that took longer, so many are watched: had they to wait, or did other programs have the processor? */
const WATCHED = 16;
/** Reads that are left to the engine after one that was not in the cache. */
const READS_LEFT = 32;
/** Done and not yet reaped: as many as a queue may have. A power of two. */
const DONE = 1024;

export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** How often this thread has waited in the kernel. */
  waits(): number;
}

export class EagerEngine implements Engine {
  tokenLow = 0;
  tokenHigh = 0;
  result = 0;
  flags = 0;
  readonly #inner: Engine;
  readonly #files: readonly Fd[];
  readonly #clock: Clock;

  /** What is done: three words each. */
  readonly #done = new Int32Array(DONE * 3);
  #head = 0;
  #tail = 0;

  /** The one read that was prepared since the last submit; it is no entry of the inner engine yet. */
  #isHeld = false;
  #heldOpcode = 0;
  #heldFile = 0;
  #heldOffset = 0;
  #heldAddress = 0;
  #heldLength = 0;
  #heldLow = 0;
  #heldHigh = 0;
  #skipReads = 0;

  /** Of the writes since the last look at the clock. */
  #begunAt = 0;
  #written = 0;
  #bytes = 0;
  #watched = 0;
  #waits = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #pausedUntil = -Infinity;
  #isPaused = false;

  /** `files` are those of the inner engine, none of them opened with O_DIRECT. */
  constructor(inner: Engine, files: readonly Fd[], clock: Clock = { now: () => performance.now(), waits: voluntarySwitches }) {
    this.#inner = inner;
    this.#files = files;
    this.#clock = clock;
  }

  get entries(): number {
    return this.#inner.entries;
  }

  get free(): number {
    return this.#inner.free - (this.#isHeld ? 1 : 0);
  }

  get pending(): number {
    return this.#inner.pending + (this.#isHeld ? 1 : 0);
  }

  // oxlint-disable-next-line max-params -- an entry's fields; an object for each request would be garbage.
  prepare(
    opcode: number,
    flags: number,
    file: number,
    offset: number,
    address: number,
    length: number,
    tokenLow: number,
    tokenHigh: number,
    operationFlags = 0,
  ): void {
    if (this.#isHeld) this.#letGo();
    if (flags === IOSQE_FIXED_FILE && operationFlags === 0) {
      const isWrite = opcode === IORING_OP.WRITE || opcode === IORING_OP.WRITEV;
      if (isWrite && this.#mayWrite()) {
        const result = this.#write(opcode, file, offset, address, length);
        return this.#finish(tokenLow, tokenHigh, result);
      }
      if ((opcode === IORING_OP.READ || opcode === IORING_OP.READV) && this.#inner.pending === 0 && this.#mayHold()) {
        this.#isHeld = true;
        this.#heldOpcode = opcode;
        this.#heldFile = file;
        this.#heldOffset = offset;
        this.#heldAddress = address;
        this.#heldLength = length;
        this.#heldLow = tokenLow;
        this.#heldHigh = tokenHigh;
        return;
      }
    }
    this.#inner.prepare(opcode, flags, file, offset, address, length, tokenLow, tokenHigh, operationFlags);
  }

  submit(minimum: number): void {
    if (this.#isHeld && this.#inner.pending === 0 && this.#read()) this.#isHeld = false;
    else if (this.#isHeld) this.#letGo();
    const left = minimum - ((this.#tail - this.#head) | 0);
    if (left > 0 || this.#inner.pending > 0) this.#inner.submit(Math.max(0, left));
  }

  poke(): void {
    this.#inner.poke();
  }

  next(): boolean {
    if (this.#written > 0) this.#judge();
    if (this.#head !== this.#tail) {
      const at = (this.#head & (DONE - 1)) * 3;
      this.#head = (this.#head + 1) | 0;
      this.tokenLow = (this.#done[at] ?? 0) >>> 0;
      this.tokenHigh = (this.#done[at + 1] ?? 0) >>> 0;
      this.result = this.#done[at + 2] ?? 0;
      this.flags = 0;
      return true;
    }
    const inner = this.#inner;
    if (!inner.next()) return false;
    this.tokenLow = inner.tokenLow;
    this.tokenHigh = inner.tokenHigh;
    this.result = inner.result;
    this.flags = inner.flags;
    return true;
  }

  close(): void {
    this.#inner.close();
  }

  #mayWrite(): boolean {
    if (((this.#tail - this.#head) | 0) === DONE) return false;
    if (this.#written === 0) {
      this.#begunAt = this.#clock.now();
      this.#isPaused = this.#begunAt < this.#pausedUntil;
      if (this.#watched > 0) this.#waits = this.#clock.waits();
    }
    return !this.#isPaused;
  }

  // oxlint-disable-next-line max-params -- an entry's fields.
  #write(opcode: number, file: number, offset: number, address: number, length: number): number {
    const result = transfer(opcode, this.#files[file] ?? -1, offset, address, length, 0);
    this.#written++;
    if (result > 0) this.#bytes += result;
    return result;
  }

  /** Whether the writes since the last time have waited: then others are left to the engine for a while. */
  #judge(): void {
    const now = this.#clock.now();
    const isSlow = now - this.#begunAt > PATIENCE_MS + (this.#bytes / 2 ** 20) * MS_PER_MEGABYTE;
    this.#written = 0;
    this.#bytes = 0;
    if (isSlow && this.#watched === 0) {
      this.#watched = WATCHED;
      return;
    }
    if (this.#watched > 0) this.#watched--;
    if (isSlow && this.#clock.waits() !== this.#waits) {
      this.#watched = 0;
      this.#pausedUntil = now + this.#pauseMs;
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    } else if (now > this.#pausedUntil + this.#pauseMs) {
      this.#pauseMs = FIRST_PAUSE_MS;
    }
  }

  #mayHold(): boolean {
    if (this.#skipReads === 0) return true;
    this.#skipReads--;
    return false;
  }

  /** The held read, if it need not wait. */
  #read(): boolean {
    if (((this.#tail - this.#head) | 0) === DONE) return false;
    const file = this.#files[this.#heldFile] ?? -1;
    const result = transfer(this.#heldOpcode, file, this.#heldOffset, this.#heldAddress, this.#heldLength, RWF_NOWAIT);
    if (result === -EAGAIN || result === -EOPNOTSUPP) {
      this.#skipReads = READS_LEFT;
      return false;
    }
    this.#finish(this.#heldLow, this.#heldHigh, result);
    return true;
  }

  /** The held read goes to the inner engine. */
  #letGo(): void {
    this.#isHeld = false;
    this.#inner.prepare(
      this.#heldOpcode,
      IOSQE_FIXED_FILE,
      this.#heldFile,
      this.#heldOffset,
      this.#heldAddress,
      this.#heldLength,
      this.#heldLow,
      this.#heldHigh,
    );
  }

  #finish(tokenLow: number, tokenHigh: number, result: number): void {
    const at = (this.#tail & (DONE - 1)) * 3;
    this.#done[at] = tokenLow;
    this.#done[at + 1] = tokenHigh;
    this.#done[at + 2] = result;
    this.#tail = (this.#tail + 1) | 0;
  }
}
