/** The data thread's side of control: carries out what the control thread asks for, between two rounds of the loop. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { RateLimits } from '#shared/config/rate-limits.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { DeviceState, Successor } from '#shared/rpc/device-control.ts';
import type { Problem } from '#shared/rpc/problem.ts';
import type { DataLoop } from '../data-loop.ts';
import { groupBuckets, refillChanged } from '../limits/rate-limiter.ts';
import { SECTOR_SIZE } from '../spec.ts';
import type { Command, CommandAnswer } from './commands.ts';
import { isHostDevice, possibleSize, setImageSize } from './image-size.ts';

export type Answer = (outcome: Result<undefined, Problem>, successor?: number) => void;

/** What goes beyond the disk itself. */
export interface CommandHost {
  /** Told what will be in force, before it is. False: it cannot be recorded, and must not come into force. */
  limitsChange?(limits: RateLimits): boolean;
  /** Likewise. */
  drainedChange?(isDrained: boolean): boolean;
  /** Likewise; bytes of the host's block device that the guest is to see, 0: all. */
  deviceSizeChange?(size: number): boolean;
  /** Has another process take over; one at a time. */
  upgrade?(successor: Successor, generation: number, answer: Answer): void;
  /** It takes too long. */
  abandonUpgrade?(): void;
}

export class CommandServer {
  readonly #loop: DataLoop;
  readonly #host: CommandHost;
  #port: MessagePort | undefined;
  /** Who waits for the requests under way to end. */
  #waiting: Answer | undefined;
  /** The command that the disk is held for. */
  #heldBy: number | undefined;
  /** It is held by `pauseFor`. */
  #isPaused = false;

  constructor(loop: DataLoop, host: CommandHost = {}) {
    this.#loop = loop;
    this.#host = host;
  }

  attach(port: MessagePort): void {
    this.#port = port;
  }

  /** Takes the commands that are there. */
  serve(): void {
    const port = this.#port;
    if (port === undefined) return;
    for (;;) {
      const received: { message: Command } | undefined = receiveMessageOnPort(port);
      if (received === undefined) return;
      const { id } = received.message;
      this.#carryOut(received.message, (outcome, successor) => {
        const state = outcome.ok ? ok(this.#state()) : outcome;
        const answer: CommandAnswer = { id, outcome: state, ...(successor === undefined ? {} : { successor }) };
        port.postMessage(answer);
      });
    }
  }

  #carryOut({ id, order }: Command, answer: Answer): void {
    const { device } = this.#loop;
    switch (order.kind) {
      case 'describe':
        return answer(ok(undefined));
      case 'limits':
        if (this.#host.limitsChange?.(order.limits) === false) return answer(err(UNRECORDED));
        // Its launcher tells the group's other disks.
        if (device.group !== undefined) refillChanged(groupBuckets(device.group.memory), device.limits, order.limits);
        device.setLimits(order.limits);
        return answer(ok(undefined));
      case 'resize':
        return this.#resize(order.size, order.allowShrink, answer);
      case 'hold':
        return this.#hold(id, answer);
      case 'release':
        return answer(this.#release() ? ok(undefined) : err(UNRECORDED));
      case 'abandon':
        if (order.hold === this.#heldBy) this.#release();
        return answer(ok(undefined));
      case 'upgrade':
        return this.#upgrade(order.successor, order.generation, answer);
      case 'abandon-upgrade':
        this.#host.abandonUpgrade?.();
        return answer(ok(undefined));
    }
  }

  #upgrade(successor: Successor, generation: number, answer: Answer): void {
    if (this.#host.upgrade === undefined) answer(err(CANNOT_UPGRADE));
    else this.#host.upgrade(successor, generation, answer);
  }

  /** Whether a client has it drained. */
  get isDrained(): boolean {
    return this.#heldBy !== undefined;
  }

  /** A client had it drained, in the process before. */
  beginDrained(): void {
    this.#heldBy = 0;
    this.#loop.device.hold(() => {});
  }

  /** Has the requests under way end, and takes no others, for `settled`: until a client has the disk go on, or somebody calls `goOn`. */
  pauseFor(settled: Answer): void {
    if (this.#waiting !== undefined) return settled(err(BUSY));
    this.#isPaused = true;
    this.#waiting = settled;
    this.#loop.device.hold(() => {
      this.#waiting = undefined;
      settled(ok(undefined));
    });
  }

  /** The opposite, but for what clients have asked for; nothing, where nobody has it paused. */
  goOn(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#waiting = undefined;
    if (!this.isDrained) this.#loop.device.release();
  }

  /** False: it stays drained. */
  #release(): boolean {
    if (this.isDrained && this.#host.drainedChange?.(false) === false) return false;
    this.#heldBy = undefined;
    this.#loop.device.release();
    this.#waiting?.(err(INTERRUPTED));
    this.#waiting = undefined;
    return true;
  }

  #hold(id: number, answer: Answer): void {
    if (this.#waiting !== undefined) return answer(err(BUSY));
    if (!this.isDrained && this.#host.drainedChange?.(true) === false) return answer(err(UNRECORDED));
    this.#heldBy ??= id;
    this.#waiting = answer;
    this.#loop.device.hold(() => {
      this.#waiting = undefined;
      answer(ok(undefined));
    });
  }

  /**
   * A smaller disk must have no request under way: one that ends behind the new end would make the image longer again. Nor may a format
   * that moves its tables.
   */
  #resize(wanted: number, allowShrink: boolean, answer: Answer): void {
    const { device, image } = this.#loop;
    const before = device.sectors * SECTOR_SIZE;
    const possible = possibleSize(image, { size: wanted, readOnly: device.isReadOnly });
    if (!possible.ok) return answer(possible);
    const size = possible.value;
    const act = (): void => {
      if (isHostDevice(image) && this.#host.deviceSizeChange?.(wanted) === false) return answer(err(UNRECORDED));
      const resized = setImageSize(image, size);
      if (resized.ok && size !== before) device.resized(size / SECTOR_SIZE);
      answer(resized.ok ? ok(undefined) : resized);
    };
    if (size >= before && image.type === 'raw') return act();
    if (size < before && !allowShrink) return answer(err(wouldShrink(size, before)));
    if (this.#waiting !== undefined) return answer(err(BUSY));
    const wasHeld = device.isHeld;
    this.#waiting = answer;
    device.hold(() => {
      this.#waiting = undefined;
      act();
      if (!wasHeld) device.release();
    });
  }

  #state(): DeviceState {
    const { device, hasFrontEnd } = this.#loop;
    return {
      size: device.sectors * SECTOR_SIZE,
      hasFrontEnd,
      queues: device.queues(),
      isDrained: device.isHeld,
      limits: device.limits,
      limitsGroup: device.group?.id ?? '',
      engine: this.#loop.engine,
      writesThrough: hasFrontEnd ? device.writesThrough : !device.writesBack,
    };
  }
}

const INTERRUPTED: Problem = { status: 'ABORTED', reason: 'RESUMED', message: 'the disk was told to go on meanwhile' };
const CANNOT_UPGRADE: Problem = { status: 'UNIMPLEMENTED', reason: 'NO_UPGRADE', message: 'this process cannot be replaced' };
const UNRECORDED: Problem = {
  status: 'UNAVAILABLE',
  reason: 'NOT_RECORDED',
  message: "the disk's launcher cannot be told, and would not know of it at the next start: nothing has changed",
};
const BUSY: Problem = { status: 'ABORTED', reason: 'BUSY', message: 'the disk is being drained; try again when that has ended' };

function wouldShrink(size: number, before: number): Problem {
  return {
    status: 'FAILED_PRECONDITION',
    reason: 'WOULD_SHRINK',
    field: 'size',
    message: `the disk has ${before} bytes: making it ${size} would cut off what is behind; allow_shrink does it all the same`,
  };
}
