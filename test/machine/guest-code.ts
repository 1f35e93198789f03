/** 32-bit code for tiny guests, put together by the test: moves to and from memory, ports, waits, jumps to labels. */

/** What a `write` or a `wait` names: an address, or one behind ebp (a BAR that the guest has found). */
export type Place = number | { readonly ebp: number };

const JUMP_ALWAYS = 0xe9;
const JUMP_ZERO = 0x84;
const JUMP_NOT_ZERO = 0x85;
const LINE_STATUS = 0x3fd;
const RECEIVED = 1;
const MAY_SEND = 0x20;
const SERIAL_DATA = 0x3f8;

export class GuestCode {
  readonly #base: number;
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  /** Where a jump's 32-bit distance is to be filled in. */
  readonly #jumps: { readonly at: number; readonly label: string }[] = [];
  #unnamed = 0;

  /** `base`: the address that the first byte will have. */
  constructor(base: number) {
    this.#base = base;
  }

  /** The bytes, once every label is set. */
  assemble(): Uint8Array {
    const code = Uint8Array.from(this.#bytes);
    const view = new DataView(code.buffer);
    for (const { at, label } of this.#jumps) {
      const target = this.#labels.get(label);
      if (target === undefined) throw new Error(`no label ${label}`);
      view.setInt32(at, target - (at + 4), true);
    }
    return code;
  }

  /** What `write` adds. */
  also(write: (code: GuestCode) => void): this {
    write(this);
    return this;
  }

  /** Instructions as bytes. */
  raw(...bytes: readonly number[]): this {
    this.#bytes.push(...bytes);
    return this;
  }

  label(name: string): this {
    this.#labels.set(name, this.#bytes.length);
    return this;
  }

  /** The address of a label that is set. */
  addressOf(label: string): number {
    const at = this.#labels.get(label);
    if (at === undefined) throw new Error(`no label ${label}`);
    return this.#base + at;
  }

  jump(label: string): this {
    return this.raw(JUMP_ALWAYS).#distanceTo(label);
  }

  jumpIfZero(label: string): this {
    return this.raw(0x0f, JUMP_ZERO).#distanceTo(label);
  }

  jumpUnlessZero(label: string): this {
    return this.raw(0x0f, JUMP_NOT_ZERO).#distanceTo(label);
  }

  write8(place: Place, value: number): this {
    return this.raw(0xc6).#operand(0, place).raw(value);
  }

  write16(place: Place, value: number): this {
    return this.raw(0x66, 0xc7).#operand(0, place).raw(value & 0xff, (value >> 8) & 0xff);
  }

  write32(place: Place, value: number): this {
    return this.raw(0xc7).#operand(0, place).raw(...dword(value));
  }

  /** al */
  read8(place: Place): this {
    return this.raw(0x8a).#operand(0, place);
  }

  /** ax */
  read16(place: Place): this {
    return this.raw(0x66, 0x8b).#operand(0, place);
  }

  /** eax */
  read32(place: Place): this {
    return this.raw(0x8b).#operand(0, place);
  }

  increment32(place: Place): this {
    return this.raw(0xff).#operand(0, place);
  }

  /** Until the byte there is `value`. */
  wait8(place: Place, value: number): this {
    const again = this.#name();
    return this.label(again).raw(0x80).#operand(7, place).raw(value).jumpUnlessZero(again);
  }

  /** As long as the byte there is `value`. */
  waitWhile8(place: Place, value: number): this {
    const again = this.#name();
    return this.label(again).raw(0x80).#operand(7, place).raw(value).jumpIfZero(again);
  }

  /** Until the 16-bit word there is `value`. */
  wait16(place: Place, value: number): this {
    const again = this.#name();
    return this.label(again).raw(0x66, 0x81).#operand(7, place)
      .raw(value & 0xff, value >> 8)
      .jumpUnlessZero(again);
  }

  out8(port: number, value: number): this {
    return this.raw(0x66, 0xba, port & 0xff, port >> 8, 0xb0, value, 0xee);
  }

  /** al from `port`. */
  in8(port: number): this {
    return this.raw(0x66, 0xba, port & 0xff, port >> 8, 0xec);
  }

  /** A text, byte by byte, to the serial port. Uses al and dx. */
  say(text: string): this {
    for (const byte of Buffer.from(text, 'latin1')) this.#awaitLine(MAY_SEND).out8(SERIAL_DATA, byte);
    return this;
  }

  /** The byte in bl. Uses al and dx. */
  sayBl(): this {
    return this.#awaitLine(MAY_SEND).raw(0x66, 0xba, SERIAL_DATA & 0xff, SERIAL_DATA >> 8, 0x88, 0xd8, 0xee);
  }

  /** Zero flag clear where a byte has come in. Uses al and dx. */
  testHeard(): this {
    return this.in8(LINE_STATUS).raw(0xa8, RECEIVED);
  }

  /** Waits for a byte and takes it: al. */
  hear(): this {
    return this.#awaitLine(RECEIVED).in8(SERIAL_DATA);
  }

  #awaitLine(bit: number): this {
    const again = this.#name();
    return this.label(again).in8(LINE_STATUS).raw(0xa8, bit).jumpIfZero(again);
  }

  #name(): string {
    return `unnamed ${this.#unnamed++}`;
  }

  #distanceTo(label: string): this {
    this.#jumps.push({ at: this.#bytes.length, label });
    return this.raw(0, 0, 0, 0);
  }

  /** ModR/M with a 32-bit displacement: alone, or behind ebp. */
  #operand(register: number, place: Place): this {
    return typeof place === 'number'
      ? this.raw((register << 3) | 0x05, ...dword(place))
      : this.raw(0x80 | (register << 3) | 0x05, ...dword(place.ebp));
  }
}

export function dword(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff];
}
