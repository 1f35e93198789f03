/** The data thread's side of control: carries out what the control thread asks for, between two rounds of the loop. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { RateLimits } from '#shared/config/rate-limits.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { DeviceState } from '#shared/rpc/device-control.ts';
import type { Problem } from '#shared/rpc/problem.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import type { DataLoop } from '../data-loop.ts';
import { SECTOR_SIZE } from '../spec.ts';
import type { Command, CommandAnswer } from './commands.ts';
import { possibleSize, setImageSize } from './image-size.ts';

type Answer = (outcome: Result<undefined, Problem>) => void;

export class CommandServer {
  readonly #loop: DataLoop;
  readonly #image: Fd;
  readonly #limitsChange: (limits: RateLimits) => void;
  #port: MessagePort | undefined;
  /** Who waits for the requests under way to end. */
  #waiting: Answer | undefined;
  /** The command that the disk is held for. */
  #heldBy: number | undefined;

  /** `limitsChange` is told what will be in force, before it is. */
  constructor(loop: DataLoop, image: Fd, limitsChange: (limits: RateLimits) => void = () => {}) {
    this.#loop = loop;
    this.#image = image;
    this.#limitsChange = limitsChange;
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
      this.#carryOut(received.message, (outcome) => {
        const answer: CommandAnswer = { id, outcome: outcome.ok ? ok(this.#state()) : outcome };
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
        if (device.group !== undefined) return answer(err(limitsOfGroup(device.group.id)));
        this.#limitsChange(order.limits);
        device.setLimits(order.limits);
        return answer(ok(undefined));
      case 'resize':
        return this.#resize(order.size, order.allowShrink, answer);
      case 'hold':
        return this.#hold(id, answer);
      case 'release':
        this.#release();
        return answer(ok(undefined));
      case 'abandon':
        if (order.hold === this.#heldBy) this.#release();
        return answer(ok(undefined));
    }
  }

  #release(): void {
    this.#heldBy = undefined;
    this.#loop.device.release();
    this.#waiting?.(err(INTERRUPTED));
    this.#waiting = undefined;
  }

  #hold(id: number, answer: Answer): void {
    if (this.#waiting !== undefined) return answer(err(BUSY));
    this.#heldBy ??= id;
    this.#waiting = answer;
    this.#loop.device.hold(() => {
      this.#waiting = undefined;
      answer(ok(undefined));
    });
  }

  /** A smaller disk must have no request under way: one that ends behind the new end would make the image longer again. */
  #resize(wanted: number, allowShrink: boolean, answer: Answer): void {
    const { device } = this.#loop;
    const before = device.sectors * SECTOR_SIZE;
    const possible = possibleSize(this.#image, { size: wanted, readOnly: device.isReadOnly });
    if (!possible.ok) return answer(possible);
    const size = possible.value;
    const act = (): void => {
      const resized = setImageSize(this.#image, size);
      if (resized.ok && size !== before) device.resized(size / SECTOR_SIZE);
      answer(resized.ok ? ok(undefined) : resized);
    };
    if (size >= before) return act();
    if (!allowShrink) return answer(err(wouldShrink(size, before)));
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
    };
  }
}

const INTERRUPTED: Problem = { status: 'ABORTED', reason: 'RESUMED', message: 'the disk was told to go on meanwhile' };
const BUSY: Problem = { status: 'ABORTED', reason: 'BUSY', message: 'the disk is being drained; try again when that has ended' };

function limitsOfGroup(id: string): Problem {
  const message = `the disk's limits are those of the rate limit group "${id}", which all its disks share`;
  return { status: 'FAILED_PRECONDITION', reason: 'IN_GROUP', field: 'limits', message };
}

function wouldShrink(size: number, before: number): Problem {
  return {
    status: 'FAILED_PRECONDITION',
    reason: 'WOULD_SHRINK',
    field: 'size',
    message: `the disk has ${before} bytes: making it ${size} would cut off what is behind; allow_shrink does it all the same`,
  };
}
