import type { FieldType } from './fields.ts';

type Fields = Readonly<Record<string, FieldType<unknown>>>;
type Value<F> = F extends FieldType<infer T> ? T : never;

/** A C struct whose accessors were made once, at module load: reading a field interprets no table. */
export interface Layout<F extends Fields> {
  /** The C tag, so that a test can ask the headers about it. */
  readonly cName: string;
  /** In bytes, with the trailing padding. */
  readonly size: number;
  readonly align: number;
  readonly fields: F;
  readonly offset: { readonly [K in keyof F]: number };
  readonly get: { readonly [K in keyof F]: (view: DataView, base: number) => Value<F[K]> };
  readonly set: { readonly [K in keyof F]: (view: DataView, base: number, value: Value<F[K]>) => void };
}

export interface StructOptions {
  /** No padding between fields nor at the end (`__attribute__((packed))`). */
  readonly packed?: boolean;
}

/** Lays `fields` out by C's natural alignment, or back to back when packed. */
export function struct<F extends Fields>(cName: string, fields: F, options: StructOptions = {}): Layout<F> {
  const packed = options.packed ?? false;
  const offset: Record<string, number> = {};
  const get: Record<string, (view: DataView, base: number) => unknown> = {};
  const set: Record<string, (view: DataView, base: number, value: never) => void> = {};
  let end = 0;
  let align = 1;
  for (const [name, field] of Object.entries(fields)) {
    const at = packed ? end : roundUp(end, field.align);
    offset[name] = at;
    get[name] = (view, base) => field.read(view, base + at);
    set[name] = (view, base, value) => field.write(view, base + at, value);
    end = at + field.size;
    align = packed ? 1 : Math.max(align, field.align);
  }
  // The three records were filled with exactly the keys of F, each from its own field type.
  return { cName, size: roundUp(end, align), align, fields, offset, get, set } as unknown as Layout<F>;
}

/** A struct as a field of another one, read as its bytes' position: use the inner layout's accessors at that offset. */
export function nested<F extends Fields>(inner: Layout<F>): FieldType<Uint8Array> {
  return {
    size: inner.size,
    align: inner.align,
    read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, inner.size).slice(),
    write: (view, at, value) => new Uint8Array(view.buffer, view.byteOffset + at, inner.size).set(value),
  };
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
