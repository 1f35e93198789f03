import { setFlagsFromString } from 'node:v8';

/**
 * From here on this process compiles for size: what is hot later is optimized later and inlined less, which keeps a megabyte of code
 * and of the optimizing compiler out of memory. Not a flag of the start: node would have to compile its own modules anew, 60 ms, for
 * what it has of them was compiled without.
 */
export function compileLess(): void {
  setFlagsFromString('--optimize-for-size');
}
