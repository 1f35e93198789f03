import { constants, fstatSync } from 'node:fs';
import { type Result, err, ok } from '../lang/result.ts';
import { EIO, type SysError, sysError } from './errno.ts';
import type { Fd } from './owned-fd.ts';

/** What fstat(2) tells about a descriptor. `anonymous` is an eventfd and its like; `other` a device or a directory. */
export interface FileStatus {
  readonly kind: 'file' | 'fifo' | 'socket' | 'anonymous' | 'other';
  /** Bytes; 0 for what has no size. */
  readonly size: number;
  /** The page size where the file is of huge pages. */
  readonly blockSize: number;
  /** Equal for two descriptors of one open inode, and for no two inodes. */
  readonly identity: string;
}

const KINDS: ReadonlyMap<number, FileStatus['kind']> = new Map([
  [constants.S_IFREG, 'file'],
  [constants.S_IFIFO, 'fifo'],
  [constants.S_IFSOCK, 'socket'],
  [0, 'anonymous'],
]);

export function fileStatus(fd: Fd): Result<FileStatus, SysError> {
  try {
    const { mode, size, blksize, dev, ino } = fstatSync(fd, { bigint: true });
    const kind = KINDS.get(Number(mode) & constants.S_IFMT) ?? 'other';
    return ok({ kind, size: Number(size), blockSize: Number(blksize), identity: `${dev}:${ino}` });
  } catch (error) {
    const errno = error instanceof Error && 'errno' in error ? Math.abs(Number(error.errno)) : EIO;
    return err(sysError(`fstat of descriptor ${fd}`, errno));
  }
}
