/** A file of a host that refuses some calls. */
import type { NativeBuffer } from '#shared/sys/ffi.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { HostFile, type ImageFile } from '../../image-file.ts';

export type Call = 'read' | 'write' | 'sync' | 'truncate' | 'allocate';

export class FailingFile implements ImageFile {
  readonly fd: Fd;
  /** A positive errno refuses the call. */
  refuse: (call: Call) => number = () => 0;
  readonly #file: HostFile;

  constructor(fd: Fd) {
    this.fd = fd;
    this.#file = new HostFile(fd);
  }

  size(): number {
    return this.#file.size();
  }

  read(buffer: NativeBuffer, at: number, length: number, offset: number): number {
    return -this.refuse('read') || this.#file.read(buffer, at, length, offset);
  }

  write(buffer: NativeBuffer, at: number, length: number, offset: number): number {
    return -this.refuse('write') || this.#file.write(buffer, at, length, offset);
  }

  sync(): number {
    return -this.refuse('sync');
  }

  truncate(size: number): number {
    return -this.refuse('truncate') || this.#file.truncate(size);
  }

  allocate(mode: number, offset: number, length: number): number {
    return -this.refuse('allocate') || this.#file.allocate(mode, offset, length);
  }
}
