import { type Result, err, ok } from '../../lang/result.ts';
import { type FileStatus, fileStatus } from '../../sys/file-status.ts';
import { Mapping } from '../../sys/mapping.ts';
import type { Fd } from '../../sys/owned-fd.ts';
import type { RequestError } from '../errors.ts';

/** A range of a peer's file in this process. */
export interface MappedFile {
  readonly mapping: Mapping;
  /** Of the range's first byte. */
  readonly address: number;
  readonly status: FileStatus;
}

const PAGE = 4096;
const LARGEST_PAGE = 2 ** 30;

/** Maps [offset, offset + size) of a regular file that is that long; `offset` may have any value. */
export function mapFile(fd: Fd, offset: number, size: number): Result<MappedFile, RequestError> {
  const status = fileStatus(fd);
  if (!status.ok) return err({ code: 'SYS', cause: status.error });
  if (status.value.kind !== 'file') return err({ code: 'WRONG_DESCRIPTOR_TYPE' });
  // A file that is too short would turn an access of the guest's into SIGBUS in this process.
  if (status.value.size < offset + size) return err({ code: 'FILE_TOO_SHORT', size: status.value.size, needed: offset + size });
  // Files of huge pages map, and unmap, in whole ones of theirs.
  const page = pageSize(status.value.blockSize);
  const lead = offset % page;
  const length = Math.ceil((lead + size) / page) * page;
  const mapping = Mapping.map({ length, fd, offset: offset - lead });
  if (!mapping.ok) return err({ code: 'SYS', cause: mapping.error });
  return ok({ mapping: mapping.value, address: mapping.value.address + lead, status: status.value });
}

function pageSize(blockSize: number): number {
  const plausible = Number.isInteger(Math.log2(blockSize)) && blockSize >= PAGE && blockSize <= LARGEST_PAGE;
  return plausible ? blockSize : PAGE;
}
