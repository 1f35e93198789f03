import { allocate, syscall } from './ffi.ts';
import { SYS } from './syscall-numbers.ts';

const OWN_PROCESS = 0;
const RLIMIT_NOFILE = 7;
/** struct rlimit64: the soft limit, which node has raised to the hard one behind it. */
const SIZE = 16;

/** How many descriptors this process may have at once; Infinity where nobody says. */
export function openFileLimit(): number {
  const limit = allocate(SIZE);
  if (syscall(SYS.prlimit64, OWN_PROCESS, RLIMIT_NOFILE, 0, limit.address) < 0) return Infinity;
  return Number(limit.view.getBigUint64(0, true));
}
