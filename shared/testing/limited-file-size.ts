/** Imported first, it has a program write no file beyond 32 MiB, as `ulimit -f` does: `node --import THIS program`. */
import { isMainThread } from 'node:worker_threads';
import { allocate, syscall } from '../sys/ffi.ts';
import { SYS } from '../sys/syscall-numbers.ts';

const RLIMIT_FSIZE = 1;
const LIMIT = 32 << 20;

if (isMainThread) {
  // struct rlimit64: soft, hard.
  const limit = allocate(16);
  limit.view.setBigUint64(0, BigInt(LIMIT), true);
  limit.view.setBigUint64(8, BigInt(LIMIT), true);
  const result = syscall(SYS.prlimit64, 0, RLIMIT_FSIZE, limit.address);
  if (result < 0) throw new Error(`prlimit64 failed with errno ${-result}`);
}
