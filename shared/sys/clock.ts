import koffi from 'koffi';
import { allocate } from './ffi.ts';

const CLOCK_MONOTONIC = 1;
const CLOCK_THREAD_CPUTIME_ID = 3;

/** The monotonic clock is read through the vDSO: no system call. SAFETY: the kernel writes 16 bytes during the call; `now` is reachable for ever. */
const clockGettime: (clock: number, timespec: number) => number = koffi
  .load('libc.so.6')
  .func('clock_gettime', 'int', ['int', 'uintptr_t']);
const now = allocate(16);

/**
 * Reads CLOCK_MONOTONIC, the same on every thread and in every process of the machine (`performance.now()` is not: each
 * worker counts from its own start). Allocates nothing: the two halves are read by the functions below, on the same thread.
 */
export function sampleMonotonic(): void {
  clockGettime(CLOCK_MONOTONIC, now.address);
}

/** Whole seconds of this thread's last sample; below 2^32 for 136 years of uptime. */
export function sampledSeconds(): number {
  return now.view.getUint32(0, true);
}

/** Nanoseconds within the second of this thread's last sample. */
export function sampledNanoseconds(): number {
  return now.view.getUint32(8, true);
}

/** CLOCK_MONOTONIC in milliseconds, with the resolution of a double. */
export function monotonicMs(): number {
  sampleMonotonic();
  return sampledSeconds() * 1000 + sampledNanoseconds() / 1e6;
}

/** What this thread has had of a processor until now, in microseconds. (getrusage(2) tells it as of the last tick.) */
export function threadProcessorUs(): number {
  clockGettime(CLOCK_THREAD_CPUTIME_ID, now.address);
  return sampledSeconds() * 1e6 + sampledNanoseconds() / 1000;
}
