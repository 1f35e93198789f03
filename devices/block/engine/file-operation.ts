/** One entry's work as a system call, for a thread that may wait for it. */
import { assert } from '#shared/lang/assert.ts';
import { allocate, syscall } from '#shared/sys/ffi.ts';
import { IORING_FSYNC_DATASYNC, IORING_OP } from '#shared/sys/io-uring.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import type { PoolMemory } from './pool-memory.ts';

/** Answers EAGAIN where it would have to wait: reads of what is not in the page cache. */
export const RWF_NOWAIT = 8;

/** struct iovec for the operations that name their bytes themselves; of this thread, and done with when the call returns. */
const vector = allocate(16);

/** What io_uring would answer: a value, or `-errno`. `flags` (RWF_*) are added to those of the entry. Hot: no allocation. */
export function perform(pool: PoolMemory, slot: number, flags: number): number {
  const opcode = pool.opcode(slot);
  const file = pool.file(slot);
  const offset = pool.offset(slot);
  const address = pool.address(slot);
  const length = pool.length(slot);
  const operationFlags = pool.operationFlags(slot);
  switch (opcode) {
    case IORING_OP.FSYNC:
      return syscall(operationFlags === IORING_FSYNC_DATASYNC ? SYS.fdatasync : SYS.fsync, file);
    case IORING_OP.FALLOCATE:
      return syscall(SYS.fallocate, file, length, offset, address);
    case IORING_OP.NOP:
      return 0;
    default:
      return transfer(opcode, file, offset, address, length, operationFlags | flags);
  }
}

/** A read or a write, as above. Hot: no allocation. */
// oxlint-disable-next-line max-params -- an entry's fields; an object for each request would be garbage.
export function transfer(opcode: number, file: number, offset: number, address: number, length: number, flags: number): number {
  switch (opcode) {
    case IORING_OP.READ:
      if (flags === 0) return syscall(SYS.pread64, file, address, length, offset);
      return syscall(SYS.preadv2, file, vectorOf(address, length), 1, offset, 0, flags);
    case IORING_OP.WRITE:
      if (flags === 0) return syscall(SYS.pwrite64, file, address, length, offset);
      return syscall(SYS.pwritev2, file, vectorOf(address, length), 1, offset, 0, flags);
    case IORING_OP.READV:
      return syscall(SYS.preadv2, file, address, length, offset, 0, flags);
    default:
      assert(opcode === IORING_OP.WRITEV, 'an operation that is none of a file');
      return syscall(SYS.pwritev2, file, address, length, offset, 0, flags);
  }
}

function vectorOf(address: number, length: number): number {
  vector.view.setUint32(0, address, true);
  vector.view.setUint32(4, address / 2 ** 32, true);
  vector.view.setUint32(8, length, true);
  return vector.address;
}
