/**
 * What V8 compiles while a process runs, for processes that run for long and have little that is hot. Not as flags of the start: node
 * would have to compile its own modules anew, 60 ms, for what it brings of them was compiled without.
 */
import { setFlagsFromString } from 'node:v8';

/** One optimizing compiler instead of two: what is hot gets there later, and is as fast. Keeps 3 MB of code and compiler out of memory. */
export function leaveOutMaglev(): void {
  setFlagsFromString('--no-maglev');
}

/** That, and little is inlined: a megabyte less for a program that is hot nowhere for long. */
export function compileForSize(): void {
  leaveOutMaglev();
  setFlagsFromString('--optimize-for-size');
}
