/** A driver at work: requests as a good one makes them, and rings, descriptors and headers with something wrong in them. */
import { VIRTQ_DESC_F_INDIRECT, VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE } from '#shared/virtio/spec.ts';
import {
  DATA,
  DATA_END,
  EDGE_HEADERS,
  HEADERS,
  HEADER_COUNT,
  MOST_ENTRIES,
  OPEN_SECTORS,
  REGIONS,
  type Region,
  RESERVED,
  SECTOR,
  SECTORS,
  STATUS,
  fileOf,
  guestOf,
  ring,
} from './layout.ts';
import { type Life, junk } from './life.ts';
import type { Step } from './steps.ts';

const T = { IN: 0, OUT: 1, FLUSH: 4, GET_ID: 8, DISCARD: 11, WRITE_ZEROES: 13 } as const;

/** Requests of a race: a good part of a millisecond each where both ends sleep. */
const RACES = 100;

interface Part {
  readonly address: number | bigint;
  readonly length: number;
  readonly writable: boolean;
}

/** One request or more that could be a driver's, offered, and a kick mostly. */
export function busyRing(life: Life, index: number): Step[] {
  const { random } = life;
  const steps: Step[] = [];
  for (let count = 1 + random.below(4); count > 0; count--) {
    const parts = requestOf(life, steps);
    const isIndirect = random.oneIn(2);
    const head = headFor(life, index, isIndirect ? 1 : parts.length, steps);
    const { descriptor, table } = ring(index);
    const place = table + (head % 16) * 256;
    if (isIndirect) {
      steps.push(...chain(parts, place, 0));
      steps.push(describe(descriptor, head, [guestOf(place), parts.length * 16, VIRTQ_DESC_F_INDIRECT, 0]));
    } else steps.push(...chain(parts, descriptor, head).slice(0, MOST_ENTRIES - head));
    steps.push({ do: 'offer', ring: index, head });
  }
  if (!random.oneIn(5)) steps.push({ do: 'kick', ring: index });
  return steps;
}

/** One request, done again and again with nothing else on its way: each kick counts. */
export function raceRing(life: Life, index: number): Step[] {
  const { random } = life;
  const { descriptor, table } = ring(index);
  const slot = HEADERS + random.below(HEADER_COUNT) * 16;
  const parts = [
    { address: guestOf(slot), length: 16, writable: false },
    { address: guestOf(DATA + random.below(0x1000)), length: SECTOR, writable: true },
    { address: guestOf(STATUS + random.below(256)), length: 1, writable: true },
  ];
  life.inUse[index] = 0;
  life.nextHead[index] = 0;
  return [
    { do: 'settle' },
    header(slot, random.pick([T.IN, T.GET_ID]), random.below(OPEN_SECTORS)),
    ...chain(parts, table, 0),
    describe(descriptor, 0, [guestOf(table), parts.length * 16, VIRTQ_DESC_F_INDIRECT, 0]),
    { do: 'race', ring: index, head: 0, times: RACES },
  ];
}

/** Descriptors that are free, after everything has come back where there are none; any now and then. */
function headFor(life: Life, index: number, count: number, steps: Step[]): number {
  const { random, sizes, nextHead, inUse } = life;
  const size = sizes[index] ?? 2;
  if (random.oneIn(60)) return random.below(size);
  if ((inUse[index] ?? 0) + count > size || (nextHead[index] ?? 0) + count > size) {
    steps.push({ do: 'settle' });
    inUse[index] = 0;
    nextHead[index] = 0;
  }
  const head = nextHead[index] ?? 0;
  nextHead[index] = head + count;
  inUse[index] = (inUse[index] ?? 0) + count;
  return count > size ? 0 : head;
}

/** The parts of a request whose header is written by what is added to `steps`. */
function requestOf(life: Life, steps: Step[]): Part[] {
  const { random } = life;
  const type = random.pick([T.IN, T.IN, T.OUT, T.OUT, T.FLUSH, T.GET_ID, T.DISCARD, T.WRITE_ZEROES, 77]);
  const isEdge = life.tidy && random.oneIn(12) && (type === T.IN || type === T.OUT);
  const slot = (isEdge ? EDGE_HEADERS : HEADERS) + random.below(isEdge ? 8 : HEADER_COUNT) * 16;
  const sector = isEdge
    ? random.pick([RESERVED.first - 1, RESERVED.first + RESERVED.count, SECTORS - 1, SECTORS])
    : random.below(OPEN_SECTORS);
  steps.push(header(slot, type, sector));
  const data = isEdge
    ? [{ address: guestOf(DATA + random.below(0x1000)), length: SECTOR, writable: type === T.IN }]
    : dataOf(life, type, steps);
  const parts = [...pieces(life, slot), ...data, { address: guestOf(STATUS + random.below(256)), length: 1, writable: true }];
  // Something is missing, or in the wrong order.
  if (random.oneIn(25)) parts.splice(random.below(parts.length), 1);
  if (random.oneIn(40)) parts.reverse();
  return parts;
}

/** A header in one buffer, or in several. */
function pieces({ random }: Life, slot: number): Part[] {
  if (!random.oneIn(8)) return [{ address: guestOf(slot), length: 16, writable: false }];
  const cut = 1 + random.below(15);
  return [
    { address: guestOf(slot), length: cut, writable: false },
    { address: guestOf(slot + cut), length: 16 - cut, writable: false },
  ];
}

function dataOf(life: Life, type: number, steps: Step[]): Part[] {
  const { random } = life;
  if (type === T.FLUSH && !random.oneIn(5)) return [];
  if (type === T.DISCARD || type === T.WRITE_ZEROES) return [rangesOf(life, steps)];
  const writable = type === T.IN || type === T.GET_ID ? !random.oneIn(30) : random.oneIn(30);
  return Array.from({ length: 1 + (random.oneIn(3) ? random.below(6) : 0) }, () => {
    const length = random.oneIn(12) ? random.below(2000) : SECTOR * (1 + random.below(random.oneIn(6) ? 64 : 4));
    return { address: anyData(life, length), length, writable };
  });
}

/** Mostly within the guest's memory; now and then across what is no memory, where nothing may be touched. */
function anyData({ random }: Life, length: number): number {
  if (random.oneIn(10)) return beforeEnd(REGIONS[random.pick(['m0', 'm1', 'm2'] as const)], length, random.pick([0, 0, 1, 8, 16, -1, 512]));
  if (random.oneIn(8)) return REGIONS.m2.guest + random.below(REGIONS.m2.size - Math.min(length, 0x8000));
  const last = DATA_END - DATA - (random.oneIn(30) ? 0 : length);
  return guestOf(DATA + random.below(Math.max(1, last)));
}

/** So that the last of `length` bytes is the region's last one, or `beyond` it. */
function beforeEnd({ guest, size }: Region, length: number, beyond: number): number {
  return guest + size - Math.min(length, size / 2) + beyond;
}

/** virtio 1.2, 5.2.6: { sector le64, num_sectors le32, flags le32 } for each range. */
function rangesOf({ random }: Life, steps: Step[]): Part {
  const at = DATA + random.below(0x100) * 16;
  const count = 1 + random.below(3);
  const bytes = new DataView(new ArrayBuffer(count * 16));
  for (let index = 0; index < count; index++) {
    const sector = random.oneIn(12) ? random.pick([2n ** 64n - 1n, 2n ** 53n, 2n ** 32n]) : BigInt(random.below(OPEN_SECTORS));
    bytes.setBigUint64(index * 16, sector, true);
    bytes.setUint32(index * 16 + 8, random.oneIn(12) ? random.pick([0, 0xffff_ffff, 0x8000_0000]) : random.below(256), true);
    bytes.setUint32(index * 16 + 12, random.oneIn(8) ? random.pick([2, 3, 0xffff_ffff]) : random.below(2), true);
  }
  steps.push({ do: 'write', at: fileOf(at), bytes: Buffer.from(bytes.buffer).toString('hex') });
  return { address: guestOf(at), length: count * 16 - (random.oneIn(20) ? 1 : 0), writable: random.oneIn(40) };
}

/** Descriptors, tables, entries and words with something wrong; a tidy life's still name nothing but data. */
export function randomRing(life: Life, index: number): Step[] {
  const { random, tidy } = life;
  const size = life.sizes[index] ?? 2;
  const { descriptor, table } = ring(index);
  const steps: Step[] = [];
  for (let count = random.below(4); count > 0; count--) {
    const flags = random.below(random.oneIn(4) ? 8 : 4);
    const next = random.oneIn(10) ? random.below(0x1_0000) : random.below(size);
    const length = random.oneIn(15) ? 2 ** 32 - 1 - random.below(0x1_0000) : random.pick([0, 1, 15, 16, 17, 511, 512, 513, 1024, 4096]);
    const address = flags >= VIRTQ_DESC_F_INDIRECT ? guestOf(table) : anyAddress(life, length, (flags & VIRTQ_DESC_F_WRITE) !== 0);
    steps.push(describe(random.oneIn(3) ? table : descriptor, random.below(size), [address, length, flags, next]));
  }
  for (let count = random.below(3); count > 0; count--) steps.push({ do: 'offer', ring: index, head: random.below(size) });
  if (random.oneIn(6)) steps.push({ do: 'word', ring: index, at: 4 + 2 * size, value: random.below(0x1_0000) });
  if (random.oneIn(6)) steps.push({ do: 'word', ring: index, at: 0, value: random.pick([0, 1, 2, 0xffff]) });
  if (!tidy && random.oneIn(8)) steps.push({ do: 'word', ring: index, at: 2, value: random.below(0x1_0000), spoils: true });
  if (!tidy && random.oneIn(8))
    steps.push({ do: 'word', ring: index, at: 4 + 2 * random.below(size), value: random.below(0x1_0000), spoils: true });
  if (!tidy && random.oneIn(8))
    steps.push({ do: 'write', at: fileOf(descriptor + random.below(0x3000)), bytes: junk(random, 1 + random.below(32)), spoils: true });
  if (random.oneIn(8)) steps.push({ do: 'write', at: fileOf(HEADERS + random.below(0x3f0)), bytes: junk(random, 1 + random.below(16)) });
  if (!random.oneIn(4)) steps.push({ do: 'kick', ring: index });
  return steps;
}

/** Where the device may write it is data, beyond all memory, or (in a life that is not tidy) the rings themselves. */
function anyAddress(life: Life, length: number, writable: boolean): number | bigint {
  const { random } = life;
  if (random.oneIn(6)) return random.pick([0x18_0000, 0xfee0_0000, 2 ** 40, 2n ** 64n - BigInt(1 + random.below(4096)), 2n ** 63n, 0]);
  if (!writable && random.oneIn(2)) return guestOf(HEADERS + random.below(HEADER_COUNT) * 16);
  if (!life.tidy && random.oneIn(4)) return guestOf(random.below(EDGE_HEADERS - 0x1000));
  return anyData(life, Math.min(length, 0x1_0000));
}

function header(at: number, type: number, sector: number): Step {
  const bytes = new DataView(new ArrayBuffer(16));
  bytes.setUint32(0, type, true);
  bytes.setBigUint64(8, BigInt(sector), true);
  return { do: 'write', at: fileOf(at), bytes: Buffer.from(bytes.buffer).toString('hex') };
}

function chain(parts: readonly Part[], table: number, first: number): Step[] {
  return parts.map(({ address, length, writable }, index) => {
    const isLast = index === parts.length - 1;
    const flags = (writable ? VIRTQ_DESC_F_WRITE : 0) | (isLast ? 0 : VIRTQ_DESC_F_NEXT);
    return describe(table, first + index, [address, length, flags, isLast ? 0 : first + index + 1]);
  });
}

type Fields = readonly [address: number | bigint, length: number, flags: number, next: number];

function describe(table: number, index: number, [address, length, flags, next]: Fields): Step {
  const bytes = new DataView(new ArrayBuffer(16));
  bytes.setBigUint64(0, BigInt(address), true);
  bytes.setUint32(8, length, true);
  bytes.setUint16(12, flags, true);
  bytes.setUint16(14, next, true);
  return { do: 'write', at: fileOf(table + index * 16), bytes: Buffer.from(bytes.buffer).toString('hex') };
}
