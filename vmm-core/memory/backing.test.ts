import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
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

/** Linux has MADV_COLLAPSE for shared memory from 6.1 on, where it was built with large pages. */
function canCollapse(): boolean {
  const [major = 0, minor = 0] = release()
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  return (major > 6 || (major === 6 && minor >= 1)) && existsSync('/sys/kernel/mm/transparent_hugepage');
}

/** Of the mapping that begins at `address`, how much this process sees through large pages. */
function largeBytesAt(address: number): number {
  const smaps = readFileSync('/proc/self/smaps', 'latin1');
  const from = smaps.search(new RegExp(`^0*${address.toString(16)}-`, 'm'));
  return Number(/^ShmemPmdMapped: +(\d+) kB$/m.exec(smaps.slice(from))?.[1]) * 1024;
}

describe('GuestRam', () => {
  let folder: string;
  before(() => void (folder = mkdtempSync(join(tmpdir(), 'guest-ram-'))));
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

  it('lies where large pages can stand behind guest addresses', () => {
    using ram = must(GuestRam.create([{ start: 0, size: 0x30_1000 }, ...RANGES.slice(1)]), 'test');
    expect((ram.ranges[0]?.hostAddress ?? 1) % 0x20_0000).to.equal(0);
    expect(bytesOf(ram.ranges[0])[0x30_0fff]).to.equal(0);
  });

  it('makes large pages of what will be used, and keeps what is there', function () {
    if (!canCollapse()) return this.skip();
    using ram = must(GuestRam.create([{ start: 0, size: 0x70_0000 }]), 'test');
    bytesOf(ram.ranges[0])[0x20_0001] = 7;
    ram.willBeUsed({ start: 0x3f_ffff, size: 2 });
    ram.willBeUsed({ start: 0x6f_0000, size: 0x1_0000 });
    ram.willBeUsed({ start: 0x1_0000_0000, size: 0x20_0000 });
    expect(largeBytesAt(ram.ranges[0]?.hostAddress ?? 0)).to.equal(0x40_0000);
    expect([...bytesOf(ram.ranges[0]).subarray(0x20_0000, 0x20_0003)]).to.deep.equal([0, 7, 0]);
    must(ram.discard(), 'test');
    expect(bytesOf(ram.ranges[0])[0x20_0001]).to.equal(0);
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
