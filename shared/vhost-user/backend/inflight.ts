/**
 * The in-flight area (vhost-user, "Inflight I/O tracking"): one slice per queue, shared with the front end, which keeps it
 * across a crash of this process. Its contents are the queue's business; here it is made, mapped and cut.
 */
import { type Result, err, ok } from '../../lang/result.ts';
import { createSealedMemfd } from '../../sys/memfd.ts';
import type { OwnedFd } from '../../sys/owned-fd.ts';
import type { RequestError } from '../errors.ts';
import type { InflightDescription } from '../message.ts';
import { type InflightRegion, inflightSliceSize } from '../../virtio/index.ts';
import { type MappedFile, mapFile } from './map-file.ts';

export interface InflightLimits {
  readonly queueCount: number;
  readonly maxQueueSize: number;
}

/** A mapped area. Its owner unmaps it once no ring runs on it. */
export class InflightArea {
  readonly queueCount: number;
  readonly queueSize: number;
  readonly #mapped: MappedFile;

  private constructor(description: InflightDescription, mapped: MappedFile) {
    this.queueCount = description.queueCount;
    this.queueSize = description.queueSize;
    this.#mapped = mapped;
  }

  /** GET_INFLIGHT_FD: a new area of zeros for what `wanted` names, and the file that it is in. */
  static create(wanted: InflightDescription, limits: InflightLimits): Result<CreatedInflight, RequestError> {
    const refused = outsideLimits(wanted, limits);
    if (refused !== undefined) return err(refused);
    const size = wanted.queueCount * inflightSliceSize(wanted.queueSize);
    const file = createSealedMemfd({ name: 'inflight', size });
    if (!file.ok) return err({ code: 'SYS', cause: file.error });
    const description = { ...wanted, size, fileOffset: 0 };
    const mapped = mapFile(file.value.fd, 0, size);
    if (mapped.ok) return ok({ area: new InflightArea(description, mapped.value), file: file.value, description });
    file.value.close();
    return mapped;
  }

  /** SET_INFLIGHT_FD: the area that the front end kept. `file` stays the caller's. */
  static adopt(given: InflightDescription, file: OwnedFd, limits: InflightLimits): Result<InflightArea, RequestError> {
    const refused = outsideLimits(given, limits);
    if (refused !== undefined) return err(refused);
    const needed = given.queueCount * inflightSliceSize(given.queueSize);
    if (given.size < needed) return err({ code: 'INFLIGHT_TOO_SMALL', length: given.size, needed });
    const mapped = mapFile(file.fd, given.fileOffset, needed);
    return mapped.ok ? ok(new InflightArea(given, mapped.value)) : mapped;
  }

  /** The slice of ring `index` with `ringSize` entries; undefined where the area was made for fewer rings. */
  slice(index: number, ringSize: number): Result<InflightRegion | undefined, RequestError> {
    if (index >= this.queueCount) return ok<InflightRegion | undefined>(undefined);
    const length = inflightSliceSize(this.queueSize);
    // A ring larger than its slice would write into the next one's.
    if (ringSize > this.queueSize) return err({ code: 'INFLIGHT_TOO_SMALL', length, needed: inflightSliceSize(ringSize) });
    return ok<InflightRegion | undefined>({ hostAddress: this.#mapped.address + index * length, length, queueSize: this.queueSize });
  }

  unmap(): void {
    this.#mapped.mapping.unmap();
  }
}

export interface CreatedInflight {
  readonly area: InflightArea;
  /** The receiver's to close once it is sent. */
  readonly file: OwnedFd;
  readonly description: InflightDescription;
}

function outsideLimits({ queueCount, queueSize }: InflightDescription, limits: InflightLimits): RequestError | undefined {
  if (queueCount === 0 || queueCount > limits.queueCount) return { code: 'BAD_VALUE', field: 'inflight queues', value: queueCount };
  if (queueSize === 0 || queueSize > limits.maxQueueSize) return { code: 'BAD_VALUE', field: 'inflight queue size', value: queueSize };
  return undefined;
}
