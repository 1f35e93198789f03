import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MIB } from '../memory/layout.ts';
import { describeBootError } from './boot-error.ts';
import { GuestWindows } from './guest-writer.ts';
import { ImageFile } from './image-file.ts';
import { loadKernel, parseKernel } from './kernel-image.ts';
import { bzImage, note, pvhElf } from './testing/kernel-images.ts';

/** Mostly valid images with a few spoiled fields: each must be loaded within RAM or refused with a line, and soon. */

const CASES = 1500;
const CODE = new Uint8Array(64).fill(0x90);
const SEEDS: readonly Uint8Array[] = [
  pvhElf({ segments: [{ address: MIB, bytes: CODE }, { address: 2 * MIB, bytes: CODE, memorySize: 4096 }], entry: MIB, otherNotes: [note('GNU', 3, new Uint8Array(20))] }),
  pvhElf({ bits: 32, segments: [{ address: MIB, bytes: CODE }], entry: MIB }),
  bzImage({ payload: CODE, preferredAddress: MIB, alignment: 0x1000, initSize: 0x1000 }),
]; // prettier-ignore
const ODD_VALUES = [0, 1, 3, 0x7f, 0x80, 0xff, 0xfff, 0x1000, 0xffff, 0x10_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];

/** The same numbers for the same seed (mulberry32). */
function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function spoil(image: Uint8Array, random: (below: number) => number): Uint8Array {
  const bytes = image.slice(0, random(8) === 0 ? 1 + random(image.length) : image.length);
  const view = new DataView(bytes.buffer);
  // Headers lie in the first 0x290 bytes, a bzImage's from 0x1f1 on.
  const [from, to] = image.length > 0x290 ? [0x1f1, 0x268] : [4, image.length];
  for (let left = 1 + random(3); left > 0; left--) {
    const at = from + random(to - from);
    const oddValue = ODD_VALUES[random(ODD_VALUES.length)] ?? 0;
    if (random(2) === 0 && at < bytes.length) view.setUint8(at, random(256));
    else if (at + 4 <= bytes.length) view.setUint32(at, oddValue, true);
  }
  return bytes;
}

describe('kernel images under fuzzing', () => {
  for (const seed of [1, 2, 3]) {
    it(`seed ${seed}: ${CASES} spoiled images -> loaded within RAM above 1 MiB, or refused`, () => {
      const random = makeRandom(seed);
      const folder = mkdtempSync(join(tmpdir(), 'boot-fuzz-'));
      const fd = openSync(join(folder, 'image'), 'w+');
      rmSync(folder, { recursive: true });
      const memory = new Uint8Array(4 * MIB);
      const ram = new GuestWindows([{ start: 0, bytes: memory }]);
      const outcomes = new Map<string, number>();
      try {
        for (let index = 0; index < CASES; index++) {
          const image = spoil(SEEDS[random(SEEDS.length)] ?? CODE, random);
          ftruncateSync(fd, 0);
          writeSync(fd, image, 0, image.length, 0);
          const outcome = tryLoad(fd, ram);
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
      } finally {
        closeSync(fd);
      }
      expect(memory.subarray(0, MIB).every((byte) => byte === 0)).to.equal(true);
      // The fuzzer reaches both ends: what still loads, and many ways of being refused.
      expect(outcomes.get('loaded')).to.be.greaterThan(50);
      expect(outcomes.size).to.be.greaterThan(8);
    });
  }
});

function tryLoad(fd: number, ram: GuestWindows): string {
  const file = ImageFile.inspect(fd);
  if (!file.ok) return file.error.code;
  const kernel = parseKernel(file.value, ram.ranges);
  const loaded = kernel.ok ? loadKernel(file.value, kernel.value, ram) : kernel;
  if (loaded.ok) return 'loaded';
  const line = describeBootError({ image: { role: 'kernel', path: '/k' }, ...loaded.error });
  expect(line)
    .to.match(/^kernel "\/k" [^\n]+$/)
    .and.not.match(/undefined|NaN/);
  return loaded.error.code;
}
