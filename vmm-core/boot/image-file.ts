import { fstatSync } from 'node:fs';
import { assert } from '#shared/lang/assert.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { ImageFault } from './boot-error.ts';
import { type GuestRam, type LoadError, readFully } from './guest-writer.ts';

/** A file that its owner has opened for reading and closes again. */
export interface BootFile {
  readonly fd: number;
  /** For messages. */
  readonly path: string;
}

/** A part of a file and where the guest gets it. */
export interface Placement {
  readonly fileOffset: number;
  readonly length: number;
  readonly address: number;
}

/** A non-empty regular file of which only the parts that matter are read. */
export class ImageFile {
  readonly fd: number;
  readonly size: number;

  private constructor(fd: number, size: number) {
    this.fd = fd;
    this.size = size;
  }

  static inspect(fd: number): Result<ImageFile, ImageFault> {
    const status = fstatSync(fd);
    if (!status.isFile()) return err({ code: 'NOT_A_FILE' });
    return status.size === 0 ? err({ code: 'EMPTY' }) : ok(new ImageFile(fd, status.size));
  }

  /** TRUNCATED unless [offset, offset + length) lies in the file; `part` is what it holds, for the message. */
  requirePart(part: string, offset: number, length: number): Result<void, ImageFault> {
    const end = offset + length;
    return end <= this.size ? ok() : err({ code: 'TRUNCATED', part, end, size: this.size });
  }

  /** A copy of a header; `length` is a bound of the caller's, never a number from the file alone. */
  read(part: string, offset: number, length: number): Result<DataView, ImageFault> {
    const inside = this.requirePart(part, offset, length);
    if (!inside.ok) return inside;
    const bytes = new Uint8Array(length);
    const filled = readFully(this.fd, bytes, offset);
    return filled.ok ? ok(new DataView(bytes.buffer)) : err(this.#fault(filled.error, part, offset + length));
  }

  /** Fills guest memory at a place that was checked to be RAM. */
  loadInto(ram: GuestRam, part: string, placement: Placement): Result<void, ImageFault> {
    const loaded = ram.load({ fd: this.fd, ...placement });
    return loaded.ok ? loaded : err(this.#fault(loaded.error, part, placement.fileOffset + placement.length));
  }

  #fault(error: LoadError, part: string, end: number): ImageFault {
    assert(error.code !== 'NOT_MAPPED', `${part} was placed outside of guest memory`);
    // The file may have shrunk since its size was read.
    if (error.code === 'FILE_ENDED') return { code: 'TRUNCATED', part, end, size: error.at };
    return { code: 'UNREADABLE', reason: error.reason };
  }
}
