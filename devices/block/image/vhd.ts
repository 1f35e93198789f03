/**
 * Fixed VHD ("Virtual Hard Disk Image Format Specification", Microsoft, 2006): the guest's bytes, and behind them a footer of 512
 * bytes, big-endian. Its other kinds, dynamic and differencing, are refused.
 */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EROFS, sysError } from '#shared/sys/errno.ts';
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import { FALLOC, type ImageFile } from './image-file.ts';
import { EXTENT, type ExtentKind, type Image, type ImageError, NEEDS_FALLOCATE } from './image.ts';

const FOOTER_SIZE = 512;
const COOKIE = 'conectix';
const VERSION = 0x0001_0000;
/** Offsets in the footer. */
const AT = {
  version: 12,
  creatorApplication: 28,
  currentSize: 48,
  cylinders: 56,
  heads: 58,
  sectorsPerTrack: 59,
  diskType: 60,
  checksum: 64,
} as const;
const DISK_TYPE = { fixed: 2, dynamic: 3, differencing: 4 } as const;
const SECTOR = 512;
/** What Hyper-V makes at most. */
const MAX_SIZE = 2040 * 2 ** 30;
/**
 * Readers take the size from the geometry, which rounds, unless they know that who wrote the footer meant its size. By this name all
 * that know any do.
 */
const CREATOR_OF_EXACT_SIZES = 'win ';

export interface VhdOptions {
  readonly readOnly: boolean;
}

/** The error's message is the end of a sentence that begins with the disk's name. */
export function openVhd(file: ImageFile, { readOnly }: VhdOptions): Result<Image, ImageError> {
  const fileSize = file.size();
  if (fileSize < 0) return host('cannot be measured', -fileSize);
  const footer = allocate(FOOTER_SIZE);
  if (fileSize < SECTOR + FOOTER_SIZE) return corrupt('NOT_THIS_FORMAT', `is no VHD: it has ${fileSize} bytes`);
  const read = file.read(footer, 0, FOOTER_SIZE, fileSize - FOOTER_SIZE);
  if (read !== FOOTER_SIZE) return host('cannot be read', read < 0 ? -read : 0);
  const size = checkFooter(footer, fileSize);
  return size.ok ? ok(new VhdImage(file, footer, { size: size.value, fileSize, readOnly })) : size;
}

/** The guest's size in bytes. */
function checkFooter(footer: NativeBuffer, fileSize: number): Result<number, ImageError> {
  const { view } = footer;
  const cookie = Buffer.from(footer.bytes.subarray(0, COOKIE.length)).toString('latin1');
  if (cookie !== COOKIE) return corrupt('NOT_THIS_FORMAT', 'is no VHD: its last 512 bytes are no footer');
  if (view.getUint32(AT.checksum) !== checksum(footer)) return corrupt('CORRUPT', 'has a VHD footer whose checksum is wrong');
  if (view.getUint32(AT.version) >>> 16 !== VERSION >>> 16) return corrupt('NOT_SUPPORTED', 'is a VHD of another version than 1');
  const type = view.getUint32(AT.diskType);
  if (type === DISK_TYPE.dynamic) return corrupt('NOT_SUPPORTED', `is a dynamic VHD, which is not supported yet; ${convert}`);
  if (type === DISK_TYPE.differencing) return corrupt('NOT_SUPPORTED', 'is a differencing VHD, which is not supported yet');
  if (type !== DISK_TYPE.fixed) return corrupt('CORRUPT', `is a VHD of the unknown type ${type}`);
  // Above 2^53 it is larger than every file, as it is when read as a rounded number.
  const size = view.getUint32(AT.currentSize) * 2 ** 32 + view.getUint32(AT.currentSize + 4);
  if (size === 0 || size % SECTOR !== 0) return corrupt('CORRUPT', `is a VHD of ${size} bytes, which is no positive multiple of ${SECTOR}`);
  if (size > fileSize - FOOTER_SIZE) {
    return corrupt('CORRUPT', `is a VHD of ${size} bytes, but its file has only ${fileSize - FOOTER_SIZE} before the footer`);
  }
  return ok(size);
}

const convert = 'convert it with `qemu-img convert -O vpc -o subformat=fixed,force_size=on`';

/** One's complement of the sum of all bytes but its own four. */
function checksum({ bytes }: NativeBuffer): number {
  let sum = 0;
  for (let index = 0; index < FOOTER_SIZE; index++) {
    if (index < AT.checksum || index >= AT.checksum + 4) sum += bytes[index] ?? 0;
  }
  return ~sum >>> 0;
}

interface VhdState {
  readonly size: number;
  readonly fileSize: number;
  readonly readOnly: boolean;
}

class VhdImage implements Image {
  readonly type = 'vhd';
  readonly files;
  readonly extent = { file: 0, offset: 0, length: 0, claim: 0 };
  readonly bytes = new Uint8Array(0);
  mode = 0;
  error = '';
  size: number;
  readonly #file: ImageFile;
  readonly #footer: NativeBuffer;
  readonly #readOnly: boolean;
  #fileSize: number;

  constructor(file: ImageFile, footer: NativeBuffer, { size, fileSize, readOnly }: VhdState) {
    this.#file = file;
    this.files = [file.fd];
    this.#footer = footer;
    this.size = size;
    this.#fileSize = fileSize;
    this.#readOnly = readOnly;
  }

  locateRead(offset: number, length: number): ExtentKind {
    this.extent.offset = offset;
    this.extent.length = length;
    return EXTENT.data;
  }

  locateWrite(offset: number, length: number): ExtentKind {
    if (!this.#readOnly) return this.locateRead(offset, length);
    this.error = 'is read-only';
    return EXTENT.failed;
  }

  needsBarrier(): boolean {
    return false;
  }

  publish(): number {
    return 0;
  }

  abandon(): void {}

  discard(offset: number, length: number): number {
    return this.#allocate(FALLOC.punchHole | FALLOC.keepSize, offset, length);
  }

  writeZeroes(offset: number, length: number, mayUnmap: boolean): number {
    return this.#allocate((mayUnmap ? FALLOC.punchHole : FALLOC.zeroRange) | FALLOC.keepSize, offset, length);
  }

  #allocate(mode: number, offset: number, length: number): number {
    if (this.#readOnly) return -EROFS;
    this.locateRead(offset, length);
    this.mode = mode;
    return NEEDS_FALLOCATE;
  }

  /** Grows: the footer moves to the new end. Durable when it returns. */
  resize(size: number): Result<void, ImageError> {
    const problem = this.#resizeProblem(size);
    if (problem !== undefined) return err({ code: 'BAD_SIZE', message: problem });
    const before = Buffer.from(this.#footer.bytes);
    this.#describe(size);
    const done = this.#moveFooter(size);
    if (done < 0) {
      this.#footer.bytes.set(before);
      return host(`cannot be resized to ${size} bytes`, -done);
    }
    this.size = size;
    return ok();
  }

  close(): Result<void, ImageError> {
    const done = this.#readOnly ? 0 : this.#file.sync();
    return done < 0 ? host('cannot be made durable', -done) : ok();
  }

  #resizeProblem(size: number): string | undefined {
    if (this.#readOnly) return 'is read-only, and keeps its size';
    if (!Number.isSafeInteger(size) || size % SECTOR !== 0) return `cannot have ${size} bytes, which is no multiple of ${SECTOR}`;
    if (size < this.size) return `cannot be made smaller: a VHD image only grows, and this one has ${this.size} bytes`;
    return size > MAX_SIZE ? `cannot have ${size} bytes: a VHD has at most ${MAX_SIZE}` : undefined;
  }

  /** The footer in memory becomes that of a disk of `size` bytes. */
  #describe(size: number): void {
    const { bytes, view } = this.#footer;
    const { cylinders, heads, sectorsPerTrack } = geometry(size / SECTOR);
    view.setUint32(AT.currentSize, Math.floor(size / 2 ** 32));
    view.setUint32(AT.currentSize + 4, size % 2 ** 32);
    view.setUint16(AT.cylinders, cylinders);
    view.setUint8(AT.heads, heads);
    view.setUint8(AT.sectorsPerTrack, sectorsPerTrack);
    bytes.set(Buffer.from(CREATOR_OF_EXACT_SIZES, 'latin1'), AT.creatorApplication);
    view.setUint32(AT.checksum, checksum(this.#footer));
  }

  /**
   * At each moment the file ends with a footer. The new one is one sector past the end of the file: it is there with the file's new
   * size, or neither is. The old one, which now lies among the guest's bytes, goes only when the new one is durable.
   */
  #moveFooter(size: number): number {
    const old = this.#fileSize - FOOTER_SIZE;
    const place = Math.max(size, old);
    const written = this.#file.write(this.#footer, 0, FOOTER_SIZE, place);
    if (written < 0) return written;
    this.#fileSize = place + FOOTER_SIZE;
    const durable = this.#file.sync();
    if (durable < 0 || place === old) return durable;
    const erased = this.#file.write(allocate(FOOTER_SIZE), 0, FOOTER_SIZE, old);
    return erased < 0 ? erased : this.#file.sync();
  }
}

interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

/** The specification's appendix "CHS Calculation". */
function geometry(totalSectors: number): Geometry {
  const sectors = Math.min(totalSectors, 65_535 * 16 * 255);
  if (sectors >= 65_535 * 16 * 63) return { cylinders: Math.floor(sectors / 255 / 16), heads: 16, sectorsPerTrack: 255 };
  let sectorsPerTrack = 17;
  let tracks = Math.floor(sectors / sectorsPerTrack);
  let heads = Math.max(4, Math.floor((tracks + 1023) / 1024));
  if (tracks >= heads * 1024 || heads > 16) {
    sectorsPerTrack = 31;
    heads = 16;
    tracks = Math.floor(sectors / sectorsPerTrack);
  }
  if (tracks >= heads * 1024) {
    sectorsPerTrack = 63;
    heads = 16;
    tracks = Math.floor(sectors / sectorsPerTrack);
  }
  return { cylinders: Math.floor(tracks / heads), heads, sectorsPerTrack };
}

function corrupt(code: ImageError['code'], message: string): Result<never, ImageError> {
  return err({ code, message });
}

function host(what: string, errno: number): Result<never, ImageError> {
  return err({ code: 'HOST', message: errno === 0 ? `${what}: its file became shorter` : sysError(what, errno).message });
}
