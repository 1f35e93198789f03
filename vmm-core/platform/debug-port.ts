import { sampleMonotonic, sampledNanoseconds, sampledSeconds } from '#shared/sys/clock.ts';
import { type IoHandler, allOnes } from '../bus/bus.ts';
import type { StateArena } from '../state/arena.ts';
import type { Lock } from '../state/lock.ts';

/** Marks kept; older ones are overwritten. Kernels also write here just to pass time, so this must not grow. */
export const DEBUG_MARKS = 512;
const LOCK = 0;
const COUNT = 1;
const MARKS = 2;
const MARK_WORDS = 3;

/** Who wrote a mark, by its code. */
export type DebugRange = 'firmware' | 'bootloader' | 'kernel' | 'user' | 'custom';

export interface DebugMark {
  readonly code: number;
  readonly range: DebugRange;
  /** CLOCK_MONOTONIC of the write. */
  readonly atMs: number;
}

/** Port 0x80: a byte that the guest writes to say how far it is, kept with the time. */
export class DebugPort implements IoHandler {
  readonly #words: Int32Array;
  readonly #lock: Lock;

  constructor(arena: StateArena) {
    const slice = arena.slice('debug-port', 1, (MARKS + DEBUG_MARKS * MARK_WORDS) * 4);
    this.#words = slice.words;
    this.#lock = arena.lock(slice.words, LOCK);
  }

  read(_offset: number, size: number): number {
    return allOnes(size);
  }

  write(_offset: number, size: number, value: number): void {
    if (size !== 1) return;
    sampleMonotonic();
    this.#lock.acquire();
    const count = Atomics.load(this.#words, COUNT);
    const at = MARKS + ((count >>> 0) % DEBUG_MARKS) * MARK_WORDS;
    Atomics.store(this.#words, at, value);
    Atomics.store(this.#words, at + 1, sampledSeconds());
    Atomics.store(this.#words, at + 2, sampledNanoseconds());
    Atomics.store(this.#words, COUNT, count + 1);
    this.#lock.release();
  }

  /** The last marks, oldest first. Any thread; not for hot paths. */
  marks(): DebugMark[] {
    this.#lock.acquire();
    const count = Atomics.load(this.#words, COUNT) >>> 0;
    const marks: DebugMark[] = [];
    for (let index = Math.max(0, count - DEBUG_MARKS); index < count; index++) {
      const at = MARKS + (index % DEBUG_MARKS) * MARK_WORDS;
      const code = Atomics.load(this.#words, at);
      const atMs = (Atomics.load(this.#words, at + 1) >>> 0) * 1000 + Atomics.load(this.#words, at + 2) / 1e6;
      marks.push({ code, range: rangeOf(code), atMs });
    }
    this.#lock.release();
    return marks;
  }
}

function rangeOf(code: number): DebugRange {
  if (code < 0x20) return 'firmware';
  if (code < 0x40) return 'bootloader';
  if (code < 0x60) return 'kernel';
  return code < 0x80 ? 'user' : 'custom';
}
