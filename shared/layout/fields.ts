/** How one C field moves between bytes and a JavaScript value. `size` and `align` are in bytes. */
export interface FieldType<T> {
  readonly size: number;
  readonly align: number;
  read(view: DataView, at: number): T;
  write(view: DataView, at: number, value: T): void;
}

export const u8: FieldType<number> = {
  size: 1,
  align: 1,
  read: (view, at) => view.getUint8(at),
  write: (view, at, value) => view.setUint8(at, value),
};

export const le16: FieldType<number> = {
  size: 2,
  align: 2,
  read: (view, at) => view.getUint16(at, true),
  write: (view, at, value) => view.setUint16(at, value, true),
};

export const le32: FieldType<number> = {
  size: 4,
  align: 4,
  read: (view, at) => view.getUint32(at, true),
  write: (view, at, value) => view.setUint32(at, value, true),
};

export const i32: FieldType<number> = {
  size: 4,
  align: 4,
  read: (view, at) => view.getInt32(at, true),
  write: (view, at, value) => view.setInt32(at, value, true),
};

const TWO_32 = 0x1_0000_0000;
const HIGHEST_SAFE_HIGH_WORD = 0x1f_ffff;

/**
 * A le64 carried as a safe integer. For values of our own and of the kernel: one past 2^53-1 throws. Whatever a guest or a
 * peer wrote is read with `readU53`, which answers instead.
 */
export const le64: FieldType<number> = {
  size: 8,
  align: 8,
  read(view, at) {
    const value = readU53(view, at);
    if (value === undefined) throw new RangeError(`le64 at +${at} exceeds 2^53-1`);
    return value;
  },
  write(view, at, value) {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not an integer from 0 to 2^53-1`);
    view.setUint32(at, value % TWO_32, true);
    view.setUint32(at + 4, Math.floor(value / TWO_32), true);
  },
};

/** A le64 that is truly 64 bits wide and cold: feature sets, MSRs, register files. */
export const le64Bits: FieldType<bigint> = {
  size: 8,
  align: 8,
  read: (view, at) => view.getBigUint64(at, true),
  write: (view, at, value) => view.setBigUint64(at, value, true),
};

/** The le64 at byte offset `at`, or undefined where it does not fit a safe integer. Allocates nothing. */
export function readU53(view: DataView, at: number): number | undefined {
  const high = view.getUint32(at + 4, true);
  return high > HIGHEST_SAFE_HIGH_WORD ? undefined : high * TWO_32 + view.getUint32(at, true);
}

/** `length` raw bytes; reading copies them out. */
export function bytes(length: number): FieldType<Uint8Array> {
  return {
    size: length,
    align: 1,
    read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, length).slice(),
    write(view, at, value) {
      if (value.length !== length) throw new RangeError(`${value.length} bytes given for a field of ${length}`);
      new Uint8Array(view.buffer, view.byteOffset + at, length).set(value);
    },
  };
}

/** `count` values of one type, as an array. */
export function array<T>(of: FieldType<T>, count: number): FieldType<readonly T[]> {
  return {
    size: of.size * count,
    align: of.align,
    read: (view, at) => Array.from({ length: count }, (_, index) => of.read(view, at + index * of.size)),
    write(view, at, values) {
      if (values.length !== count) throw new RangeError(`${values.length} values given for an array of ${count}`);
      for (const [index, value] of values.entries()) of.write(view, at + index * of.size, value);
    },
  };
}
