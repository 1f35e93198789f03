/**
 * virtio-rng (virtio 1.2, 5.4): fills the driver's buffers from a descriptor, straight from the kernel.
 *
 * 5.4.6.1: a request comes back with one byte at least. So while the source has nothing, the request waits; and where the source
 * has ended or fails, the device needs a reset, after which it tries the source again: files grow, and pipes get other writers.
 */
import { EAGAIN, retryInterrupted, sysError } from '#shared/sys/errno.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { syscall } from '#shared/sys/ffi.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import type { Watch } from '#shared/sys/watcher.ts';
import type { DescriptorChain } from '#shared/virtio/index.ts';
import { VIRTIO_ID_RNG } from '#shared/virtio/spec.ts';
import type { LinkContext } from '../link/device-link.ts';
import { CoreDevice } from './core-device.ts';
import type { PulledQueue } from './pulled-queue.ts';
import { QUEUE_SIZE, RNG_REQUESTQ } from './spec.ts';

/**
 * Bytes of one request that are filled; a driver that wants more asks again. Drivers ask for a page at most, and the kernel makes
 * so many in less than 0.3 ms: no request holds the main thread for longer.
 */
export const REQUEST_LIMIT = 64 * 1024;
/** Requests before everybody else has had a turn. */
const TURN = 16;

export interface RngOptions {
  readonly id: string;
  /** Read from where it stands: /dev/urandom, or any other file, device or pipe. */
  readonly source: OwnedFd;
}

export class RngLink extends CoreDevice {
  readonly #source: OwnedFd;
  #requests: PulledQueue | undefined;
  /** Set while a request waits for the source. */
  #waiting: Watch | undefined;

  constructor({ id, source }: RngOptions, context: LinkContext) {
    const queues = [{ size: QUEUE_SIZE, buffers: 'writable', turn: TURN }] as const;
    super({ id, deviceType: VIRTIO_ID_RNG, features: 0n, config: [], queues }, context);
    this.#source = source;
  }

  override close(): void {
    super.close();
    this.#source.close();
  }

  protected override started(queues: readonly (PulledQueue | undefined)[]): void {
    this.#requests = queues[RNG_REQUESTQ];
  }

  protected override ready(): void {
    while (!this.needsReset && this.#waiting === undefined) {
      const request = this.#requests?.next();
      if (request === undefined) return;
      this.#serve(request);
    }
  }

  protected override stopped(): void {
    this.#requests = undefined;
    this.#stopWaiting();
  }

  #serve(request: DescriptorChain): void {
    const count = limit(request);
    const { fd } = this.#source;
    const address = request.segments.iovecAddress(request.firstWritable);
    // Whatever poll finds, a hang-up too, read answers without waiting.
    const got = pollNow(fd, EPOLLIN) === 0 ? -EAGAIN : retryInterrupted(() => syscall(SYS.readv, fd, address, count));
    if (got > 0) this.#filled(request, got);
    else if (got === -EAGAIN) this.#wait();
    else this.fail(got === 0 ? 'the source of randomness has ended' : sysError('read the source of randomness', -got).message);
  }

  #filled(request: DescriptorChain, length: number): void {
    const { segments, firstWritable } = request;
    let left = length;
    for (let segment = firstWritable; left > 0; segment++) {
      const piece = Math.min(left, segments.lengthAt(segment));
      this.context.memory.wrote(segments.guestAt(segment), piece);
      left -= piece;
    }
    this.#requests?.finish(length);
  }

  #wait(): void {
    this.#waiting = this.context.watcher.tryWatch(this.#source.fd, EPOLLIN, () => {
      this.#stopWaiting();
      this.ready();
    });
    if (this.#waiting === undefined) this.fail('the source of randomness cannot be waited for');
  }

  #stopWaiting(): void {
    this.#waiting?.close();
    this.#waiting = undefined;
  }
}

/** Cuts the request's writable segments after REQUEST_LIMIT bytes; answers how many are left. */
function limit({ segments, firstWritable, writable }: DescriptorChain): number {
  let left = REQUEST_LIMIT;
  let count = 0;
  for (; count < writable && left > 0; count++) {
    const segment = firstWritable + count;
    const excess = segments.lengthAt(segment) - left;
    if (excess > 0) segments.trimBack(segment, excess);
    left -= segments.lengthAt(segment);
  }
  return count;
}
