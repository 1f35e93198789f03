/**
 * The in-flight area (vhost-user, "Inflight I/O tracking"): one slice per queue, shared with the front end, which keeps it
 * across a crash of this process. Its contents are the queue's business; here it is made, mapped and cut.
 */
import { type Result, err, ok } from '../../lang/result.ts';
import { createSealedMemfd } from '../../sys/memfd.ts';
import type { Fd, OwnedFd } from '../../sys/owned-fd.ts';
import type { RequestError } from '../errors.ts';
import type { InflightDescription } from '../message.ts';
import { type InflightRegion, inflightSliceSize } from '../../virtio/index.ts';
import { type MappedFile, mapFile } from './map-file.ts';

export interface InflightLimits {
  readonly queueCount: number;
  readonly maxQueueSize: number;
}

/** A mapped area. Its owner closes it once no ring runs on it. */
export class InflightArea {
  readonly queueCount: number;
  readonly queueSize: number;
  readonly description: InflightDescription;
  readonly #mapped: MappedFile;
  /** Open for the front end, and for a successor of this process. */
  readonly #file: OwnedFd;

  private constructor(description: InflightDescription, mapped: MappedFile, file: OwnedFd) {
    this.queueCount = description.queueCount;
    this.queueSize = description.queueSize;
    this.description = description;
    this.#mapped = mapped;
    this.#file = file;
  }

  /** GET_INFLIGHT_FD: a new area of zeros for what `wanted` names. */
  static create(wanted: InflightDescription, limits: InflightLimits): Result<InflightArea, RequestError> {
    const refused = outsideLimits(wanted, limits);
    if (refused !== undefined) return err(refused);
    const size = wanted.queueCount * inflightSliceSize(wanted.queueSize);
    const file = createSealedMemfd({ name: 'inflight', size });
    if (!file.ok) return err({ code: 'SYS', cause: file.error });
    const description = { ...wanted, size, fileOffset: 0 };
    const mapped = mapFile(file.value.fd, 0, size);
    if (mapped.ok) return ok(new InflightArea(description, mapped.value, file.value));
    file.value.close();
    return mapped;
  }

  /** SET_INFLIGHT_FD: the area that the front end kept. Takes the first of `fds` where it succeeds. */
  static adopt(given: InflightDescription, fds: OwnedFd[], limits: InflightLimits): Result<InflightArea, RequestError> {
    const [file] = fds;
    if (file === undefined || fds.length !== 1) return err({ code: 'WRONG_DESCRIPTORS', count: fds.length, expected: 1 });
    const refused = outsideLimits(given, limits);
    if (refused !== undefined) return err(refused);
    const needed = given.queueCount * inflightSliceSize(given.queueSize);
    if (given.size < needed) return err({ code: 'INFLIGHT_TOO_SMALL', length: given.size, needed });
    const mapped = mapFile(file.fd, given.fileOffset, needed);
    if (!mapped.ok) return mapped;
    fds.shift();
    return ok(new InflightArea(given, mapped.value, file));
  }

  /** The slice of ring `index` with `ringSize` entries; undefined where the area was made for fewer rings. */
  slice(index: number, ringSize: number): Result<InflightRegion | undefined, RequestError> {
    if (index >= this.queueCount) return ok<InflightRegion | undefined>(undefined);
    const length = inflightSliceSize(this.queueSize);
    // A ring larger than its slice would write into the next one's.
    if (ringSize > this.queueSize) return err({ code: 'INFLIGHT_TOO_SMALL', length, needed: inflightSliceSize(ringSize) });
    return ok<InflightRegion | undefined>({ hostAddress: this.#mapped.address + index * length, length, queueSize: this.queueSize });
  }

  /** Stays the area's. */
  get file(): Fd {
    return this.#file.fd;
  }

  close(): void {
    this.#mapped.mapping.unmap();
    this.#file.close();
  }
}

function outsideLimits({ queueCount, queueSize }: InflightDescription, limits: InflightLimits): RequestError | undefined {
  if (queueCount === 0 || queueCount > limits.queueCount) return { code: 'BAD_VALUE', field: 'inflight queues', value: queueCount };
  if (queueSize === 0 || queueSize > limits.maxQueueSize) return { code: 'BAD_VALUE', field: 'inflight queue size', value: queueSize };
  return undefined;
}
