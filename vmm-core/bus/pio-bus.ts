import { assert } from '#shared/lang/assert.ts';
import { type Bus, type IoHandler, allOnes, lowBytes } from './bus.ts';

const PORTS = 0x1_0000;
const MAX_HANDLERS = 255;

interface PortRange {
  readonly base: number;
  readonly end: number;
  readonly handler: IoHandler;
}

/** The 64 Ki I/O ports: one table lookup an access. */
export class PioBus implements Bus {
  /** For each port the number of its range, from 1; 0 where nobody answers. */
  readonly #rangeOfPort = new Uint8Array(PORTS);
  readonly #ranges: (PortRange | undefined)[] = [undefined];

  add(base: number, length: number, handler: IoHandler): void {
    const end = base + length;
    assert(Number.isInteger(base) && base >= 0 && length > 0 && end <= PORTS, `no ports from ${base}, ${length} of them`);
    assert(
      this.#rangeOfPort.subarray(base, end).every((range) => range === 0),
      `ports from ${base} are taken`,
    );
    assert(this.#ranges.length <= MAX_HANDLERS, 'too many port ranges');
    this.#rangeOfPort.fill(this.#ranges.length, base, end);
    this.#ranges.push({ base, end, handler });
  }

  remove(base: number): void {
    const index = this.#rangeOfPort[base] ?? 0;
    const range = this.#ranges[index];
    assert(range?.base === base, `no port range begins at ${base}`);
    this.#rangeOfPort.fill(0, base, range.end);
    this.#ranges[index] = undefined;
  }

  read(port: number, size: number): number {
    const range = this.#ranges[this.#rangeOfPort[port] ?? 0];
    if (range === undefined || port + size > range.end) return allOnes(size);
    return lowBytes(range.handler.read(port - range.base, size), size);
  }

  write(port: number, size: number, value: number): void {
    const range = this.#ranges[this.#rangeOfPort[port] ?? 0];
    if (range !== undefined && port + size <= range.end) range.handler.write(port - range.base, size, value);
  }
}
