/**
 * An engine for files opened with O_DIRECT: reads and writes whose memory these do not accept go through bounce buffers, and wait for
 * one where all are in use. Others pass straight through.
 *
 * Places are not made to fit: a guest is told the blocks that its disk has, and one that asks for less than a block gets an error.
 */
import type { DirectAlignment } from '#shared/sys/direct-io.ts';
import { IORING_OP } from '#shared/sys/io-uring.ts';
import { BUFFERS, BUFFER_SIZE, BounceBuffers, Vectors } from './bounce-buffers.ts';
import type { Engine } from './engine.ts';

/** The upper half of the token of a request that goes through a buffer, whose number is the lower half. No user's own. */
const TOKEN_BOUNCE = 0x1f_ffff;

/** A read or a write that goes through a buffer, as it was prepared. */
interface Bounced {
  opcode: number;
  flags: number;
  file: number;
  offset: number;
  address: number;
  length: number;
  tokenLow: number;
  tokenHigh: number;
  operationFlags: number;
}

export class AlignedEngine implements Engine {
  tokenLow = 0;
  tokenHigh = 0;
  result = 0;
  flags = 0;
  readonly #inner: Engine;
  /** By the position of the file. */
  readonly #alignments: readonly (DirectAlignment | undefined)[];
  readonly #buffers = new BounceBuffers();
  readonly #vectors = new Vectors();
  /** By buffer. */
  readonly #bounced = new Array<Bounced | undefined>(BUFFERS).fill(undefined);
  /** Those that have no buffer yet, in their order. */
  readonly #waiting: Bounced[] = [];
  /** Those that ended without the engine: the copy failed. */
  readonly #failed: { readonly request: Bounced; readonly result: number }[] = [];

  constructor(inner: Engine, alignments: readonly (DirectAlignment | undefined)[]) {
    this.#inner = inner;
    this.#alignments = alignments;
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

  // oxlint-disable-next-line max-params -- an entry's fields; an object for each request would be garbage.
  prepare(
    opcode: number,
    flags: number,
    file: number,
    offset: number,
    address: number,
    length: number,
    tokenLow: number,
    tokenHigh: number,
    operationFlags = 0,
  ): void {
    const alignment = isTransfer(opcode) ? this.#alignments[file] : undefined;
    if (alignment === undefined || this.#fits(opcode, address, length, alignment)) {
      this.#inner.prepare(opcode, flags, file, offset, address, length, tokenLow, tokenHigh, operationFlags);
      return;
    }
    const request: Bounced = { opcode, flags, file, offset, address, length, tokenLow, tokenHigh, operationFlags };
    const buffer = this.#buffers.take();
    if (buffer === undefined) this.#waiting.push(request);
    else this.#bounce(request, buffer);
  }

  submit(minimum: number): void {
    this.#inner.submit(Math.max(0, minimum - this.#failed.length));
  }

  poke(): void {
    this.#inner.poke();
  }

  next(): boolean {
    if (this.#failed.length > 0) return this.#tellFailed();
    const inner = this.#inner;
    if (!inner.next()) return false;
    if (inner.tokenHigh === TOKEN_BOUNCE) return this.#unbounce(inner.tokenLow, inner.result);
    this.tokenLow = inner.tokenLow;
    this.tokenHigh = inner.tokenHigh;
    this.result = inner.result;
    this.flags = inner.flags;
    return true;
  }

  close(): void {
    this.#inner.close();
    this.#buffers.close();
  }

  /** Whether the file accepts the memory as it is. */
  #fits(opcode: number, address: number, length: number, { memory, offset }: DirectAlignment): boolean {
    // An address may have more than 32 bits; of what is lost above them no alignment speaks.
    if (opcode === IORING_OP.READ || opcode === IORING_OP.WRITE) return ((address & (memory - 1)) | (length & (offset - 1))) === 0;
    const vectors = this.#vectors;
    vectors.setArray(address, length);
    let bits = 0;
    for (let index = 0; index < vectors.count; index++) {
      bits |= (vectors.addressAt(index) & (memory - 1)) | (vectors.lengthAt(index) & (offset - 1));
    }
    return bits === 0;
  }

  #bounce(request: Bounced, buffer: number): void {
    const { opcode, flags, file, offset, operationFlags } = request;
    const vectors = this.#vectorsOf(request);
    const length = Math.min(vectors.bytes, BUFFER_SIZE);
    const reads = isRead(opcode);
    const filled = reads ? 0 : this.#buffers.fill(buffer, vectors, length);
    if (filled < 0) {
      this.#failed.push({ request, result: filled });
      return this.#release(buffer);
    }
    this.#bounced[buffer] = request;
    const address = this.#buffers.address(buffer);
    const operation = reads ? IORING_OP.READ : IORING_OP.WRITE;
    this.#inner.prepare(operation, flags, file, offset, address, length, buffer, TOKEN_BOUNCE, operationFlags);
  }

  #unbounce(buffer: number, result: number): boolean {
    const request = this.#bounced[buffer];
    if (request === undefined) throw new Error('a bounce buffer that nobody uses');
    this.#bounced[buffer] = undefined;
    const copied = isRead(request.opcode) && result > 0 ? this.#buffers.empty(buffer, this.#vectorsOf(request), result) : 0;
    this.#release(buffer);
    return this.#tell(request, copied < 0 ? copied : result);
  }

  /** To the one that has waited longest. */
  #release(buffer: number): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#buffers.release(buffer);
    else this.#bounce(next, buffer);
  }

  #tellFailed(): boolean {
    const failed = this.#failed.shift();
    return failed !== undefined && this.#tell(failed.request, failed.result);
  }

  #tell({ tokenLow, tokenHigh }: Bounced, result: number): boolean {
    this.tokenLow = tokenLow;
    this.tokenHigh = tokenHigh;
    this.result = result;
    this.flags = 0;
    return true;
  }

  #vectorsOf({ opcode, address, length }: Bounced): Vectors {
    if (opcode === IORING_OP.READ || opcode === IORING_OP.WRITE) this.#vectors.setSingle(address, length);
    else this.#vectors.setArray(address, length);
    return this.#vectors;
  }
}

function isTransfer(opcode: number): boolean {
  return opcode === IORING_OP.READ || opcode === IORING_OP.WRITE || opcode === IORING_OP.READV || opcode === IORING_OP.WRITEV;
}

function isRead(opcode: number): boolean {
  return opcode === IORING_OP.READ || opcode === IORING_OP.READV;
}
