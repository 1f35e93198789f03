/** The thread that has the session with the front end: whatever it waits for is one loop's, with the rings that it serves. */
import type { QueueAffinity } from '#shared/config/disk-keys.ts';
import { type Result, expect, ok } from '#shared/lang/result.ts';
import type { CpuSet } from '#shared/sys/affinity.ts';
import { unlockFile } from '#shared/sys/file-lock.ts';
import { type Fd, OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { pause } from '#shared/sys/pause.ts';
import { startTimer } from '#shared/sys/timer.ts';
import { UnixSocket, accept } from '#shared/sys/unix-socket.ts';
import { Session, type SessionState, UNSEALED_MEMORY } from '#shared/vhost-user/backend/index.ts';
import type { RequestError } from '#shared/vhost-user/errors.ts';
import { BlockDevice, type DeviceOptions } from './device.ts';
import { type EngineKind, openEngine } from './engine/open-engine.ts';
import { FrontEndLog } from './front-end-log.ts';
import { whyLeft } from './front-end-left.ts';
import type { Image, ImageError } from './image/image.ts';
import { type BucketMemory, type LimitsFill, groupBuckets, threadBuckets } from './limits/rate-limiter.ts';
import type { ImageToOpen, OpenedImage } from './open-image.ts';
import { RingLoop } from './ring-loop.ts';
import { RingSet } from './ring-set.ts';
import { noSyncFailure } from './served-image.ts';
import { sessionWords } from './session-words.ts';
import { SECTOR_SIZE } from './spec.ts';
import type { SharedStatistics } from './stats/statistics.ts';
import { cpusOf, pinThread, withAffinity } from './threads/affinity.ts';
import { DataThreads } from './threads/data-threads.ts';

/** From one front end that cannot be accepted to the next attempt: orders wait so long. */
const ACCEPT_RETRY_MS = 50;

/** A guest may be waiting for this process, whose predecessor was killed: the threads of queues load when it has been served. */
const LOOK_MS = 200;
const MOST_LOOKS = 10;

/** What is served, as plain data; what the image says of itself comes beside it. Descriptors are the loop's from here on. */
export interface Served extends Omit<DeviceOptions, 'sectors' | 'topology'>, ImageToOpen {
  /** Exactly ID_BYTES, zero-padded. */
  readonly id: Uint8Array;
  readonly statistics: SharedStatistics;
  /** A file whose lock must live as long as the last request: the ring keeps it. */
  readonly fenceFd?: number;
  /** What a thread runs that does requests where io_uring is forbidden: a URL. */
  readonly poolScript: string;
  /** What a thread runs that serves one queue: a URL. */
  readonly threadScript: string;
  /** Where the threads of queues run that are named; it was looked at before. */
  readonly queueAffinity: readonly QueueAffinity[];
  /** A connected front end, or where front ends connect; or that `adopt` will bring them. */
  readonly socket: { readonly kind: 'connected' | 'listening'; readonly fd: number } | { readonly kind: 'inherited' };
}

/** A descriptor of whoever runs the loop. */
export interface Watched {
  readonly fd: Fd;
  /** Called on the loop's thread whenever there is something to read. */
  readonly ready: () => void;
}

export type LogLevel = 'warning' | 'info';

export interface LoopHost {
  readonly watched: readonly Watched[];
  /** A line for whoever looks after this process. */
  log(level: LogLevel, line: string): void;
  /** The connected front end has left: there is nothing to do any more. */
  ended(): never;
}

export class DataLoop {
  readonly #host: LoopHost;
  readonly #loop: RingLoop;
  readonly device: BlockDevice;
  readonly engine: EngineKind;
  #image: Image;
  readonly #rings: RingSet;
  readonly #threads: DataThreads | undefined;
  /** Where this thread could run before it had to run where its queue does. */
  readonly #affinityBefore: CpuSet | undefined;
  #session: Session | undefined;
  #listener: Fd | undefined;
  #awaitsState = false;
  readonly #refusals = new FrontEndLog((line) => this.#host.log('info', line));
  readonly #departures = new FrontEndLog((line) => this.#host.log('warning', line));
  #knowsUnsealed = false;
  readonly #trace = (event: string, facts: Readonly<Record<string, unknown>>): void => {
    // A front end gives its memory in several steps, and most do not seal it.
    const isKnown = event === UNSEALED_MEMORY && this.#knowsUnsealed;
    this.#knowsUnsealed ||= event === UNSEALED_MEMORY;
    if (!isKnown) this.#refusals.tell(() => sessionWords(event, facts));
  };

  constructor(toServe: Served, { image, topology }: OpenedImage, host: LoopHost) {
    this.#host = host;
    this.#image = image;
    const served = { ...toServe, sectors: image.size / SECTOR_SIZE, topology };
    const files = [...image.files, ...(served.fenceFd === undefined ? [] : [asFd(served.fenceFd)])];
    const opened = expect(openEngine({ files, script: new URL(served.poolScript) }), 'engine');
    const { engine } = opened;
    this.engine = opened.kind;
    if (opened.why !== undefined) host.log('warning', opened.why);
    if (image.notice !== undefined) host.log('warning', `the image ${image.notice}`);
    const isParallel = image.type === 'raw' && served.queueCount > 1 && opened.kind === 'io_uring';
    const buckets = bucketsOf(served, isParallel);
    const log = (line: string): void => host.log('warning', line);
    const failure = noSyncFailure();
    const rings = new RingSet({ ...served, failure, ...(buckets === undefined ? {} : { buckets }) }, { engine, image, log });
    const { sectors } = served;
    const makeThread = (make: () => void): void => this.makeThread(make);
    const threads = { served, sectors, failure, session: rings, makeThread, log };
    this.#threads = isParallel && buckets !== undefined ? new DataThreads({ ...threads, buckets }) : undefined;
    this.#rings = rings;
    this.device = new BlockDevice(served, [rings, ...(this.#threads?.hosts ?? [])], served.group === undefined ? buckets : undefined);
    const cpus = cpusOf(served.queueAffinity, (queue) => queue === 0 || !isParallel);
    if (cpus !== undefined) this.#affinityBefore = pinThread(cpus);
    this.#loop = new RingLoop(rings, engine);
    if (this.#threads !== undefined) this.#loop.watch(this.#threads.newsFd, () => this.#threads?.hear());
    for (const { fd, ready } of host.watched) this.#loop.watch(fd, ready);
    const { socket } = served;
    if (socket.kind === 'connected') this.#serve(new OwnedFd(socket.fd));
    if (socket.kind === 'listening') this.#listen(asFd(socket.fd));
  }

  get hasFrontEnd(): boolean {
    return this.#session !== undefined;
  }

  get image(): Image {
    return this.#image;
  }

  /** Where front ends connect; undefined: nowhere. */
  get listener(): Fd | undefined {
    return this.#listener;
  }

  /** What is in the buckets of its limits, wherever these are. */
  get limitsFill(): LimitsFill {
    return this.#rings.gate.limiter.fill(performance.now());
  }

  set limitsFill(fill: LimitsFill) {
    this.#rings.gate.limiter.refill(fill, performance.now());
  }

  watchOnce(fd: Fd, ready: () => void): void {
    this.#loop.watchOnce(fd, ready);
  }

  /**
   * Stops the rings, and tells what another process needs to go on with the session; undefined: no front end is connected. Until
   * `resume` this thread must not come back to its loop.
   */
  handOver(): SessionState<Fd> | undefined {
    return this.#session?.handOver();
  }

  /** What another process has handed over; it goes on with `resume`. The error leaves nothing of it. */
  adopt(state: SessionState<OwnedFd> | undefined, listener: Fd | undefined): Result<void, RequestError> {
    if (state === undefined) {
      if (listener !== undefined) this.#listen(listener);
      return ok();
    }
    const session = Session.adopt(state, this.device, this.#trace);
    if (!session.ok) return session;
    this.#begin(session.value, listener);
    return ok();
  }

  /** Makes what is complete durable where closing the image will; other requests go on. `done` gets 0 or -errno. */
  syncFormat(done: (result: number) => void): void {
    if (this.#image.type === 'raw' || this.device.isReadOnly) done(0);
    else this.#rings.sync(done);
  }

  /** Below 0: what was complete may not be durable, as every flush says. */
  get failure(): number {
    return this.#rings.failure;
  }

  /** Leaves the image to another process, after `handOver`. */
  closeImage(): Result<void, ImageError> {
    return this.#rings.closeImage();
  }

  /** The same files, as another process has left them; before `resume`. */
  reopened(image: Image): void {
    this.#image = image;
    this.#rings.reopened(image);
  }

  /** The rings run: after a hand-over that came to nothing, or one to here. */
  resume(): void {
    if (this.#session !== undefined) expect(this.#session.resume(), 'rings that ran');
  }

  /** Ends the requests under way, and leaves the image as other programs like it. What comes after is the process's end. */
  stop(): void {
    this.#session?.close();
    const closed = this.#image.close();
    if (!closed.ok) this.#host.log('warning', `the image ${closed.error.message}`);
    // Nothing is under way any more, and the kernel takes its time to let go of what its ring has.
    for (const fd of this.#image.files) unlockFile(fd);
  }

  /** Returns when the threads of its queues have loaded. */
  awaitThreads(): void {
    this.#threads?.awaitAll();
  }

  /** Makes a thread that has nothing to do with the CPUs of a queue. */
  makeThread<T>(make: () => T): T {
    return withAffinity(this.#affinityBefore, make);
  }

  /** Serves. Until the threads of its queues have loaded this one serves them all; `loaded` is called when they have. */
  run(loaded = (): void => {}): never {
    const threads = this.#threads;
    if (threads === undefined) loaded();
    else this.#whenServed(0, () => threads.begin(loaded));
    return this.#loop.run();
  }

  /** Calls `done` when rings have run for a while, or none have for a longer one. */
  #whenServed(looks: number, done: () => void): void {
    const ran = this.#rings.queues().length > 0;
    const timer = expect(startTimer(LOOK_MS), 'timer');
    this.#loop.watchOnce(timer.fd, () => {
      timer.close();
      if (ran || looks === MOST_LOOKS) done();
      else this.#whenServed(looks + 1, done);
    });
  }

  /** Until one comes: a socket has one front end at a time. */
  #listen(listener: Fd): void {
    this.#listener = listener;
    this.#loop.watchOnce(listener, () => {
      const connection = accept(listener);
      if (connection.ok) return this.#serve(connection.value, listener);
      // It waits there until there is a descriptor for it; nobody else is served meanwhile.
      pause(ACCEPT_RETRY_MS);
      this.#listen(listener);
    });
  }

  /** `listener`: where the next front end comes from; undefined: from nowhere. */
  #serve(socket: OwnedFd, listener?: Fd): void {
    this.#begin(new Session(new UnixSocket(socket), this.device, this.#trace), listener);
  }

  #begin(session: Session, listener: Fd | undefined): void {
    this.#listener = listener;
    this.#session = session;
    this.#await(session, listener);
  }

  #await(session: Session, listener: Fd | undefined): void {
    this.#loop.watchOnce(session.fd, () => {
      const outcome = session.readable();
      if (outcome === 'open') {
        this.#awaitState(session);
        return this.#await(session, listener);
      }
      const why = whyLeft(outcome);
      if (why !== undefined) this.#departures.tell(() => why);
      this.#session = undefined;
      session.close();
      if (listener === undefined) this.#host.ended();
      else this.#listen(listener);
    });
  }

  /** The bytes of a device state that is being loaded. One pipe at a time: one of before may be long open, and loading does without. */
  #awaitState(session: Session): void {
    const { transfer } = session;
    if (transfer.pipe === undefined || this.#awaitsState) return;
    this.#awaitsState = true;
    this.#loop.watchOnce(transfer.pipe, () => {
      this.#awaitsState = false;
      transfer.readable();
      this.#awaitState(session);
    });
  }
}

/** Where the limits' state is; undefined: this thread's alone. */
function bucketsOf({ group, limits }: Served, isParallel: boolean): BucketMemory | undefined {
  if (group !== undefined) return groupBuckets(group.memory);
  return isParallel ? threadBuckets(limits) : undefined;
}
