/**
 * The two headers (2.2.2). A change goes to the one that is not current, with the next sequence number, and is made durable before
 * anything else is written: whatever a power loss tears, one of them is whole.
 */
import { readU53 } from '#shared/layout/fields.ts';
import { type Result, ok } from '#shared/lang/result.ts';
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import type { ImageFile } from '../image-file.ts';
import type { ImageError } from '../image.ts';
import { crc32c } from './crc32c.ts';
import { guidBytes, guidText } from './guid.ts';
import { corrupt, hostFailed } from './problem.ts';
import { HEADER_PLACES, HEADER_SIGNATURE, HEADER_SIZE, HEADER_VERSION, VhdxHeader, hasSignature } from './spec.ts';

const { offset: AT, get, set } = VhdxHeader;
/** Nobody gets there by counting changes, and we may still count some. */
const MAX_SEQUENCE = 2 ** 52;

export interface HeaderChange {
  readonly fileWriteGuid?: string;
  readonly dataWriteGuid?: string;
  readonly logGuid?: string;
}

/** Position in HEADER_PLACES, and the bytes there. */
interface Found {
  readonly place: 0 | 1;
  readonly page: NativeBuffer;
  readonly sequence: number;
}

export class Headers {
  readonly #file: ImageFile;
  #current: Found;

  private constructor(file: ImageFile, current: Found) {
    this.#file = file;
    this.#current = current;
  }

  static read(file: ImageFile): Result<Headers, ImageError> {
    const found: Found[] = [];
    for (const place of [0, 1] as const) {
      const page = allocate(HEADER_SIZE);
      const read = file.read(page, 0, HEADER_SIZE, HEADER_PLACES[place]);
      if (read !== HEADER_SIZE) return hostFailed('cannot be read', read);
      const sequence = sequenceOf(page);
      if (sequence !== undefined) found.push({ place, page, sequence });
    }
    const [first, second] = found;
    if (first === undefined) return corrupt('none of its two headers is valid');
    if (second === undefined) return ok(new Headers(file, first));
    // Disk2VHD writes two that are equal, sequence numbers included.
    if (first.sequence === second.sequence && !Buffer.from(first.page.bytes).equals(second.page.bytes)) {
      return corrupt('its two headers differ and have one sequence number');
    }
    return ok(new Headers(file, second.sequence > first.sequence ? second : first));
  }

  get logGuid(): string {
    return guidText(get.LogGuid(this.#view, 0));
  }

  get logVersion(): number {
    return get.LogVersion(this.#view, 0);
  }

  get logLength(): number {
    return get.LogLength(this.#view, 0);
  }

  /** Undefined where it is beyond every file. */
  get logOffset(): number | undefined {
    return readU53(this.#view, AT.LogOffset);
  }

  get #view(): DataView {
    return this.#current.page.view;
  }

  /** Durable when it returns 0. After -errno the header is the old one or the new one. */
  update(change: HeaderChange): number {
    const next: Found = {
      place: this.#current.place === 0 ? 1 : 0,
      page: allocate(HEADER_SIZE),
      sequence: this.#current.sequence + 1,
    };
    const { bytes, view } = next.page;
    bytes.set(this.#current.page.bytes);
    set.SequenceNumber(view, 0, next.sequence);
    if (change.fileWriteGuid !== undefined) set.FileWriteGuid(view, 0, guidBytes(change.fileWriteGuid));
    if (change.dataWriteGuid !== undefined) set.DataWriteGuid(view, 0, guidBytes(change.dataWriteGuid));
    if (change.logGuid !== undefined) set.LogGuid(view, 0, guidBytes(change.logGuid));
    set.Checksum(view, 0, crc32c(bytes, AT.Checksum));
    const written = this.#file.write(next.page, 0, HEADER_SIZE, HEADER_PLACES[next.place]);
    const done = written < 0 ? written : this.#file.sync();
    if (done === 0) this.#current = next;
    return done;
  }
}

/** Undefined where the page is no valid header. */
function sequenceOf({ bytes, view }: NativeBuffer): number | undefined {
  if (!hasSignature(view, 0, HEADER_SIGNATURE) || get.Version(view, 0) !== HEADER_VERSION) return undefined;
  if (get.Checksum(view, 0) !== crc32c(bytes, AT.Checksum)) return undefined;
  const sequence = readU53(view, AT.SequenceNumber);
  return sequence === undefined || sequence > MAX_SEQUENCE ? undefined : sequence;
}
