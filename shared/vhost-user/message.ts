/**
 * Messages as values. `parse...` looks at the bytes alone: sizes, reserved bits, sums that overflow. Whether a message fits
 * the session's state is the session's question. `encode...` makes the payload of the other direction.
 */
import { readU53 } from '../layout/fields.ts';
import { type Result, err, ok } from '../lang/result.ts';
import { type FrontendAddress, type GuestAddress, frontendAddress, guestAddress } from '../memory/index.ts';
import type { PayloadError } from './errors.ts';
import {
  MAX_MEMORY_REGIONS,
  VHOST_USER_CONFIG_MIGRATION,
  VHOST_USER_INFLIGHT_UNPADDED,
  VHOST_USER_MAX_CONFIG_SIZE,
  VHOST_USER_VRING_IDX_MASK,
  VHOST_USER_VRING_NOFD,
  VHOST_VRING_F_LOG,
  VhostUserConfig,
  VhostUserInflight,
  VhostUserLog,
  VhostUserMemRegMsg,
  VhostUserMemory,
  VhostUserMemoryRegion,
  VhostUserTransferDeviceState,
  VhostUserU64,
  VhostVringAddr,
  VhostVringState,
} from './spec.ts';

type Parsed<T> = Result<T, PayloadError>;

export interface VringState {
  readonly index: number;
  readonly num: number;
}

/** SET_VRING_KICK, _CALL, _ERR. */
export interface VringFile {
  readonly index: number;
  readonly hasDescriptor: boolean;
}

/** Ring addresses as the front end sees them. `flags` bit 0 asks for logging. */
export interface VringAddresses {
  readonly index: number;
  readonly flags: number;
  readonly descriptor: FrontendAddress;
  readonly available: FrontendAddress;
  readonly used: FrontendAddress;
  /** The guest address under which writes to the used ring are logged, where `flags` asks for that. */
  readonly log?: number;
}

/** SET_LOG_BASE: bytes of the dirty log, and where in its file it begins. */
export interface LogDescription {
  readonly size: number;
  readonly fileOffset: number;
}

/** SET_DEVICE_STATE_FD. */
export interface StateTransfer {
  readonly direction: number;
  readonly phase: number;
}

/** One region of the front end's memory table. No sum of a start and the size wraps. */
export interface RegionDescription {
  readonly guestStart: GuestAddress;
  readonly size: number;
  readonly frontendStart: FrontendAddress;
  /** Where the region begins in its file. */
  readonly fileOffset: number;
}

export interface ConfigAccess {
  readonly offset: number;
  /** As many as the access is long, whichever direction they go. Good until the next message. */
  readonly bytes: Uint8Array;
}

export interface InflightDescription {
  /** Bytes of the area, and where in its file it begins. */
  readonly size: number;
  readonly fileOffset: number;
  readonly queueCount: number;
  readonly queueSize: number;
}

/** GET_ requests without arguments, and SET_OWNER and its like. */
export function parseNothing(payload: DataView): Parsed<void> {
  return sized(payload, 0) ?? ok();
}

export function parseU64(payload: DataView): Parsed<bigint> {
  return sized(payload, VhostUserU64.size) ?? ok(VhostUserU64.get.value(payload, 0));
}

export function parseVringState(payload: DataView): Parsed<VringState> {
  return (
    sized(payload, VhostVringState.size) ?? ok({ index: VhostVringState.get.index(payload, 0), num: VhostVringState.get.num(payload, 0) })
  );
}

export function parseVringFile(payload: DataView): Parsed<VringFile> {
  const wrong = sized(payload, VhostUserU64.size);
  if (wrong !== undefined) return wrong;
  const low = payload.getUint32(0, true);
  const high = payload.getUint32(4, true);
  if (high !== 0) return err({ code: 'RESERVED_BITS', field: 'vring file', value: high });
  if ((low & ~(VHOST_USER_VRING_IDX_MASK | VHOST_USER_VRING_NOFD)) !== 0)
    return err({ code: 'RESERVED_BITS', field: 'vring file', value: low });
  return ok({ index: low & VHOST_USER_VRING_IDX_MASK, hasDescriptor: (low & VHOST_USER_VRING_NOFD) === 0 });
}

export function parseVringAddresses(payload: DataView): Parsed<VringAddresses> {
  const wrong = sized(payload, VhostVringAddr.size);
  if (wrong !== undefined) return wrong;
  const { offset, get } = VhostVringAddr;
  const descriptor = readFrontendAddress(payload, offset.desc_user_addr);
  const available = readFrontendAddress(payload, offset.avail_user_addr);
  const used = readFrontendAddress(payload, offset.used_user_addr);
  if (descriptor === undefined) return err({ code: 'VALUE_TOO_LARGE', field: 'descriptor' });
  if (available === undefined) return err({ code: 'VALUE_TOO_LARGE', field: 'available' });
  if (used === undefined) return err({ code: 'VALUE_TOO_LARGE', field: 'used' });
  const flags = get.flags(payload, 0);
  const addresses = { index: get.index(payload, 0), flags, descriptor, available, used };
  if ((flags & VHOST_VRING_F_LOG) === 0) return ok(addresses);
  const log = readU53(payload, offset.log_guest_addr);
  return log === undefined ? err({ code: 'VALUE_TOO_LARGE', field: 'log' }) : ok({ ...addresses, log });
}

export function parseLog(payload: DataView): Parsed<LogDescription> {
  const wrong = sized(payload, VhostUserLog.size);
  if (wrong !== undefined) return wrong;
  const size = readU53(payload, VhostUserLog.offset.mmap_size);
  const fileOffset = readU53(payload, VhostUserLog.offset.mmap_offset);
  if (size === undefined) return err({ code: 'VALUE_TOO_LARGE', field: 'log size' });
  if (fileOffset === undefined) return err({ code: 'VALUE_TOO_LARGE', field: 'log offset' });
  if (size === 0) return err({ code: 'EMPTY', field: 'log' });
  return Number.isSafeInteger(fileOffset + size) ? ok({ size, fileOffset }) : err({ code: 'RANGE_WRAPS', field: 'log offset' });
}

export function parseStateTransfer(payload: DataView): Parsed<StateTransfer> {
  const { get } = VhostUserTransferDeviceState;
  return sized(payload, VhostUserTransferDeviceState.size) ?? ok({ direction: get.direction(payload, 0), phase: get.phase(payload, 0) });
}

/** SET_MEM_TABLE. At least one region: a table without any has no use. */
export function parseMemoryTable(payload: DataView): Parsed<readonly RegionDescription[]> {
  if (payload.byteLength < VhostUserMemory.size)
    return err({ code: 'WRONG_SIZE', size: payload.byteLength, expected: VhostUserMemory.size });
  const count = VhostUserMemory.get.nregions(payload, 0);
  if (count === 0) return err({ code: 'EMPTY', field: 'memory table' });
  if (count > MAX_MEMORY_REGIONS) return err({ code: 'TOO_MANY', field: 'regions', count, limit: MAX_MEMORY_REGIONS });
  const wrong = sized(payload, VhostUserMemory.size + count * VhostUserMemoryRegion.size);
  if (wrong !== undefined) return wrong;
  const regions: RegionDescription[] = [];
  for (let index = 0; index < count; index++) {
    const region = parseRegion(payload, VhostUserMemory.size + index * VhostUserMemoryRegion.size);
    if (!region.ok) return region;
    regions.push(region.value);
  }
  return ok(regions);
}

/** ADD_MEM_REG and REM_MEM_REG. */
export function parseSingleRegion(payload: DataView): Parsed<RegionDescription> {
  return sized(payload, VhostUserMemRegMsg.size) ?? parseRegion(payload, VhostUserMemRegMsg.offset.region);
}

function parseRegion(view: DataView, at: number): Parsed<RegionDescription> {
  const { offset } = VhostUserMemoryRegion;
  const guest = readU53(view, at + offset.guest_phys_addr);
  const size = readU53(view, at + offset.memory_size);
  const frontendStart = readFrontendAddress(view, at + offset.userspace_addr);
  const fileOffset = readU53(view, at + offset.mmap_offset);
  const guestStart = guest === undefined ? undefined : guestAddress(guest);
  if (guestStart === undefined) return err({ code: 'VALUE_TOO_LARGE', field: 'guest address' });
  if (size === undefined) return err({ code: 'VALUE_TOO_LARGE', field: 'size' });
  if (frontendStart === undefined) return err({ code: 'VALUE_TOO_LARGE', field: 'user address' });
  if (fileOffset === undefined) return err({ code: 'VALUE_TOO_LARGE', field: 'mmap offset' });
  if (size === 0) return err({ code: 'EMPTY', field: 'region' });
  if (!Number.isSafeInteger(guestStart + size)) return err({ code: 'RANGE_WRAPS', field: 'guest address' });
  if (!Number.isSafeInteger(frontendStart + size)) return err({ code: 'RANGE_WRAPS', field: 'user address' });
  if (!Number.isSafeInteger(fileOffset + size)) return err({ code: 'RANGE_WRAPS', field: 'mmap offset' });
  return ok({ guestStart, size, frontendStart, fileOffset });
}

/** GET_CONFIG and SET_CONFIG: the payload is as long as it says. */
export function parseConfigAccess(payload: DataView): Parsed<ConfigAccess> {
  if (payload.byteLength < VhostUserConfig.size)
    return err({ code: 'WRONG_SIZE', size: payload.byteLength, expected: VhostUserConfig.size });
  const offset = VhostUserConfig.get.offset(payload, 0);
  const length = VhostUserConfig.get.size(payload, 0);
  const flags = VhostUserConfig.get.flags(payload, 0);
  if (flags > VHOST_USER_CONFIG_MIGRATION) return err({ code: 'RESERVED_BITS', field: 'config flags', value: flags });
  if (length === 0) return err({ code: 'EMPTY', field: 'config access' });
  if (offset + length > VHOST_USER_MAX_CONFIG_SIZE) {
    return err({ code: 'TOO_MANY', field: 'config bytes', count: offset + length, limit: VHOST_USER_MAX_CONFIG_SIZE });
  }
  const wrong = sized(payload, VhostUserConfig.size + length);
  return wrong ?? ok({ offset, bytes: new Uint8Array(payload.buffer, payload.byteOffset + VhostUserConfig.size, length) });
}

export function parseInflight(payload: DataView): Parsed<InflightDescription> {
  if (payload.byteLength !== VHOST_USER_INFLIGHT_UNPADDED && payload.byteLength !== VhostUserInflight.size) {
    return err({ code: 'WRONG_SIZE', size: payload.byteLength, expected: VhostUserInflight.size });
  }
  const { get, offset } = VhostUserInflight;
  const size = readU53(payload, offset.mmap_size);
  const fileOffset = readU53(payload, offset.mmap_offset);
  if (size === undefined) return err({ code: 'VALUE_TOO_LARGE', field: 'mmap size' });
  if (fileOffset === undefined) return err({ code: 'VALUE_TOO_LARGE', field: 'mmap offset' });
  if (!Number.isSafeInteger(fileOffset + size)) return err({ code: 'RANGE_WRAPS', field: 'mmap offset' });
  return ok({ size, fileOffset, queueCount: get.num_queues(payload, 0), queueSize: get.queue_size(payload, 0) });
}

export const NOTHING: DataView = new DataView(new ArrayBuffer(0));

export function encodeU64(value: bigint): DataView {
  const payload = room(VhostUserU64.size);
  VhostUserU64.set.value(payload, 0, value);
  return payload;
}

export function encodeVringState(state: VringState): DataView {
  const payload = room(VhostVringState.size);
  VhostVringState.set.index(payload, 0, state.index);
  VhostVringState.set.num(payload, 0, state.num);
  return payload;
}

export function encodeVringFile(file: VringFile): DataView {
  return encodeU64(BigInt(file.index | (file.hasDescriptor ? 0 : VHOST_USER_VRING_NOFD)));
}

export function encodeVringAddresses(addresses: VringAddresses): DataView {
  const payload = room(VhostVringAddr.size);
  const { set } = VhostVringAddr;
  set.index(payload, 0, addresses.index);
  set.flags(payload, 0, addresses.flags);
  set.desc_user_addr(payload, 0, addresses.descriptor);
  set.used_user_addr(payload, 0, addresses.used);
  set.avail_user_addr(payload, 0, addresses.available);
  set.log_guest_addr(payload, 0, addresses.log ?? 0);
  return payload;
}

export function encodeLog({ size, fileOffset }: LogDescription): DataView {
  const payload = room(VhostUserLog.size);
  VhostUserLog.set.mmap_size(payload, 0, size);
  VhostUserLog.set.mmap_offset(payload, 0, fileOffset);
  return payload;
}

export function encodeStateTransfer({ direction, phase }: StateTransfer): DataView {
  const payload = room(VhostUserTransferDeviceState.size);
  VhostUserTransferDeviceState.set.direction(payload, 0, direction);
  VhostUserTransferDeviceState.set.phase(payload, 0, phase);
  return payload;
}

export function encodeMemoryTable(regions: readonly RegionDescription[]): DataView {
  const payload = room(VhostUserMemory.size + regions.length * VhostUserMemoryRegion.size);
  VhostUserMemory.set.nregions(payload, 0, regions.length);
  for (const [index, region] of regions.entries()) writeRegion(payload, VhostUserMemory.size + index * VhostUserMemoryRegion.size, region);
  return payload;
}

export function encodeSingleRegion(region: RegionDescription): DataView {
  const payload = room(VhostUserMemRegMsg.size);
  writeRegion(payload, VhostUserMemRegMsg.offset.region, region);
  return payload;
}

function writeRegion(view: DataView, at: number, region: RegionDescription): void {
  const { set } = VhostUserMemoryRegion;
  set.guest_phys_addr(view, at, region.guestStart);
  set.memory_size(view, at, region.size);
  set.userspace_addr(view, at, region.frontendStart);
  set.mmap_offset(view, at, region.fileOffset);
}

/** With the bytes to write, or as many zeros as are to be read. */
export function encodeConfigAccess(access: ConfigAccess): DataView {
  const payload = room(VhostUserConfig.size + access.bytes.length);
  VhostUserConfig.set.offset(payload, 0, access.offset);
  VhostUserConfig.set.size(payload, 0, access.bytes.length);
  new Uint8Array(payload.buffer).set(access.bytes, VhostUserConfig.size);
  return payload;
}

/** `size` is 24, or 20 towards a peer that sent 20. */
export function encodeInflight(inflight: InflightDescription, size: number = VhostUserInflight.size): DataView {
  const payload = room(VhostUserInflight.size);
  const { set } = VhostUserInflight;
  set.mmap_size(payload, 0, inflight.size);
  set.mmap_offset(payload, 0, inflight.fileOffset);
  set.num_queues(payload, 0, inflight.queueCount);
  set.queue_size(payload, 0, inflight.queueSize);
  return new DataView(payload.buffer, 0, size);
}

function room(size: number): DataView {
  return new DataView(new ArrayBuffer(size));
}

function readFrontendAddress(view: DataView, at: number): FrontendAddress | undefined {
  const value = readU53(view, at);
  return value === undefined ? undefined : frontendAddress(value);
}

/** The error where a payload is not exactly `expected` bytes long. */
function sized(payload: DataView, expected: number): { readonly ok: false; readonly error: PayloadError } | undefined {
  return payload.byteLength === expected ? undefined : err({ code: 'WRONG_SIZE', size: payload.byteLength, expected });
}
