/**
 * What the main thread and a vCPU's thread tell each other, in one SharedArrayBuffer: per vCPU what is asked of it, the state it is
 * in, its kernel thread id, counters of its exits (unsigned, they wrap), and which of the machine's lives it is in.
 *
 * The vCPU's thread alone changes its state; whoever changes a request kicks the thread or notifies the word.
 */
import { assert } from '#shared/lang/assert.ts';

export const REQUEST = { pause: 0, run: 1, park: 2, stop: 3 } as const;
export type Request = (typeof REQUEST)[keyof typeof REQUEST];

/** created: its machine is being built. parked: the processor is not plugged in. paused: registers are settled. stopped: gone for good. */
export const STATE = { created: 0, parked: 1, paused: 2, running: 3, stopped: 4 } as const;
export type State = (typeof STATE)[keyof typeof STATE];

/** The allowed moves. */
const NEXT: Readonly<Record<State, readonly State[]>> = {
  [STATE.created]: [STATE.parked, STATE.paused, STATE.running, STATE.stopped],
  [STATE.parked]: [STATE.paused, STATE.running, STATE.stopped],
  [STATE.paused]: [STATE.parked, STATE.running, STATE.stopped],
  [STATE.running]: [STATE.parked, STATE.paused, STATE.stopped],
  [STATE.stopped]: [],
};

/** Offsets in 32-bit words within one vCPU's part, which has two cache lines of its own. */
export const WORD = { request: 0, state: 1, threadId: 2, pioExits: 3, mmioExits: 4, eoiExits: 5, interruptedExits: 6, life: 7 } as const;
export const WORDS_PER_VCPU = 32;

export function controlBuffer(vcpuCount: number): SharedArrayBuffer {
  return new SharedArrayBuffer(vcpuCount * WORDS_PER_VCPU * 4);
}

/** The words of vCPU `index`. */
export function controlWords(buffer: SharedArrayBuffer, index: number): Int32Array {
  return new Int32Array(buffer, index * WORDS_PER_VCPU * 4, WORDS_PER_VCPU);
}

export function mayFollow(from: State, to: State): boolean {
  return NEXT[from].includes(to);
}

/** Moves the vCPU to `to` and tells whoever waits for it. vCPU's thread only. */
export function enterState(words: Int32Array, to: State): void {
  const from = stateOf(words);
  if (from === to) return;
  assert(mayFollow(from, to), `vCPU state ${from} -> ${to}`);
  Atomics.store(words, WORD.state, to);
  Atomics.notify(words, WORD.state);
}

export function stateOf(words: Int32Array): State {
  const value = Atomics.load(words, WORD.state);
  return Object.values(STATE).find((state) => state === value) ?? STATE.stopped;
}
