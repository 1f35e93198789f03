/**
 * Plays steps to a disk, and judges what can be judged while they are played: an answer comes in time or the connection ends, a ring
 * that nobody spoiled returns each head as often as it was offered at most, and all of them once it is asked to.
 */
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { signalEventFd } from '#shared/sys/eventfd.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { MSG_DONTWAIT, SOCK_STREAM, UnixSocket, socketPair } from '#shared/sys/unix-socket.ts';
import { closeAll } from '#shared/vhost-user/channel.ts';
import { encodeVringState } from '#shared/vhost-user/message.ts';
import { VHOST_USER as R, VHOST_USER_NEED_REPLY } from '#shared/vhost-user/spec.ts';
import { expect } from '#shared/lang/result.ts';
import { Client, DEADLINE_MS } from './client.ts';
import type { FuzzedDisk } from './fuzzed-disk.ts';
import { givenAway } from './given-away.ts';
import { QUEUES } from './layout.ts';
import type { FuzzedMemory } from './memory.ts';
import { RingLedger } from './ring-ledger.ts';
import type { FdName, Step } from './steps.ts';

type Message = Extract<Step, { do: 'message' }>;

/** Looks at a ring, of some tens of nanoseconds each: before the next request of a race, and for the last one before it is slept for. */
const MOST_MOMENTS = 200;
const LOOKS = 5000;

export class Player implements Disposable {
  readonly #disk: FuzzedDisk;
  readonly #memory: FuzzedMemory;
  readonly #rings: readonly RingLedger[];
  readonly #drain = allocate(4096);
  #client: Client | undefined;
  #inflight: OwnedFd | undefined;
  /** Our end of the back end's own channel. */
  #channel: UnixSocket | undefined;
  #theirs: OwnedFd | undefined;
  #hadSecond = false;
  readonly counts = { steps: 0, returned: 0, settled: 0, refused: 0, cut: 0, faults: 0 };

  constructor(disk: FuzzedDisk, memory: FuzzedMemory) {
    this.#disk = disk;
    this.#memory = memory;
    this.#rings = Array.from({ length: QUEUES }, (_, index) => new RingLedger(index, memory.guest.bytes));
  }

  play(steps: readonly Step[]): void {
    for (const [index, step] of steps.entries()) {
      try {
        this.#do(step);
        this.counts.steps++;
      } catch (error) {
        throw new Error(`step ${index} (${step.do}): ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
    this.#collect();
    this.#disconnect();
  }

  [Symbol.dispose](): void {
    this.#disconnect();
  }

  #do(step: Step): void {
    if ('spoils' in step && step.spoils === true) this.#spoil();
    switch (step.do) {
      case 'connect':
        return this.#connect();
      case 'message':
        return this.#message(step);
      case 'base':
        return this.#base(step.ring);
      case 'raw':
        this.#client?.sendBytes(
          Buffer.from(step.bytes, 'hex'),
          (step.fds ?? []).map((name) => this.#fd(name)),
        );
        return this.#disconnect();
      case 'write':
        return void this.#memory.guest.bytes.set(Buffer.from(step.bytes, 'hex'), step.at);
      case 'fresh':
      case 'offer':
      case 'word':
      case 'kick':
        return this.#drive(step);
      case 'scribble':
        this.#spoil();
        return void this.#memory.hostile.bytes.set(Buffer.from(step.bytes, 'hex'), step.at);
      case 'pause':
        pollNow(this.#memory.fd('call0'), EPOLLIN, 2);
        return this.#collect();
      case 'race':
        return this.#race(step);
      case 'settle':
        return this.#settle();
      case 'second':
        // The listener has room for one that waits, and for us when we come back.
        if (!this.#hadSecond) new Client(this.#disk.connect()).close();
        this.#hadSecond = true;
    }
  }

  #drive(step: Extract<Step, { do: 'fresh' | 'offer' | 'word' | 'kick' }>): void {
    const ring = this.#rings[step.ring];
    if (step.do === 'fresh') ring?.fresh(step.size);
    else if (step.do === 'offer') ring?.offer(step.head);
    else if (step.do === 'word') ring?.word(step.at, step.value);
    else this.#kick(ring);
  }

  #connect(): void {
    this.#collect();
    this.#disconnect();
    this.#memory.hostile.bytes.fill(0);
    this.#hadSecond = false;
    this.#client = new Client(this.#disk.connect());
    // Answered once the session before has ended: nothing of it is under way any more.
    this.#client.settled();
    for (const ring of this.#rings) {
      ring.begin();
      this.#memory.signalled(`err${ring.index}` as FdName);
    }
  }

  #disconnect(): void {
    for (const ring of this.#rings) ring.over();
    this.#client?.close();
    this.#client = undefined;
    this.#channel?.close();
    this.#channel = undefined;
    this.#theirs?.close();
    this.#theirs = undefined;
    this.#inflight?.close();
    this.#inflight = undefined;
    this.#memory.lend('inflight', this.#memory.hostile.file.fd);
  }

  #message(step: Message): void {
    const client = this.#client;
    if (client?.isOpen !== true) return;
    for (const name of givenAway(step)) this.#memory.guarded.delete(name);
    const fds = (step.fds ?? []).map((name) => this.#fd(name));
    client.send(step.request, Buffer.from(step.payload, 'hex'), fds, step.flags ?? VHOST_USER_NEED_REPLY);
    if (step.hurried === true) {
      for (const ring of this.#rings) ring.spoil();
      return;
    }
    this.#drainChannel();
    const answer = client.settled();
    if (!client.isOpen) this.#cutOff();
    else this.#believe(step, answer?.bytes, answer?.fds ?? []);
    closeAll(answer?.fds ?? []);
  }

  /** What an answer makes true. */
  #believe(step: Message, bytes: Buffer | undefined, fds: OwnedFd[]): void {
    const isDone = bytes?.length === 8 && bytes.readBigUInt64LE(0) === 0n;
    if (bytes?.length === 8 && !isDone) this.counts.refused++;
    if (step.request === R.GET_INFLIGHT_FD && fds.length === 1) {
      this.#inflight?.close();
      this.#inflight = fds.shift();
      if (this.#inflight !== undefined) this.#memory.lend('inflight', this.#inflight.fd);
    }
    if (step.means === undefined || step.spoils === true) return;
    const concerned = step.ring === undefined ? this.#rings : this.#rings.filter(({ index }) => index === step.ring);
    for (const ring of concerned) {
      if (step.means === 'features' && isDone) ring.eventIdx = (Buffer.from(step.payload, 'hex').readUInt32LE() & (1 << 29)) !== 0;
      if (step.means === 'stopped') ring.stopped(bytes?.length === 8 ? bytes.readUInt32LE(4) : undefined);
      else ring.told(step.means, isDone);
    }
  }

  #base(index: number): void {
    const ring = this.#rings[index];
    if (ring === undefined || this.#client?.isOpen !== true) return;
    const payload = encodeVringState({ index, num: ring.base });
    this.#client.send(R.SET_VRING_BASE, Buffer.from(payload.buffer), [], VHOST_USER_NEED_REPLY);
    const answer = this.#client.settled();
    if (!this.#client.isOpen) return this.#cutOff();
    ring.told('base', answer?.bytes.length === 8 && answer.bytes[0] === 0);
  }

  #kick(ring: RingLedger | undefined): void {
    if (ring?.wantsKick() === true) signalEventFd(this.#memory.fd(`kick${ring.index}` as FdName));
  }

  /** Everything offered comes back from the rings that run, and is told of, within a deadline. */
  #settle(): void {
    if (this.#client?.isOpen !== true) return;
    this.#client.settled();
    this.#collect();
    for (const ring of this.#rings) this.#memory.signalled(`call${ring.index}` as FdName);
    const unsignalled = this.#rings.filter((ring) => ring.demandSignal());
    for (const ring of this.#rings) if (ring.isLive) this.#kick(ring);
    this.#await('not returned', () => {
      this.#collect();
      return this.#rings.filter((ring) => ring.isLive && ring.isWaiting);
    });
    this.counts.settled += this.#rings.filter((ring) => ring.isLive).length;
    const told = new Set<RingLedger>();
    this.#await('not told of', () => {
      this.#collect();
      for (const ring of unsignalled) if (this.#memory.signalled(`call${ring.index}` as FdName)) told.add(ring);
      return unsignalled.filter((ring) => ring.isLive && !told.has(ring));
    });
  }

  /** Nobody kicks but who is asked to: the next request comes some moments after the one before, which is when the device lies down. */
  #race({ ring: index, head, times }: Extract<Step, { do: 'race' }>): void {
    const ring = this.#rings[index];
    if (ring === undefined || this.#client?.isOpen !== true) return;
    for (let count = 0; count < times && ring.isLive && !ring.isWaiting; count++) {
      for (let moments = (count * 37) % MOST_MOMENTS; moments > 0; moments--) ring.collect();
      ring.offer(head);
      this.#kick(ring);
      for (let looks = 0; looks < LOOKS && ring.isWaiting; looks++) this.counts.returned += ring.collect();
      this.#await('not returned', () => {
        this.#collect();
        return ring.isLive && ring.isWaiting ? [ring] : [];
      });
    }
  }

  /** Until `waiting` finds no ring any more. The device sleeps meanwhile, as far as it likes to. */
  #await(what: string, waiting: () => readonly RingLedger[]): void {
    for (const end = performance.now() + DEADLINE_MS; ;) {
      const rings = waiting();
      if (rings.length === 0) return;
      if (!this.#disk.isRunning) throw new Error('the process has ended');
      if (performance.now() > end) throw new Error(`${what} within ${DEADLINE_MS} ms: ${rings.map((ring) => ring.describe()).join('; ')}`);
      pollNow(this.#memory.fd(`call${rings[0]?.index ?? 0}` as FdName), EPOLLIN, 1);
    }
  }

  #collect(): void {
    for (const ring of this.#rings) {
      this.counts.returned += ring.collect();
      if (!this.#memory.signalled(`err${ring.index}` as FdName)) continue;
      if (ring.isLive) this.counts.faults++;
      ring.broken();
    }
  }

  #cutOff(): void {
    this.counts.cut++;
    for (const ring of this.#rings) ring.over();
  }

  #spoil(): void {
    for (const ring of this.#rings) ring.spoil();
  }

  #fd(name: FdName): ReturnType<FuzzedMemory['fd']> {
    if (name !== 'backend') return this.#memory.fd(name);
    const [ours, theirs] = expect(socketPair(SOCK_STREAM), 'socket pair');
    this.#channel?.close();
    this.#channel = new UnixSocket(ours);
    this.#theirs?.close();
    this.#theirs = theirs;
    return theirs.fd;
  }

  #drainChannel(): void {
    while (this.#channel?.receive(this.#drain, 0, 4096, MSG_DONTWAIT).ok === true && pollNow(this.#channel.fd, EPOLLIN) === EPOLLIN);
  }
}
