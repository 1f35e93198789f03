/**
 * A queue whose chains are taken one at a time, when there is something to do with them: output that somebody reads, input that
 * has come, bytes from a source. At most one chain is held; what nobody can use now stays in the ring, and the driver waits.
 */
import { type DescriptorChain, DEFERRED, QueueLoop, type RingFault, type SplitQueue } from '#shared/virtio/index.ts';

/** What a queue's chains are for, and how much of it the main thread does before everybody else has had a turn. */
export interface QueueKind {
  readonly size: number;
  /** The buffers that count. A chain without a byte of them goes back at once, with nothing written. */
  readonly buffers: 'readable' | 'writable';
  /** Calls of `next`, and chains taken by them, in one turn: a driver may make chains available for as long as it runs. */
  readonly turn: number;
}

export interface QueueEvents {
  /** Tell the driver that chains were returned. */
  signal(): void;
  /** It is the queue's turn again. */
  ready(): void;
  /** The ring cannot be believed any more: there will be no further chain. */
  broken(fault: RingFault): void;
}

export class PulledQueue {
  readonly #loop: QueueLoop;
  readonly #events: QueueEvents;
  readonly #turn: number;
  #left: number;
  #held = false;
  #kicksWanted = true;
  #nextTurn: NodeJS.Immediate | undefined;

  constructor(queue: SplitQueue, kind: QueueKind, events: QueueEvents) {
    const counts = kind.buffers === 'readable' ? isReadable : isWritable;
    const handle = (chain: DescriptorChain): number => {
      this.#held = counts(chain);
      return this.#held ? DEFERRED : 0;
    };
    this.#loop = new QueueLoop(queue, { handle }, () => events.signal());
    this.#events = events;
    this.#turn = kind.turn;
    this.#left = kind.turn;
    // A queue that starts signals once: whoever ran it before may have died before it could.
    this.#loop.publish();
  }

  /** The chain in hand, until `finish`. */
  get held(): DescriptorChain | undefined {
    return this.#held ? this.#loop.queue.chain : undefined;
  }

  /** Whether `next` would find something, were its turn not over. */
  get hasMore(): boolean {
    return this.#held || this.#loop.queue.hasMore();
  }

  /** The held chain, or the next one, which is then held. Undefined: none now; a kick or `ready` says when to ask again. */
  next(): DescriptorChain | undefined {
    while (this.#left > 0) {
      this.#left--;
      if (this.#held || this.#take()) return this.#loop.queue.chain;
      if (!this.#mayHaveMore()) return undefined;
    }
    this.#nextTurn ??= setImmediate(() => {
      this.renew();
      this.#events.ready();
    });
    return undefined;
  }

  /** Returns the held chain, `written` bytes of it filled. */
  finish(written: number): void {
    this.#held = false;
    this.#loop.complete(this.#loop.queue.chain.head, written);
    this.#loop.publish();
  }

  /** Begins a turn. */
  renew(): void {
    clearImmediate(this.#nextTurn);
    this.#nextTurn = undefined;
    this.#left = this.#turn;
  }

  /**
   * Ends it; answers the available index to go on from. A held chain is not returned but taken again then: it is the newest, so
   * the index goes back to it.
   */
  stop(): number {
    clearImmediate(this.#nextTurn);
    const { nextAvailable, inFlight } = this.#loop.queue;
    return (nextAvailable - inFlight) & 0xffff;
  }

  #take(): boolean {
    const { queue } = this.#loop;
    if (this.#kicksWanted) queue.disableNotification();
    this.#kicksWanted = false;
    const before = queue.nextAvailable;
    this.#loop.drain(1);
    // Chains that went back unused are work too.
    this.#left -= (queue.nextAvailable - before) & 0xffff;
    this.#loop.publish();
    return this.#held;
  }

  /** Asks for a kick, unless chains came meanwhile. */
  #mayHaveMore(): boolean {
    const { queue } = this.#loop;
    if (queue.fault !== undefined) {
      this.#events.broken(queue.fault);
      return false;
    }
    this.#kicksWanted = queue.enableNotification();
    return !this.#kicksWanted;
  }
}

function isReadable(chain: DescriptorChain): boolean {
  return chain.readableBytes > 0;
}

function isWritable(chain: DescriptorChain): boolean {
  return chain.writableBytes > 0;
}
