/** A console's two queues as the byte device that a channel moves bytes from and to. */
import { assert } from '#shared/lang/assert.ts';
import type { GuestMemory } from '#shared/memory/index.ts';
import type { DescriptorChain } from '#shared/virtio/index.ts';
import type { ByteDevice } from '../link/byte-channel.ts';
import type { PulledQueue } from './pulled-queue.ts';

/**
 * Output is taken only as fast as it is read: a chain goes back once all its bytes were taken, the rest waits in the ring. Input is
 * taken in only as far as the driver has offered buffers; each piece goes to the driver at once, in a chain of its own.
 */
export class ConsolePort implements ByteDevice {
  readonly #memory: GuestMemory;
  #receive: PulledQueue | undefined;
  #transmit: PulledQueue | undefined;
  /** The segment of the held transmit chain that is next; undefined: none is held, or it was not looked at yet. */
  #segment: number | undefined;
  /** Bytes taken of it: kept over a suspension, so that they are not written twice. */
  #taken = 0;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** `isNew`: what was begun for an earlier driver is forgotten. */
  start(receive: PulledQueue | undefined, transmit: PulledQueue | undefined, isNew: boolean): void {
    this.#receive = receive;
    this.#transmit = transmit;
    if (isNew) this.#taken = 0;
  }

  stop(): void {
    this.#receive = undefined;
    this.#transmit = undefined;
    this.#segment = undefined;
  }

  get hasOutput(): boolean {
    return this.#transmit?.hasMore ?? false;
  }

  /** Gives output a turn out of its order: for the end, when nobody else needs one. */
  renewOutput(): void {
    this.#transmit?.renew();
  }

  takeOutput(target: Uint8Array): number {
    let done = 0;
    while (done < target.length) {
      const chain = this.#transmit?.next();
      if (chain === undefined) break;
      if (this.#segment === undefined) this.#begin(chain);
      done += this.#copyOut(chain, done === 0 ? target : target.subarray(done));
    }
    return done;
  }

  inputRoom(): number {
    return this.#receive?.next()?.writableBytes ?? 0;
  }

  pushInput(bytes: Uint8Array): void {
    const chain = this.#receive?.held;
    assert(chain !== undefined && bytes.length <= chain.writableBytes, 'input for which there is no room');
    const { segments, firstWritable, writable } = chain;
    let done = 0;
    for (let segment = firstWritable; segment < firstWritable + writable && done < bytes.length; segment++) {
      const piece = bytes.subarray(done, done + segments.lengthAt(segment));
      assert(this.#memory.writeBytes(segments.guestAt(segment), piece), 'a translated buffer is memory');
      done += piece.length;
    }
    this.#receive?.finish(done);
  }

  /** Goes to where an interrupted chain was left. The driver may have made it shorter since: then it is over. */
  #begin(chain: DescriptorChain): void {
    this.#segment = chain.first;
    let left = this.#taken;
    while (left > 0 && this.#segment < chain.firstWritable) left -= this.#advance(chain, this.#segment, left);
  }

  #copyOut(chain: DescriptorChain, target: Uint8Array): number {
    const { segments, firstWritable } = chain;
    let done = 0;
    let segment = this.#segment ?? firstWritable;
    while (done < target.length && segment < firstWritable) {
      const piece = target.subarray(done, done + segments.lengthAt(segment));
      assert(this.#memory.readBytes(segments.guestAt(segment), piece), 'a translated buffer is memory');
      done += this.#advance(chain, segment, piece.length);
      segment = this.#segment ?? firstWritable;
    }
    this.#taken += done;
    if (segment === firstWritable) {
      this.#segment = undefined;
      this.#taken = 0;
      this.#transmit?.finish(0);
    }
    return done;
  }

  /** Takes at most `count` bytes off `segment`, and leaves it when it is empty. */
  #advance({ segments }: DescriptorChain, segment: number, count: number): number {
    const length = segments.lengthAt(segment);
    const step = Math.min(length, count);
    segments.trimFront(segment, step);
    this.#segment = step === length ? segment + 1 : segment;
    return step;
  }
}
