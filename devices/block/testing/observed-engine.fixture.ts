/** An engine in front of another one. */
import type { DirectAlignment } from '#shared/sys/direct-io.ts';
import { IORING_OP } from '#shared/sys/io-uring.ts';
import type { Engine } from '../engine/engine.ts';

const TRANSFERS: readonly number[] = [IORING_OP.READ, IORING_OP.READV, IORING_OP.WRITE, IORING_OP.WRITEV];

/** Passes everything on, and counts it: what a file system does not want it may take through the page cache, and say nothing. */
export class ObservedEngine implements Engine {
  readonly #inner: Engine;
  readonly #alignment: DirectAlignment;
  transfers = 0;
  misaligned = 0;

  constructor(inner: Engine, alignment: DirectAlignment = { memory: 1, offset: 1 }) {
    this.#inner = inner;
    this.#alignment = alignment;
  }

  get entries(): number {
    return this.#inner.entries;
  }
  get free(): number {
    return this.#inner.free;
  }
  get pending(): number {
    return this.#inner.pending;
  }
  get tokenLow(): number {
    return this.#inner.tokenLow;
  }
  get tokenHigh(): number {
    return this.#inner.tokenHigh;
  }
  get result(): number {
    return this.#inner.result;
  }
  get flags(): number {
    return this.#inner.flags;
  }

  prepare(...entry: Parameters<Engine['prepare']>): void {
    const [opcode, , , , address, length] = entry;
    if (TRANSFERS.includes(opcode)) this.transfers++;
    const isSingle = opcode === IORING_OP.READ || opcode === IORING_OP.WRITE;
    if (isSingle && (address % this.#alignment.memory !== 0 || length % this.#alignment.offset !== 0)) this.misaligned++;
    this.#inner.prepare(...entry);
  }
  submit(minimum: number): void {
    this.#inner.submit(minimum);
  }
  poke(): void {
    this.#inner.poke();
  }
  next(): boolean {
    return this.#inner.next();
  }
  close(): void {
    this.#inner.close();
  }
}
