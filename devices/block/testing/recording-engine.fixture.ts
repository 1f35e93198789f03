/**
 * An engine that takes its time: what is submitted is done in any order, at any later moment, and told in any order, as a host may do
 * it. What it does to the image's file is recorded there. An fdatasync is counted on for as little as it may be: for what was done
 * before it was submitted.
 */
import { syscall } from '#shared/sys/ffi.ts';
import { IORING_OP } from '#shared/sys/io-uring.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import type { Random } from '#shared/testing/random.ts';
import type { Engine } from '../engine/engine.ts';
import type { ImageFile } from '../image/image-file.ts';
import { RecordingFile } from '../image/testing/recording-file.fixture.ts';

interface Operation {
  readonly opcode: number;
  readonly file: number;
  readonly offset: number;
  readonly address: number;
  readonly length: number;
  readonly tokenLow: number;
  readonly tokenHigh: number;
}

interface Submitted extends Operation {
  /** How many changes the file had then. */
  readonly changes: number;
}

interface Completion {
  readonly tokenLow: number;
  readonly tokenHigh: number;
  readonly result: number;
}

export class RecordingEngine implements Engine {
  readonly entries = 512;
  readonly flags = 0;
  tokenLow = 0;
  tokenHigh = 0;
  result = 0;
  readonly #files: readonly ImageFile[];
  readonly #recording: RecordingFile;
  readonly #random: Random;
  readonly #prepared: Operation[] = [];
  readonly #submitted: Submitted[] = [];
  readonly #completions: Completion[] = [];

  /** `files` are the image's; the first of them records. */
  constructor(files: readonly ImageFile[], random: Random) {
    const [first] = files;
    if (!(first instanceof RecordingFile)) throw new TypeError('the first file does not record');
    this.#files = files;
    this.#recording = first;
    this.#random = random;
  }

  get free(): number {
    return this.entries - this.#prepared.length;
  }

  get pending(): number {
    return this.#prepared.length;
  }

  // oxlint-disable-next-line max-params -- as the interface has it.
  prepare(
    opcode: number,
    _flags: number,
    file: number,
    offset: number,
    address: number,
    length: number,
    tokenLow: number,
    tokenHigh: number,
  ): void {
    this.#prepared.push({ opcode, file, offset, address, length, tokenLow, tokenHigh });
  }

  submit(minimum: number): void {
    const changes = this.#recording.changes.length;
    for (const operation of this.#prepared.splice(0)) this.#submitted.push({ ...operation, changes });
    while (this.#completions.length < minimum && this.#submitted.length > 0) this.#doOne();
  }

  poke(): void {
    if (this.#submitted.length > 0 && this.#random.oneIn(2)) this.#doOne();
  }

  next(): boolean {
    const [completion] = this.#completions.splice(this.#random.below(Math.max(1, this.#completions.length)), 1);
    if (completion === undefined) return false;
    ({ tokenLow: this.tokenLow, tokenHigh: this.tokenHigh, result: this.result } = completion);
    return true;
  }

  close(): void {}

  #doOne(): void {
    const [operation] = this.#submitted.splice(this.#random.below(this.#submitted.length), 1);
    if (operation === undefined) return;
    const { tokenLow, tokenHigh } = operation;
    this.#completions.push({ tokenLow, tokenHigh, result: this.#do(operation) });
  }

  #do({ opcode, file, offset, address, length, changes }: Submitted): number {
    const fd = this.#files[file]?.fd ?? -1;
    switch (opcode) {
      case IORING_OP.NOP:
        return 0;
      case IORING_OP.READ:
        return syscall(SYS.pread64, fd, address, length, offset);
      case IORING_OP.READV:
        return syscall(SYS.preadv2, fd, address, length, offset, 0);
      case IORING_OP.WRITE:
        return this.#wrote(syscall(SYS.pwrite64, fd, address, length, offset), offset);
      case IORING_OP.WRITEV:
        return this.#wrote(syscall(SYS.pwritev2, fd, address, length, offset, 0), offset);
      case IORING_OP.FALLOCATE:
        return this.#recording.allocate(length, offset, address);
      case IORING_OP.FSYNC:
        this.#recording.wasSynced(changes);
        return 0;
      default:
        throw new RangeError(`operation ${opcode} has no meaning here`);
    }
  }

  #wrote(result: number, offset: number): number {
    if (result > 0) this.#recording.wasWritten(offset, result);
    return result;
  }
}
