/**
 * A guest that does what single letters on its serial port say, and answers each when it is done with the same letter:
 *
 * w marks its memory, m tells whether memory is marked (`1`) or empty (`0`), d reads sector 0 of its disk and says its first byte,
 * l does that, with a disk started anew each time, until the next letter, k starts its disk and asks it for two sectors without
 * waiting for them, q starts four queues of its disk, asks each for a sector of its own at once, and says the size of a queue (as a
 * power of two) and the first byte of each when each has interrupted, y starts its disk with a write cache and turns that off, z says how many MiB its disk has (1 to 9; after a d), c counts aloud (a byte at a time, in bl and in memory)
 * until the next letter and then says `cc`, which no count does, r, i and t reset by ACPI, keyboard controller and triple fault,
 * o powers off, u jumps to where no memory is, s spins, p keeps KVM's clock and tells whether that knows of a pause (`1`) or not (`0`),
 * b says what the generic event device tells, e says how often that has interrupted it, f faults on both of two processors at once.
 * At its start it says `>`.
 */
import { writeFileSync } from 'node:fs';
import { pvhElf } from '../../vmm-core/boot/testing/kernel-images.ts';
import { GuestCode, type Place, dword } from './guest-code.ts';

const ENTRY = 0x10_0000;
const IDT_REGISTER = 0x11_0000;
const PATTERN = 0x11_0010;
const IDT = 0x11_1000;
const PAGE_TABLES = 0x12_0000;
const STACK = 0x9_0000;

/** Where it keeps what a test looks for in its memory. */
export const AT = {
  mark: 0x20_0000,
  counter: 0x20_0004,
  /** Interrupts of the disk's queue, and of the generic event device. */
  diskInterrupts: 0x20_0008,
  eventInterrupts: 0x20_000c,
  /** Of the disk's further queues, each 4 bytes. */
  queueInterrupts: 0x20_0010,
  descriptors: 0x30_0000,
  available: 0x30_1000,
  used: 0x30_2000,
  headers: 0x30_3000,
  status: 0x30_4000,
  data: 0x30_5000,
  /** struct pvclock_vcpu_time_info. */
  clock: 0x30_6000,
} as const;
export const SECTOR = 512;
/** The status byte before a request was answered. */
export const UNANSWERED = 0xee;
/** What registers hold while it counts. */
export const REGISTERS = { rsi: 0x1234_5678, rdi: 0x8765_4321, rcx: 0xc0ff_ee00 } as const;

const RING_SIZE = 8;
const DISK_CONFIG = 0xe800_8000;
const LAPIC_SPURIOUS = 0xfee0_00f0;
const LAPIC_EOI = 0xfee0_00b0;
const LAPIC_COMMAND = 0xfee0_0300;
const SECOND_START = 0x8000;
const DISK_VECTOR = 0x40;
const EVENT_VECTOR = 0x41;
const QUEUE_VECTOR = 0x42;
const QUEUES = 4;
/** From the rings and requests of one queue to those of the next. */
const QUEUE_STRIDE = 0x1_0000;
/** In its feature word. */
const MQ = 1 << 12;
const FLUSH_AND_CONFIG_WCE = (1 << 9) | (1 << 11);
/** The switch of its write cache. */
const WRITEBACK = 32;
const EVENT_PIN = 13;
/** Of a register that answers to nobody. */
const NO_MEMORY = 0xd000_0000;
const TWO_MIB = 0x20_0000;
const MSR_KVM_SYSTEM_TIME_NEW = 0x4b56_4d01;
const CLOCK_FLAGS = 29;
const PVCLOCK_GUEST_STOPPED = 2;

export interface GuestPlaces {
  /** The generic event device's register, high above what 32-bit code reaches. */
  readonly gedRegister: number;
}

/** Writes the guest as a kernel for the PVH protocol. */
export function writeCommandGuest(path: string, places: GuestPlaces): void {
  const code = new GuestCode(ENTRY);
  start(code);
  commands(code, places);
  interruptHandlers(code);
  const segments = [
    { address: ENTRY, bytes: code.assemble() },
    { address: IDT_REGISTER, bytes: Uint8Array.from([0xff, 0x07, ...dword(IDT), ...new Array<number>(10).fill(0), ...PATTERN_BYTES]) },
    { address: IDT + DISK_VECTOR * 8, bytes: gates(...HANDLERS.map(([label]) => code.addressOf(label))) },
    { address: PAGE_TABLES, bytes: pageTables(places.gedRegister) },
  ];
  writeFileSync(path, pvhElf({ segments, entry: ENTRY }));
}

const PATTERN_BYTES = Array.from({ length: 16 }, (_, index) => 0xa0 + index);

function start(code: GuestCode): void {
  code.raw(0xbc, ...dword(STACK)); // mov esp, STACK
  code.raw(0x0f, 0x01, 0x1d, ...dword(IDT_REGISTER)); // lidt [IDT_REGISTER]
  code.write32(LAPIC_SPURIOUS, 0x1ff);
  for (const [register, value] of [
    [0x10 + EVENT_PIN * 2 + 1, 0],
    [0x10 + EVENT_PIN * 2, EVENT_VECTOR],
  ] as const) {
    code.write32(0xfec0_0000, register).write32(0xfec0_0010, value);
  }
  code.raw(0xfb); // sti
  code.say('>');
}

function commands(code: GuestCode, { gedRegister }: GuestPlaces): void {
  code.label('next').hear();
  const command = (letter: string, body: () => void): void => {
    code.raw(0x3c, letter.charCodeAt(0)).jumpUnlessZero(`not ${letter}`); // cmp al, letter
    body();
    code.say(letter).jump('next').label(`not ${letter}`);
  };
  command('w', () => code.write32(AT.mark, 1));
  command('m', () => sayMark(code));
  command('d', () => readDisk(code));
  command('l', () => code.label('reading').also(readDisk).testHeard().jumpIfZero('reading').hear());
  command('k', () => askDisk(code));
  command('q', () => useQueues(code));
  command('y', () => turnCacheOff(code));
  command('z', () => saySize(code));
  command('c', () => count(code));
  command('r', () => code.out8(0x600, 1));
  command('i', () => code.out8(0x64, 0xfe));
  command('t', () => fault(code));
  command('o', () => code.out8(0x600, 0x34));
  command('u', () => code.raw(0xb8, ...dword(NO_MEMORY), 0xff, 0xe0)); // mov eax, NO_MEMORY; jmp eax
  command('s', () => code.say('s').raw(0xeb, 0xfe)); // jmp $
  command('p', () => sayPaused(code));
  command('b', () => sayEvent(code, gedRegister));
  command('e', () =>
    code
      .raw(0xb3, 0x30)
      .raw(0x02, 0x1d, ...dword(AT.eventInterrupts))
      .sayBl(),
  ); // mov bl, '0'; add bl, [...]
  command('f', () => faultTwice(code));
  code.jump('next');
}

function sayMark(code: GuestCode): void {
  code.raw(0xb3, 0x30).raw(0x02, 0x1d, ...dword(AT.mark)); // mov bl, '0'; add bl, [mark]
  code.sayBl();
}

/** The flag stays until the guest takes it away, also where the clock is set up anew. */
function sayPaused(code: GuestCode): void {
  // mov ecx, MSR; mov eax, AT.clock | 1; xor edx, edx; wrmsr
  code.raw(0xb9, ...dword(MSR_KVM_SYSTEM_TIME_NEW), 0xb8, ...dword(AT.clock + 1), 0x31, 0xd2, 0x0f, 0x30);
  code.read8(AT.clock + CLOCK_FLAGS).raw(0x24, PVCLOCK_GUEST_STOPPED, 0xd0, 0xe8, 0x88, 0xc3); // and al, 2; shr al, 1; mov bl, al
  code.raw(0x80, 0xc3, 0x30).sayBl(); // add bl, '0'
}

/** lidt of an empty table; ud2. */
function fault(code: GuestCode): void {
  code.raw(0x0f, 0x01, 0x1d, ...dword(AT.mark + 0x100), 0x0f, 0x0b);
}

/** Starts the second processor with code that has no interrupt table either. */
function faultTwice(code: GuestCode): void {
  // In real mode: mov byte [0x8020], 1; lidt [0x8028]; int3.
  const second = [0xc6, 0x06, 0x20, 0x80, 0x01, 0x0f, 0x01, 0x1e, 0x28, 0x80, 0xcc];
  for (const [at, byte] of second.entries()) code.write8(SECOND_START + at, byte);
  for (const at of [0x20, 0x28, 0x2c]) code.write32(SECOND_START + at, 0);
  code.write32(LAPIC_COMMAND + 0x10, 0x0100_0000).write32(LAPIC_COMMAND, 0x4500); // to APIC id 1: INIT
  code.write32(LAPIC_COMMAND, 0x4600 | (SECOND_START >> 12)); // start-up message
  code.wait8(SECOND_START + 0x20, 1);
  fault(code);
}

const bar = (ebp: number): Place => ({ ebp });

/** Starts the disk, its queues empty, with interrupts for each. */
function startDisk(code: GuestCode, queues = 1, features = queues > 1 ? MQ : 0): void {
  code.write16(DISK_CONFIG + 4, 6).write16(DISK_CONFIG + 0x9a, 0x8000); // memory and bus master; MSI-X
  code.read32(DISK_CONFIG + 0x10).raw(0x24, 0xf0, 0x89, 0xc5); // and al, 0xf0; mov ebp, eax
  code.write8(bar(0x14), 0).wait8(bar(0x14), 0);
  for (const status of [1, 3]) code.write8(bar(0x14), status);
  code.write32(bar(0x08), 1).write32(bar(0x0c), 1);
  if (features !== 0) code.write32(bar(0x08), 0).write32(bar(0x0c), features);
  code.write8(bar(0x14), 0xb);
  for (let queue = 0; queue < queues; queue++) startQueue(code, queue);
  code.write8(bar(0x14), 0xf);
}

function startQueue(code: GuestCode, queue: number): void {
  const [entry, offset] = [0x8010 + queue * 16, queue * QUEUE_STRIDE];
  for (const [at, value] of [
    [0, 0xfee0_0000],
    [4, 0],
    [8, queue === 0 ? DISK_VECTOR : QUEUE_VECTOR + queue - 1],
    [12, 0],
  ] as const)
    code.write32(bar(entry + at), value);
  code
    .write16(bar(0x16), queue)
    .write16(bar(0x18), RING_SIZE)
    .write16(bar(0x1a), queue + 1);
  for (const [register, address] of [
    [0x20, AT.descriptors],
    [0x28, AT.available],
    [0x30, AT.used],
  ] as const) {
    code.write32(bar(register), address + offset).write32(bar(register + 4), 0);
  }
  code.write32(AT.available + offset, 0).write32(AT.used + offset, 0);
  code.write16(bar(0x1c), 1);
}

/** Requests `count` sectors, from the queue's own, each by a chain of three descriptors, and notifies. */
function request(code: GuestCode, requests: number, queue = 0): void {
  const offset = queue * QUEUE_STRIDE;
  for (let index = 0; index < requests; index++) {
    const [header, data, status] = [AT.headers + index * 16, AT.data + index * SECTOR, AT.status + index].map((at) => at + offset);
    if (header === undefined || data === undefined || status === undefined) return;
    code
      .write32(header, 0)
      .write32(header + 4, 0)
      .write32(header + 8, queue + index)
      .write32(header + 12, 0)
      .write8(status, UNANSWERED);
    chain(code, AT.descriptors + offset, index * 3, [header, data, status]);
    code.write16(AT.available + offset + 4 + index * 2, index * 3);
  }
  code.write16(AT.available + offset + 2, requests).write16(bar(0x6000 + 4 * queue), queue);
}

/** Of a read: header, data and status. */
function chain(code: GuestCode, table: number, first: number, addresses: readonly number[]): void {
  for (const [index, [length, flags]] of (
    [
      [16, 1],
      [SECTOR, 3],
      [1, 2],
    ] as const
  ).entries()) {
    const at = table + (first + index) * 16;
    code
      .write32(at, addresses[index] ?? 0)
      .write32(at + 4, 0)
      .write32(at + 8, length)
      .write32(at + 12, flags | ((first + index + 1) << 16));
  }
}

function useQueues(code: GuestCode): void {
  startDisk(code);
  code.write8(bar(0x14), 0).wait8(bar(0x14), 0).write16(bar(0x16), 0);
  // movzx eax, ax; bsr eax, eax; mov bl, al; add bl, '0'
  code.read16(bar(0x18)).raw(0x0f, 0xb7, 0xc0, 0x0f, 0xbd, 0xc0, 0x88, 0xc3, 0x80, 0xc3, 0x30).sayBl();
  for (let queue = 0; queue < QUEUES; queue++) code.write32(interruptsOf(queue), 0);
  startDisk(code, QUEUES);
  for (let queue = 0; queue < QUEUES; queue++) request(code, 1, queue);
  for (let queue = 0; queue < QUEUES; queue++) {
    const offset = queue * QUEUE_STRIDE;
    code
      .wait16(AT.used + offset + 2, 1)
      .wait8(AT.status + offset, 0)
      .waitWhile8(interruptsOf(queue), 0);
    code
      .read8(AT.data + offset)
      .raw(0x88, 0xc3)
      .sayBl(); // mov bl, al
  }
}

function turnCacheOff(code: GuestCode): void {
  startDisk(code, 1, FLUSH_AND_CONFIG_WCE);
  code.write8(bar(0x4000 + WRITEBACK), 0);
}

function interruptsOf(queue: number): number {
  return queue === 0 ? AT.diskInterrupts : AT.queueInterrupts + 4 * (queue - 1);
}

function readDisk(code: GuestCode): void {
  startDisk(code);
  request(code, 1);
  code.wait16(AT.used + 2, 1).wait8(AT.status, 0);
  code.read8(AT.data).raw(0x88, 0xc3).sayBl(); // mov bl, al
}

/** The capacity in the device's configuration, of a disk that was started before. */
function saySize(code: GuestCode): void {
  code.read32(DISK_CONFIG + 0x10).raw(0x24, 0xf0, 0x89, 0xc5); // and al, 0xf0; mov ebp, eax
  code.read32({ ebp: 0x4000 }).raw(0xc1, 0xe8, 11, 0x88, 0xc3, 0x80, 0xc3, 0x30).sayBl(); // shr eax, 11; mov bl, al; add bl, '0'
}

function askDisk(code: GuestCode): void {
  startDisk(code);
  request(code, 2);
}

function count(code: GuestCode): void {
  code.raw(0xbe, ...dword(REGISTERS.rsi), 0xbf, ...dword(REGISTERS.rdi), 0xb9, ...dword(REGISTERS.rcx), 0x31, 0xdb); // xor ebx, ebx
  code.raw(0x0f, 0x20, 0xe0, 0x0d, ...dword(0x200), 0x0f, 0x22, 0xe0); // CR4: SSE
  code.raw(0x0f, 0x10, 0x05, ...dword(PATTERN)); // movups xmm0, [PATTERN]
  code.label('counting').raw(0x43).increment32(AT.counter).sayBl(); // inc ebx
  code.testHeard().jumpIfZero('counting').hear().say('c');
}

/** Through page tables, for the register is where 32-bit addresses do not reach: in long mode's 32-bit submode. */
function sayEvent(code: GuestCode, register: number): void {
  const LONG_MODE_ENABLE = 0x100;
  const setLongMode = (bits: number): void => void code.raw(0xb9, ...dword(0xc000_0080), 0xb8, ...dword(bits), 0x31, 0xd2, 0x0f, 0x30);
  // cli; mov eax, PAGE_TABLES; mov cr3, eax; the same with CR4: physical address extension; wrmsr; CR0: paging on.
  code.raw(0xfa, 0xb8, ...dword(PAGE_TABLES), 0x0f, 0x22, 0xd8);
  code.raw(0x0f, 0x20, 0xe0, 0x0d, ...dword(0x20), 0x0f, 0x22, 0xe0);
  setLongMode(LONG_MODE_ENABLE);
  code.raw(0x0f, 0x20, 0xc0, 0x0d, ...dword(0x8000_0000), 0x0f, 0x22, 0xc0);
  code.read8(TWO_MIB + (register % TWO_MIB)).raw(0x88, 0xc3); // mov bl, al
  code.raw(0x0f, 0x20, 0xc0, 0x25, ...dword(0x7fff_ffff), 0x0f, 0x22, 0xc0); // CR0: paging off
  setLongMode(0);
  code.raw(0xfb, 0x80, 0xc3, 0x30).sayBl(); // sti; add bl, '0'
}

/** The first 2 MiB at their own place, and behind them those that hold `register`: tables of three levels, and large pages. */
function pageTables(register: number): Uint8Array {
  const bytes = new Uint8Array(0x3000);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(PAGE_TABLES + 0x1000 + 3), true);
  view.setBigUint64(0x1000, BigInt(PAGE_TABLES + 0x2000 + 3), true);
  view.setBigUint64(0x2000, 0x83n, true);
  view.setBigUint64(0x2008, BigInt(register - (register % TWO_MIB)) + 0x83n, true);
  return bytes;
}

/** By vector, from DISK_VECTOR. */
const HANDLERS: readonly (readonly [label: string, counter: number])[] = [
  ['disk interrupt', AT.diskInterrupts],
  ['event interrupt', AT.eventInterrupts],
  ...Array.from({ length: QUEUES - 1 }, (_, index) => [`queue ${index + 1} interrupt`, interruptsOf(index + 1)] as const),
];

/** Each counts in memory and returns; registers and flags stay. Without iret, which a KVM without VT-x may not know. */
function interruptHandlers(code: GuestCode): void {
  for (const [label, counter] of HANDLERS) {
    code.label(label).raw(0x50).increment32(counter).write32(LAPIC_EOI, 0); // push eax
    code.raw(0x8b, 0x44, 0x24, 0x04); // mov eax, [esp + 4]: where to return to
    code.raw(0x87, 0x44, 0x24, 0x0c); // xchg eax, [esp + 12]: the flags
    code.raw(0x89, 0x44, 0x24, 0x08); // mov [esp + 8], eax
    code.raw(0x58, 0x83, 0xc4, 0x04, 0x9d, 0xc3); // pop eax; add esp, 4; popfd; ret
  }
}

/** Interrupt gates of two vectors. */
function gates(...handlers: readonly number[]): Uint8Array {
  return Uint8Array.from(
    handlers.flatMap((handler) => [...dword((0x08 << 16) | (handler & 0xffff)), ...dword((handler & 0xffff_0000) | 0x8e00)]),
  );
}
