/**
 * io_uring (io_uring_setup(2)) through raw system calls and mapped rings: prepare, submit and reap allocate nothing.
 *
 * A ring is created disabled, restricted to the operations its owner names, then enabled, so that it cannot be used to go
 * around a system call filter. Its entry count is 512 or 1024: libuv uses 64 and 256, and a filter can tell them apart.
 * One thread makes, enables and uses a ring (SINGLE_ISSUER), and looks at completions when it enters the kernel anyway
 * (COOP_TASKRUN). DEFER_TASKRUN is left out: a busy thread would then have to ask for the events of its kicks and of its
 * control socket with every submission.
 */
import { assert } from '../lang/assert.ts';
import { type Result, err, ok } from '../lang/result.ts';
import { EBUSY, EINTR, type SysError, sysError } from './errno.ts';
import { allocate, syscall } from './ffi.ts';
import { MAP_POPULATE, MAP_SHARED, Mapping } from './mapping.ts';
import { type Fd, OwnedFd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

export const IORING_OP = {
  NOP: 0,
  READV: 1,
  WRITEV: 2,
  FSYNC: 3,
  POLL_ADD: 6,
  POLL_REMOVE: 7,
  TIMEOUT: 11,
  /** `length` is the mode, `address` the length. */
  FALLOCATE: 17,
  READ: 22,
  WRITE: 23,
} as const;
/** Bits of an entry's flags, and of its operation's own. */
export const IOSQE_FIXED_FILE = 1;
export const IORING_FSYNC_DATASYNC = 1;
export const IORING_POLL_ADD_MULTI = 1;
/** A completion of a request that has more to come. */
export const IORING_CQE_F_MORE = 2;

const SETUP_R_DISABLED = 1 << 6;
const SETUP_COOP_TASKRUN = 1 << 8;
const SETUP_TASKRUN_FLAG = 1 << 9;
const SETUP_SINGLE_ISSUER = 1 << 12;
const ENTER_GETEVENTS = 1;
const SQ_TASKRUN = 4;
const SQ_CQ_OVERFLOW = 2;
const REGISTER_FILES = 2;
const REGISTER_RESTRICTIONS = 11;
const REGISTER_ENABLE_RINGS = 12;
const RESTRICTION_SQE_OP = 1;
const RESTRICTION_SQE_FLAGS_ALLOWED = 2;
const OFF_SQES = 0x1000_0000;
const SQE_WORDS = 16;
const SQE_SIZE = 64;
const CQE_SIZE = 16;

export interface IoUringOptions {
  readonly entries: 512 | 1024;
  /** The only operations that the ring will do. */
  readonly operations: readonly number[];
  /** Named by their position in entries with IOSQE_FIXED_FILE; must stay open until the ring is closed. */
  readonly files: readonly Fd[];
}

export class IoUring {
  readonly entries: number;
  readonly #ring: OwnedFd;
  /** Queue heads, tails and completions; kept so that the mapping stays viewed. */
  readonly #shared: Int32Array;
  readonly #completions: DataView;
  readonly #sqes: Uint32Array;
  readonly #at: RingOffsets;
  #tail: number;
  #submitted: number;
  #cqHead: number;
  #cqTail: number;

  /** The completion that `next` found last. Tokens are the two halves of user_data; `result` is a value or `-errno`. */
  tokenLow = 0;
  tokenHigh = 0;
  result = 0;
  flags = 0;

  private constructor(ring: OwnedFd, rings: Mapping, sqes: Mapping, at: RingOffsets) {
    this.#ring = ring;
    this.#shared = new Int32Array(rings.view(0, rings.length & ~3));
    this.#completions = new DataView(this.#shared.buffer);
    this.#sqes = new Uint32Array(sqes.view());
    this.#at = at;
    this.entries = at.sqMask + 1;
    for (let index = 0; index < this.entries; index++) this.#shared[at.sqArray + index] = index;
    this.#tail = Atomics.load(this.#shared, at.sqTail);
    this.#submitted = this.#tail;
    this.#cqHead = Atomics.load(this.#shared, at.cqHead);
    this.#cqTail = this.#cqHead;
  }

  static create(options: IoUringOptions): Result<IoUring, SysError> {
    const params = allocate(120);
    const setup = SETUP_R_DISABLED | SETUP_COOP_TASKRUN | SETUP_TASKRUN_FLAG | SETUP_SINGLE_ISSUER;
    params.view.setUint32(8, setup, true);
    const fd = syscall(SYS.io_uring_setup, options.entries, params.address);
    if (fd < 0) return err(sysError('io_uring_setup', -fd));
    const ring = new OwnedFd(fd);
    const opened = restrict(ring.fd, options);
    const mapped = opened.ok ? map(ring.fd, params.view) : opened;
    if (!mapped.ok) {
      ring.close();
      return mapped;
    }
    return ok(new IoUring(ring, mapped.value.rings, mapped.value.sqes, mapped.value.at));
  }

  /** Entries that can be prepared before the next `submit`. */
  get free(): number {
    return this.entries - ((this.#tail - this.#submitted) | 0);
  }

  /** Prepared and not yet submitted. */
  get pending(): number {
    return (this.#tail - this.#submitted) | 0;
  }

  /**
   * Prepares one entry; submits what is there first where there is no room. Hot. `file` is a descriptor, or with
   * IOSQE_FIXED_FILE in `flags` a position. Numbers above 32 bits (`offset`, `address`) are split here.
   */
  prepare(
    opcode: number,
    flags: number,
    file: number,
    offset: number,
    address: number,
    length: number,
    tokenLow: number,
    tokenHigh: number,
    operationFlags = 0,
  ): void {
    if (this.free === 0) this.submit(0);
    assert(this.free > 0, 'the kernel takes no more entries');
    const sqes = this.#sqes;
    const at = (this.#tail & this.#at.sqMask) * SQE_WORDS;
    sqes[at] = opcode | (flags << 8);
    sqes[at + 1] = file;
    sqes[at + 2] = offset;
    sqes[at + 3] = offset / 2 ** 32;
    sqes[at + 4] = address;
    sqes[at + 5] = address / 2 ** 32;
    sqes[at + 6] = length;
    sqes[at + 7] = operationFlags;
    sqes[at + 8] = tokenLow;
    sqes[at + 9] = tokenHigh;
    sqes[at + 10] = 0;
    sqes[at + 11] = 0;
    this.#tail = (this.#tail + 1) | 0;
  }

  /** Hands everything prepared to the kernel, and waits until `minimum` completions are there. A signal ends the wait early. */
  submit(minimum: number): void {
    for (;;) {
      Atomics.store(this.#shared, this.#at.sqTail, this.#tail);
      const result = syscall(SYS.io_uring_enter, this.#ring.fd, this.pending, minimum, minimum > 0 ? ENTER_GETEVENTS : 0, 0, 0);
      if (result >= 0) this.#submitted = (this.#submitted + result) | 0;
      else if (result === -EINTR) return;
      // The completion queue is full: the owner reaps and comes again.
      else if (result === -EBUSY) return;
      else throw new Error(sysError('io_uring_enter', -result).message);
      if (this.pending === 0) return;
    }
  }

  /** Lets the kernel post completions that wait for this thread, where it says that there are some. Hot: a load otherwise. */
  poke(): void {
    if ((Atomics.load(this.#shared, this.#at.sqFlags) & (SQ_TASKRUN | SQ_CQ_OVERFLOW)) === 0) return;
    syscall(SYS.io_uring_enter, this.#ring.fd, 0, 0, ENTER_GETEVENTS, 0, 0);
  }

  /** Moves to the next completion; false where there is none. Hot. */
  next(): boolean {
    if (this.#cqHead === this.#cqTail) {
      Atomics.store(this.#shared, this.#at.cqHead, this.#cqHead);
      this.#cqTail = Atomics.load(this.#shared, this.#at.cqTail);
      if (this.#cqHead === this.#cqTail) return false;
    }
    const at = this.#at.cqes + (this.#cqHead & this.#at.cqMask) * CQE_SIZE;
    this.tokenLow = this.#completions.getUint32(at, true);
    this.tokenHigh = this.#completions.getUint32(at + 4, true);
    this.result = this.#completions.getInt32(at + 8, true);
    this.flags = this.#completions.getUint32(at + 12, true);
    this.#cqHead = (this.#cqHead + 1) | 0;
    return true;
  }

  /** Closes the ring's descriptor; its mappings stay until the process ends, for views of them are reachable. */
  close(): void {
    this.#ring.close();
  }
}

/** Positions in the mapped rings: of 32-bit words, but for `cqes`, which is in bytes. */
interface RingOffsets {
  readonly sqTail: number;
  readonly sqMask: number;
  readonly sqFlags: number;
  readonly sqArray: number;
  readonly cqHead: number;
  readonly cqTail: number;
  readonly cqMask: number;
  readonly cqes: number;
}

interface MappedRings {
  readonly rings: Mapping;
  readonly sqes: Mapping;
  readonly at: RingOffsets;
}

/** struct io_uring_params: sq_off at 40, cq_off at 80. */
function map(fd: Fd, params: DataView): Result<MappedRings, SysError> {
  const word = (at: number): number => params.getUint32(at, true);
  const sqEntries = word(0);
  const length = Math.max(word(64) + sqEntries * 4, word(100) + word(4) * CQE_SIZE);
  const flags = MAP_SHARED | MAP_POPULATE;
  const rings = Mapping.map({ length, fd, flags });
  if (!rings.ok) return rings;
  const sqes = Mapping.map({ length: sqEntries * SQE_SIZE, fd, offset: OFF_SQES, flags });
  if (!sqes.ok) return sqes;
  const at: RingOffsets = {
    sqTail: word(44) / 4,
    sqMask: sqEntries - 1,
    sqFlags: word(56) / 4,
    sqArray: word(64) / 4,
    cqHead: word(80) / 4,
    cqTail: word(84) / 4,
    cqMask: word(4) - 1,
    cqes: word(100),
  };
  return ok({ rings: rings.value, sqes: sqes.value, at });
}

/** Registers the files, allows the operations and nothing else, and enables the ring. */
function restrict(fd: Fd, { operations, files }: IoUringOptions): Result<void, SysError> {
  const descriptors = allocate(Math.max(4, files.length * 4));
  for (const [index, file] of files.entries()) descriptors.view.setInt32(index * 4, file, true);
  // struct io_uring_restriction: opcode u16, what u8, reserved to 16 bytes.
  const restrictions = allocate((operations.length + 1) * 16);
  for (const [index, operation] of operations.entries()) {
    restrictions.view.setUint16(index * 16, RESTRICTION_SQE_OP, true);
    restrictions.view.setUint8(index * 16 + 2, operation);
  }
  restrictions.view.setUint16(operations.length * 16, RESTRICTION_SQE_FLAGS_ALLOWED, true);
  restrictions.view.setUint8(operations.length * 16 + 2, IOSQE_FIXED_FILE);
  const steps: readonly (readonly [what: string, opcode: number, address: number, count: number])[] = [
    ['register files', REGISTER_FILES, descriptors.address, files.length],
    ['restrict', REGISTER_RESTRICTIONS, restrictions.address, operations.length + 1],
    ['enable', REGISTER_ENABLE_RINGS, 0, 0],
  ];
  for (const [what, opcode, address, count] of steps) {
    if (opcode === REGISTER_FILES && count === 0) continue;
    const result = syscall(SYS.io_uring_register, fd, opcode, address, count);
    if (result < 0) return err(sysError(`io_uring: ${what}`, -result));
  }
  return ok();
}
