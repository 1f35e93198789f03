/** What a file opened with O_DIRECT wants of the memory and of the places that are read and written. */
import { EINVAL } from './errno.ts';
import { allocate, cString, ioctlStruct, syscall } from './ffi.ts';
import type { Fd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

/** Bytes; powers of two. */
export interface DirectAlignment {
  /** Of addresses. */
  readonly memory: number;
  /** Of offsets, and of the length of each piece of memory. */
  readonly offset: number;
}

const F_GETFL = 3;
const O_DIRECT = 0o40000;
const AT_EMPTY_PATH = 0x1000;
const STATX_DIOALIGN = 0x2000;
/** struct statx: the mask of what it tells at 0, dio_mem_align at 152, dio_offset_align at 156. */
const STATX_SIZE = 256;
const BLKSSZGET = 0x1268;
const LEAST = 512;
const MOST = 4096;

/** Undefined: the file goes through the page cache, and wants nothing. */
export function directAlignment(fd: Fd): DirectAlignment | undefined {
  if ((syscall(SYS.fcntl, fd, F_GETFL) & O_DIRECT) === 0) return undefined;
  return told(fd) ?? found(fd);
}

/** What the file system says, since Linux 6.1. */
function told(fd: Fd): DirectAlignment | undefined {
  const status = allocate(STATX_SIZE);
  const empty = cString('');
  if (syscall(SYS.statx, fd, empty.address, AT_EMPTY_PATH, STATX_DIOALIGN, status.address) < 0) return undefined;
  if ((status.view.getUint32(0, true) & STATX_DIOALIGN) === 0) return undefined;
  const memory = status.view.getUint32(152, true);
  const offset = status.view.getUint32(156, true);
  return memory === 0 || offset === 0 ? undefined : { memory, offset };
}

/** A block device tells the size of its blocks; of a file, what it lets be read. Memory is taken to need as much. */
function found(fd: Fd): DirectAlignment {
  const size = allocate(4);
  if (ioctlStruct(fd, BLKSSZGET, size) >= 0) return both(size.view.getUint32(0, true));
  const memory = allocate(2 * MOST);
  const aligned = Math.ceil(memory.address / MOST) * MOST;
  for (let length = LEAST; length < MOST; length *= 2) {
    if (syscall(SYS.pread64, fd, aligned, length, length) !== -EINVAL) return both(length);
  }
  return both(MOST);
}

function both(bytes: number): DirectAlignment {
  return { memory: bytes, offset: bytes };
}
