/**
 * The machine's registers, in one SharedArrayBuffer that every thread of the core builds the same view of.
 *
 * Each thread makes the same sequence of `slice` calls and so gets the same offsets. A guard word stands before each slice: the
 * first thread writes a mark of (name, version, size) there and the others compare, so that two threads that built different
 * machines stop at once instead of reading each other's registers.
 *
 * Saving and restoring happen while every vCPU is paused and the main thread is idle; locks are then free.
 */
import { assert } from '#shared/lang/assert.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { Lock } from './lock.ts';

const ALIGNMENT = 8;
const GUARD_SIZE = 8;

/** One part's registers. All three views cover the same bytes; `offset` is their place in the arena, a multiple of 8. */
export interface StateSlice {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** For Atomics: locks, effects, control words. */
  readonly words: Int32Array;
  readonly offset: number;
}

/** A slice's contents, detached from the arena. */
export interface SavedSlice {
  readonly name: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** Saved slices that this machine cannot take over. */
export type StateError =
  | { readonly code: 'SLICE_MISSING'; readonly name: string; readonly message: string }
  | { readonly code: 'SLICE_UNKNOWN'; readonly name: string; readonly message: string }
  | { readonly code: 'SLICE_DUPLICATE'; readonly name: string; readonly message: string }
  | { readonly code: 'SLICE_VERSION'; readonly name: string; readonly version: number; readonly expected: number; readonly message: string }
  | { readonly code: 'SLICE_SIZE'; readonly name: string; readonly size: number; readonly expected: number; readonly message: string };

interface Entry {
  readonly version: number;
  readonly slice: StateSlice;
}

export class StateArena {
  readonly #buffer: SharedArrayBuffer;
  readonly #entries = new Map<string, Entry>();
  readonly #locks: { readonly words: Int32Array; readonly index: number }[] = [];
  #end = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.#buffer = buffer;
  }

  /** Bytes handed out so far, guards included. */
  get used(): number {
    return this.#end;
  }

  /** The next `size` bytes (rounded up to a multiple of 8), zero when the machine is new. `version` is the layout's own. */
  slice(name: string, version: number, size: number): StateSlice {
    assert(Number.isSafeInteger(size) && size > 0, `state ${name} has ${size} bytes`);
    assert(!this.#entries.has(name), `state ${name} is laid out twice`);
    const length = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    const offset = this.#end + GUARD_SIZE;
    assert(offset + length <= this.#buffer.byteLength, `state ${name} does not fit the arena of ${this.#buffer.byteLength} bytes`);
    this.#checkGuard(`${name}\0${version}\0${length}`, name);
    this.#end = offset + length;
    const slice: StateSlice = {
      bytes: new Uint8Array(this.#buffer, offset, length),
      view: new DataView(this.#buffer, offset, length),
      words: new Int32Array(this.#buffer, offset, length / 4),
      offset,
    };
    this.#entries.set(name, { version, slice });
    return slice;
  }

  /** A lock in `words[index]`, a word of a slice's own. */
  lock(words: Int32Array, index: number): Lock {
    this.#locks.push({ words, index });
    return new Lock(words, index);
  }

  /** Copies of all slices, in the order they were laid out. */
  save(): SavedSlice[] {
    return Array.from(this.#entries, ([name, { version, slice }]) => ({ name, version, bytes: new Uint8Array(slice.bytes) }));
  }

  /** Overwrites every slice with its saved contents, or none where one does not fit. */
  restore(saved: readonly SavedSlice[]): Result<void, StateError> {
    const byName = new Map<string, SavedSlice>();
    for (const part of saved) {
      const problem = byName.has(part.name)
        ? ({ code: 'SLICE_DUPLICATE', name: part.name, message: `saved state holds ${part.name} twice` } as const)
        : mismatch(part, this.#entries.get(part.name));
      if (problem !== undefined) return err(problem);
      byName.set(part.name, part);
    }
    for (const name of this.#entries.keys()) {
      if (!byName.has(name)) return err({ code: 'SLICE_MISSING', name, message: `saved state lacks ${name}` });
    }
    for (const [name, { slice }] of this.#entries) {
      const part = byName.get(name);
      if (part !== undefined) slice.bytes.set(part.bytes);
    }
    // Nobody holds one: what a damaged state says of that would be waited for in vain.
    for (const { words, index } of this.#locks) Atomics.store(words, index, 0);
    return ok();
  }

  #checkGuard(layout: string, name: string): void {
    const mark = fnv1a(layout);
    const guard = new Int32Array(this.#buffer, this.#end, 1);
    const found = Atomics.compareExchange(guard, 0, 0, mark);
    assert(found === 0 || found === mark, `threads disagree about the machine's layout at state ${name}`);
  }
}

function mismatch(part: SavedSlice, entry: Entry | undefined): StateError | undefined {
  const { name, version, bytes } = part;
  if (entry === undefined) return { code: 'SLICE_UNKNOWN', name, message: `saved state holds ${name}, which this machine has not` };
  const { version: expected, slice } = entry;
  if (version !== expected) {
    return { code: 'SLICE_VERSION', name, version, expected, message: `saved state of ${name} has version ${version}, not ${expected}` };
  }
  if (bytes.length === slice.bytes.length) return undefined;
  const size = bytes.length;
  const message = `saved state of ${name} has ${size} bytes, not ${slice.bytes.length}`;
  return { code: 'SLICE_SIZE', name, size, expected: slice.bytes.length, message };
}

/** FNV-1a of the text as a non-zero Int32. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash | 1;
}
