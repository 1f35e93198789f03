const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread: only where nothing else of it can wait, before a program serves anything. */
export function pause(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}
