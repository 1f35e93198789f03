import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { viewAt } from '#shared/sys/ffi.ts';
import { F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, sealsOf } from '#shared/sys/memfd.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { type BackedRange, GuestRam } from './backing.ts';
import { restoreRam, saveRam } from './contents.ts';

const RANGES = [
  { start: 0, size: 0x20_0000 },
  { start: 0x1_0000_0000, size: 0x10_0000 },
];

function bytesOf(range: BackedRange | undefined): Uint8Array {
  return range === undefined ? new Uint8Array(0) : new Uint8Array(viewAt(range.hostAddress, range.size));
}

describe('GuestRam', () => {
  const folder = mkdtempSync(join(tmpdir(), 'guest-ram-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is one sealed memfd for each range, and gives all back', () => {
    const before = readdirSync('/proc/self/fd').length;
    const ram = must(GuestRam.create(RANGES), 'test');
    expect(ram.ranges.map(({ guestStart, size }) => ({ start: guestStart, size }))).to.deep.equal(RANGES);
    expect(ram.ranges.map(({ fd }) => sealsOf(fd))).to.deep.equal(RANGES.map(() => F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW));
    ram.close();
    expect(readdirSync('/proc/self/fd').length).to.equal(before);
  });

  it('prefaults where it is asked to', () => {
    using ram = must(GuestRam.create(RANGES, { prefault: true }), 'test');
    const blocks = ram.ranges.map(({ fd }) => statSync(`/proc/self/fd/${fd}`).blocks * 512);
    expect(blocks).to.deep.equal(RANGES.map(({ size }) => size));
  });

  it('is empty again after a discard, and prefaulted again where it was', () => {
    for (const prefault of [false, true]) {
      using ram = must(GuestRam.create(RANGES, { prefault }), 'test');
      bytesOf(ram.ranges[1]).fill(7);
      must(ram.discard(), 'test');
      expect(bytesOf(ram.ranges[1]).every((byte) => byte === 0)).to.equal(true);
      const blocks = ram.ranges.map(({ fd }) => statSync(`/proc/self/fd/${fd}`).blocks * 512);
      expect(blocks[0]).to.equal(prefault ? RANGES[0]?.size : 0);
    }
  });

  it('more than there is -> MEMORY, nothing left behind', () => {
    const before = readdirSync('/proc/self/fd').length;
    const ram = GuestRam.create([RANGES[0] ?? { start: 0, size: 0 }, { start: 0x1_0000_0000, size: 2 ** 52 }]);
    expect(ram.ok ? undefined : ram.error.code).to.equal('MEMORY');
    expect(readdirSync('/proc/self/fd').length).to.equal(before);
  });

  it('comes back from a file as it was, over both ranges', async () => {
    const path = join(folder, 'memory');
    const file = openSync(path, 'w+');
    {
      using ram = must(GuestRam.create(RANGES), 'test');
      bytesOf(ram.ranges[0]).set([1, 2], 0x1f_fffe);
      bytesOf(ram.ranges[1]).set([3], 0x8_0000);
      must(await saveRam(ram.ranges, asFd(file)), 'test');
    }
    using ram = must(GuestRam.create(RANGES), 'test');
    must(await restoreRam(ram.ranges, asFd(file)), 'test');
    expect([...bytesOf(ram.ranges[0]).subarray(0x1f_fffd)]).to.deep.equal([0, 1, 2]);
    expect([...bytesOf(ram.ranges[1]).subarray(0x7_ffff, 0x8_0002)]).to.deep.equal([0, 3, 0]);
    truncateSync(path, 0x1000);
    expect((await restoreRam(ram.ranges, asFd(file))).ok).to.equal(false);
    closeSync(file);
  });
});
