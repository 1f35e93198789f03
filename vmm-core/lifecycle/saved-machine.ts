/**
 * A paused machine's state as a file: JSON, because its parts are few and named. Guest memory is another file (`memory/contents.ts`).
 * Registers of devices are the arena's slices, each with the version of its layout. A checksum over all of it tells a damaged file
 * from a good one; what is in one that was made to mislead is checked nevertheless, here and by the parts whose it is.
 */
import { createHash } from 'node:crypto';
import { fstatSync, fsyncSync, readFileSync, writeSync } from 'node:fs';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import type { Clock } from '../kvm/vm.ts';
import type { SavedSlice } from '../state/arena.ts';
import { type SavedVcpu, VCPU_STATE_VERSION } from '../vcpu/state.ts';

const FORMAT = 'vmm-core machine';
const VERSION = 1;
/** Far above what 254 vCPUs and 31 devices take. */
const MOST_BYTES = 256 * 2 ** 20;
/** Of CPUID leaves or MSRs: far above what a vCPU has. */
const MOST_ROWS = 4096;
/** Leaf, subleaf, flags and four registers. */
const CPUID_CELLS = 7;

export interface SavedMachine {
  readonly memorySize: number;
  readonly vcpus: readonly SavedVcpu[];
  readonly slices: readonly SavedSlice[];
  readonly clock: Clock;
  /** By device id: the next available index of each queue. */
  readonly queues: Readonly<Record<string, readonly number[]>>;
}

export function writeSavedMachine(file: Fd, machine: SavedMachine): Result<void, string> {
  const { memorySize, vcpus, slices, clock, queues } = machine;
  const content = {
    memorySize,
    vcpus,
    slices: slices.map(({ name, version, bytes }) => ({ name, version, bytes: Buffer.from(bytes).toString('base64') })),
    clock: { nanoseconds: String(clock.nanoseconds), realtimeNanoseconds: clock.realtimeNanoseconds?.toString() },
    queues,
  };
  const bytes = Buffer.from(JSON.stringify({ format: FORMAT, version: VERSION, sha256: checksumOf(content), content }));
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, done);
    fsyncSync(file);
    return ok();
  } catch (error) {
    return err(`the state cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Everything is checked here but what the parts of the machine and KVM judge. */
export function readSavedMachine(file: Fd): Result<SavedMachine, string> {
  const parsed = parseFile(file);
  if (!parsed.ok) return parsed;
  const state = parsed.value;
  if (!isRecord(state) || state['format'] !== FORMAT)
    return err('the state file is not a saved machine; give the one that a save has written');
  if (state['version'] !== VERSION)
    return err(`the state file has version ${String(state['version'])}; this program reads version ${VERSION}`);
  const { content } = state;
  if (!isRecord(content) || state['sha256'] !== checksumOf(content)) return err('the state file is damaged: its checksum is another');
  const { memorySize, vcpus, slices, clock, queues } = content;
  const savedClock = readClock(clock);
  const savedSlices = readSlices(slices);
  if (!isCount(memorySize)) return damaged('memorySize');
  if (!Array.isArray(vcpus) || vcpus.length === 0 || !vcpus.every(isSavedVcpu)) return damaged('vcpus');
  if (savedSlices === undefined) return damaged('slices');
  if (savedClock === undefined) return damaged('clock');
  if (!isQueues(queues)) return damaged('queues');
  return ok({ memorySize, vcpus, slices: savedSlices, clock: savedClock, queues });
}

function parseFile(file: Fd): Result<unknown, string> {
  try {
    const { size } = fstatSync(file);
    if (size > MOST_BYTES) return err(`the state file has ${size} bytes, more than any machine's`);
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return ok(parsed);
  } catch (error) {
    return err(`the state file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** JSON keeps the order of members, so what was read is written again as it was. */
function checksumOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

function damaged(part: string): Result<never, string> {
  return err(`the state file is damaged: ${part} is missing or wrong`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The shape; `restoreVcpu` judges the contents. */
function isSavedVcpu(value: unknown): value is SavedVcpu {
  return (
    isRecord(value) &&
    value['version'] === VCPU_STATE_VERSION &&
    isU32(value['id']) &&
    isU32(value['tscKhz']) &&
    isRows(value['cpuid'], (row) => row.length === CPUID_CELLS && row.every(isU32)) &&
    isRows(value['msrs'], ([index, data, ...more]) => isU32(index) && typeof data === 'string' && more.length === 0) &&
    isRecord(value['files']) &&
    Object.values(value['files']).every((file) => typeof file === 'string') &&
    typeof value['xsave'] === 'string' &&
    typeof value['nested'] === 'string'
  );
}

function isU32(value: unknown): value is number {
  return isCount(value) && value < 2 ** 32;
}

function isRows(value: unknown, isRow: (cells: readonly unknown[]) => boolean): boolean {
  return Array.isArray(value) && value.length <= MOST_ROWS && value.every((row: unknown) => Array.isArray(row) && isRow(row));
}

function readSlices(value: unknown): readonly SavedSlice[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const slices: SavedSlice[] = [];
  for (const slice of value) {
    if (!isRecord(slice)) return undefined;
    const { name, version, bytes } = slice;
    if (typeof name !== 'string' || !isCount(version) || typeof bytes !== 'string') return undefined;
    slices.push({ name, version, bytes: new Uint8Array(Buffer.from(bytes, 'base64')) });
  }
  return slices;
}

function readClock(value: unknown): Clock | undefined {
  if (!isRecord(value)) return undefined;
  const { nanoseconds, realtimeNanoseconds } = value;
  if (!isDecimal(nanoseconds) || (realtimeNanoseconds !== undefined && !isDecimal(realtimeNanoseconds))) return undefined;
  return {
    nanoseconds: BigInt(nanoseconds),
    realtimeNanoseconds: realtimeNanoseconds === undefined ? undefined : BigInt(realtimeNanoseconds),
  };
}

/** A u64. */
function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,20}$/.test(value) && BigInt(value) < 2n ** 64n;
}

function isQueues(value: unknown): value is Record<string, readonly number[]> {
  return isRecord(value) && isRows(Object.values(value), (row) => row.every((cell) => isCount(cell) && cell <= 0xffff));
}
