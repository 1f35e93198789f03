/**
 * A hostile guest on real KVM under `chctl run`, with two disks: it spoils the first in every way that its registers and rings
 * allow. The machine runs on, that disk says DEVICE_NEEDS_RESET and is whole after a reset, and the other disk is served.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { Host } from '../harness/lab/host.ts';
import { TestVm, closeVms } from '../harness/test-vm.ts';
import { whyNoKvm } from '../machine/tiny-machine.ts';
import { GuestProgram } from './op-guest.ts';

/** Where a ring of eight entries and a request lie in the guest's memory. */
function ringAt(base: number) {
  return {
    descriptors: base,
    available: base + 0x1000,
    used: base + 0x2000,
    header: base + 0x3000,
    status: base + 0x4000,
    data: base + 0x5000,
  };
}

/** BAR 0 and configuration space of the disks, and what their drivers use. Until its reset the first may write to its own. */
const FIRST = { bar: 0xe7f8_0000, config: 0xe800_8000, ring: ringAt(0x20_0000) };
const SECOND = { bar: 0xe7f0_0000, config: 0xe801_0000, ring: ringAt(0x30_0000) };
type Disk = typeof FIRST;
const RING = FIRST.ring;
const SIZE = 8;
const NEEDS_RESET = 0x40;
const UNTOUCHED = 0xee;

interface Queue {
  readonly descriptors: number;
  readonly available: number;
  readonly used: number;
  /** The upper half of all three. */
  readonly high?: number;
}

/** The driver's steps to DRIVER_OK, with queue 0 where it is told. */
function bringUp(program: GuestProgram, { bar }: Disk, { descriptors, available, used, high = 0 }: Queue): void {
  for (const status of [0, 1, 3]) program.write8(bar + 0x14, status);
  program
    .write32(bar + 0x08, 1)
    .write32(bar + 0x0c, 1)
    .write8(bar + 0x14, 0xb);
  program.write16(bar + 0x16, 0).write16(bar + 0x18, SIZE);
  for (const [register, address] of [
    [0x20, descriptors],
    [0x28, available],
    [0x30, used],
  ] as const) {
    program.write32(bar + register, address).write32(bar + register + 4, high);
  }
  program.write16(bar + 0x1c, 1).write8(bar + 0x14, 0xf);
}

function reset(program: GuestProgram, { bar }: Disk): void {
  program.write8(bar + 0x14, 0).wait8(bar + 0x14, 0);
}

function emptyRing(program: GuestProgram, { ring }: Disk): void {
  program.write32(ring.available, 0).write32(ring.used, 0);
}

function describeBuffer(
  program: GuestProgram,
  at: number,
  ...buffer: readonly [address: number, length: number, flags: number, next: number]
): void {
  const [address, length, flags, next] = buffer;
  program
    .write32(at, address)
    .write32(at + 4, 0)
    .write32(at + 8, length);
  program.write32(at + 12, flags | (next << 16));
}

/** Reads sector 0 through a new ring, and says its first byte. */
function readFirstByte(program: GuestProgram, disk: Disk): void {
  const { bar, ring } = disk;
  reset(program, disk);
  emptyRing(program, disk);
  bringUp(program, disk, ring);
  offerRead(program, disk);
  program.write32(ring.available, 1 << 16).write16(bar + 0x6000, 0);
  program
    .wait16(ring.used + 2, 1)
    .wait8(ring.status, 0)
    .sayByteAt(ring.data);
}

/** A read of sector 0 in descriptors 0 to 2, named by the first available entry. */
function offerRead(program: GuestProgram, { ring }: Disk): void {
  for (const word of [0, 4, 8, 12]) program.write32(ring.header + word, 0);
  program.write8(ring.status, UNTOUCHED);
  describeBuffer(program, ring.descriptors, ring.header, 16, 1, 1);
  describeBuffer(program, ring.descriptors + 16, ring.data, 512, 3, 2);
  describeBuffer(program, ring.descriptors + 32, ring.status, 1, 2, 0);
  program.write16(ring.available + 4, 0);
}

/** Starts the ring of `offerRead` spoilt by `spoil`, and kicks. A device may look without a kick: what it may see is there before. */
function kickSpoilt(program: GuestProgram, spoil: (program: GuestProgram) => void, availableIndex = 1): void {
  emptyRing(program, FIRST);
  bringUp(program, FIRST, RING);
  offerRead(program, FIRST);
  spoil(program);
  program.write32(RING.available, availableIndex << 16).write16(FIRST.bar + 0x6000, 0);
}

const MAY_NOT_BE: readonly (readonly [name: string, place: Queue])[] = [
  ['past all memory', { descriptors: 0x1000, available: 0x2000, used: 0x3000, high: 0x40 }],
  ["in the device's own registers", { descriptors: FIRST.bar, available: FIRST.bar + 0x1000, used: FIRST.bar + 0x2000 }],
  ["in the other disk's registers", { ...RING, used: SECOND.bar }],
  ['in the local APIC', { ...RING, available: 0xfee0_0000 }],
  ['over the end of memory', { ...RING, descriptors: 0x800_0000 - 64 }],
];

const NO_SPOIL = (): void => {};
const BREAKS_RING: readonly (readonly [name: string, spoil: (program: GuestProgram) => void, availableIndex: number])[] = [
  ['an available index far ahead', NO_SPOIL, 0x7000],
  ['an available index that went backwards', NO_SPOIL, 0xffff],
  ['a head that is none', (program) => program.write16(RING.available + 4, SIZE), 1],
  ['the same head twice', (program) => program.write16(RING.available + 6, 0), 2],
];

const BREAKS_CHAIN: readonly (readonly [name: string, spoil: (program: GuestProgram) => void])[] = [
  ['a loop', (program) => describeBuffer(program, RING.descriptors + 32, RING.status, 1, 3, 1)],
  ["a buffer in the device's own registers", (program) => describeBuffer(program, RING.descriptors + 16, FIRST.bar, 512, 3, 2)],
  ['a buffer past memory', (program) => describeBuffer(program, RING.descriptors + 16, 0x800_0000 - 256, 512, 3, 2)],
];

const reason = whyNoKvm();

describe(`hostile guest${reason === undefined ? '' : ` (skipped: ${reason})`}`, function () {
  this.timeout(60_000);
  let folder = '';
  let host: Host;

  before(function () {
    if (reason !== undefined) this.skip();
    folder = mkdtempSync(join(tmpdir(), 'hostile-guest-'));
    host = new Host();
    writeFileSync(join(folder, 'first'), new Uint8Array(0x1000).fill('a'.charCodeAt(0)));
    writeFileSync(join(folder, 'second'), new Uint8Array(0x1000).fill('b'.charCodeAt(0)));
  });
  after(async () => {
    if (reason !== undefined) return;
    await host.close();
    rmSync(folder, { recursive: true });
  });
  afterEach(async function () {
    await closeVms(this.currentTest);
  });

  /** Runs the program to its power-off; what it said, and what chctl said. */
  async function runGuest(program: GuestProgram): Promise<{ said: string; errors: string }> {
    const kernel = join(folder, 'kernel');
    program.say('.').writeKernel(kernel);
    const disks = ['first', 'second'].map((name) => join(folder, name));
    const vm = await TestVm.start(host, { kernel, memory: '128M', disks });
    expect(await vm.waitForExit(), vm.errors).to.equal(0);
    return { said: vm.serial, errors: vm.errors };
  }

  for (const [name, place] of MAY_NOT_BE) {
    it(`queues ${name} -> NEEDS_RESET; the other disk is served, and after a reset this one`, async () => {
      const program = new GuestProgram();
      bringUp(program, FIRST, place);
      program.wait8(FIRST.bar + 0x14, NEEDS_RESET, NEEDS_RESET);
      readFirstByte(program, SECOND);
      program.wait8(FIRST.bar + 0x14, NEEDS_RESET, NEEDS_RESET);
      readFirstByte(program, FIRST);
      const { said, errors } = await runGuest(program);
      expect(said).to.equal('ba.');
      expect(errors).to.match(/needs a reset/);
    });
  }

  for (const [name, spoil, availableIndex] of BREAKS_RING) {
    it(`${name} -> NEEDS_RESET; the other disk is served, and after a reset this one`, async () => {
      const program = new GuestProgram();
      kickSpoilt(program, spoil, availableIndex);
      program.wait8(FIRST.bar + 0x14, NEEDS_RESET, NEEDS_RESET);
      readFirstByte(program, SECOND);
      readFirstByte(program, FIRST);
      expect((await runGuest(program)).said).to.equal('ba.');
    });
  }

  for (const [name, spoil] of BREAKS_CHAIN) {
    it(`${name} -> the chain goes back unserved, and the device goes on`, async () => {
      const program = new GuestProgram();
      kickSpoilt(program, spoil);
      program
        .wait16(RING.used + 2, 1)
        .wait16(RING.used + 8, 0)
        .wait8(RING.status, UNTOUCHED);
      program.wait8(FIRST.bar + 0x14, 0, NEEDS_RESET);
      readFirstByte(program, SECOND);
      readFirstByte(program, FIRST);
      expect((await runGuest(program)).said).to.equal('ba.');
    });
  }

  it('interrupt messages, BARs, queues and status written at random late and over others: the other disk is served', async () => {
    const program = new GuestProgram();
    readFirstByte(program, FIRST);
    // Late: nothing of this reaches the running queue.
    program
      .write16(FIRST.bar + 0x18, 0)
      .write16(FIRST.bar + 0x18, 3)
      .write32(FIRST.bar + 0x20, 0xdead_0000)
      .write16(FIRST.bar + 0x1c, 0);
    // Memory decoding on, then over the other disk, the ECAM, RAM and the local APIC.
    program.write16(FIRST.config + 4, 6);
    for (const address of [SECOND.bar, 0xe800_0000, 0x10_0000, 0xfee0_0000]) program.write32(FIRST.config + 0x10, address);
    // MSI-X on, with messages that mean nothing.
    program.write16(FIRST.config + 0x9a, 0x8000);
    for (const word of [0xffff_ffff, 0xfee0_0000, 0, 0xfee0_0ff0]) {
      for (const entry of [0, 16]) {
        for (const at of [0, 4, 8]) program.write32(FIRST.bar + 0x8000 + entry + at, word);
        program.write32(FIRST.bar + 0x800c + entry, 0);
      }
      program
        .write16(FIRST.bar + 0x10, 0)
        .write16(FIRST.bar + 0x1a, 1)
        .write16(FIRST.bar + 0x6000, 0);
    }
    for (let value = 1; value < 256; value += 7) program.write8(FIRST.bar + 0x14, value);
    readFirstByte(program, SECOND);
    readFirstByte(program, FIRST);
    expect((await runGuest(program)).said).to.equal('aba.');
  });

  it('a device broken and reset again and again leaves no descriptor behind', async () => {
    const program = new GuestProgram();
    for (const [rounds, mark] of [
      [20, '1'],
      [100, '2'],
    ] as const) {
      for (let count = 0; count < rounds; count++) {
        kickSpoilt(program, (spoilt) => spoilt.write16(RING.available + 4, SIZE));
        program.wait8(FIRST.bar + 0x14, NEEDS_RESET, NEEDS_RESET);
        reset(program, FIRST);
        bringUp(program, FIRST, { ...RING, high: 0x40 });
        program.wait8(FIRST.bar + 0x14, NEEDS_RESET, NEEDS_RESET);
        reset(program, FIRST);
      }
      readFirstByte(program, FIRST);
      reset(program, FIRST);
      program.say(mark).hear();
    }
    const kernel = join(folder, 'kernel');
    program.writeKernel(kernel);
    const vm = await TestVm.start(host, { kernel, memory: '128M', disks: ['first', 'second'].map((name) => join(folder, name)) });
    await vm.waitForText('a1', 30_000);
    // The in-flight area of the next driver may still be underway: what counts is where it comes to rest.
    const before = await settledDescriptors();
    vm.type('x');
    await vm.waitForText('a2', 30_000);
    const now = await settledDescriptors();
    vm.type('x');
    expect(await vm.waitForExit()).to.equal(0);
    expect(now).to.deep.equal(before);
  });

  it('a device broken and reset again and again fills no log', async () => {
    const program = new GuestProgram();
    for (let count = 0; count < 300; count++) {
      bringUp(program, FIRST, { ...RING, high: 0x40 });
      program.wait8(FIRST.bar + 0x14, NEEDS_RESET, NEEDS_RESET);
      reset(program, FIRST);
    }
    readFirstByte(program, SECOND);
    readFirstByte(program, FIRST);
    const { said, errors } = await runGuest(program);
    expect(said).to.equal('ba.');
    // As many as seconds, not as many as resets.
    expect(errors.split('\n').length).to.be.within(1, 60);
  });
});

/** How many descriptors each process below this one has open, once that has been the same for half a second. */
async function settledDescriptors(): Promise<ReadonlyMap<number, number>> {
  let seen = openDescriptors();
  for (let same = 0, looks = 0; same < 5 && looks < 100; looks++) {
    await sleep(100);
    const now = openDescriptors();
    same = isDeepStrictEqual(now, seen) ? same + 1 : 0;
    seen = now;
  }
  return seen;
}

function openDescriptors(): ReadonlyMap<number, number> {
  return new Map(descendants(process.pid).map((pid) => [pid, readdirSync(`/proc/${pid}/fd`).length]));
}

function descendants(pid: number): readonly number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1'));
  const children = lists
    .join(' ')
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}
