/** A driver's stamped loads on a real ch-block behind our link, and the processes that come after each other. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { expect } from '#shared/lang/result.ts';
import { createSealedMemfd } from '#shared/sys/memfd.ts';
import { Random } from '#shared/testing/random.ts';
import { GUEST_START, LinkPlace, LinkedDriver } from '../../vmm-core/link/testing/linked-device.fixture.ts';
import { stamp } from './block-contents.ts';
import { LaunchedDisk, QUEUE_SIZE, type Served } from './launched-disk.ts';
import { type Mixture, StampedLoad, loadMemory } from './stamped-load.ts';

const GIVEN_KILLS = process.env['CH_CRASH_KILLS'];
/** How often each case kills: a few times by itself, and as often as one wants by hand. */
export const killsOr = (usual: number): number => Number(GIVEN_KILLS ?? usual);
export const isByHand = GIVEN_KILLS !== undefined;

const DEADLINE_MS = 30_000;
const PAGE = 4096;
const VIRTIO_BLK_F_DISCARD = 2 ** 13;
const VIRTIO_BLK_F_WRITE_ZEROES = 2 ** 14;

export interface RunOptions {
  readonly path: string;
  readonly imageType?: 'raw' | 'qcow2';
  readonly backingFiles?: boolean;
  readonly direct?: boolean;
  readonly readOnly?: boolean;
  /** Of the disk, each with a load of its own on a part of the disk. */
  readonly queues?: number;
  /** Bytes; a multiple of 4096. */
  readonly blockSize: number;
  /** Of all loads together. */
  readonly blocks: number;
  readonly mixture?: Partial<Mixture>;
}

export class CrashRun implements AsyncDisposable {
  readonly seed = Date.now() % 1_000_000;
  readonly random = new Random(this.seed);
  readonly place: LinkPlace;
  readonly driver: LinkedDriver;
  readonly loads: readonly StampedLoad[];
  /** The process that serves now. */
  disk: LaunchedDisk;
  /** What the driver waited for, at each kill; in milliseconds. */
  readonly pauses: number[] = [];
  /** What each of the killed processes had in flight, or not begun. */
  readonly left: number[] = [];
  /** How long each of them took to end, which it does with the last of its requests to the host; in milliseconds. */
  readonly ends: number[] = [];
  readonly served: Served;
  readonly #closing: { close(): void }[] = [];

  /** A disk process with a driver that has begun its loads on it. */
  static async begin(options: RunOptions): Promise<CrashRun> {
    const { path, imageType = 'raw', backingFiles = false, direct = false, readOnly = false, queues = 1, blockSize } = options;
    const fence = expect(createSealedMemfd({ name: 'fence', size: PAGE }), 'fence');
    const served: Served = { path, imageType, backingFiles, direct, readOnly, queues, fence };
    const disk = new LaunchedDisk();
    const place = new LinkPlace(queues * roomFor(blockSize));
    const connected = await place.connectTo(disk.serve(served), {
      ...{ queueCount: queues, queueSize: QUEUE_SIZE },
      recovery: { deadlineMs: 60_000, afterwards: 'end' },
    });
    return new CrashRun(options, { served, disk, place, driver: new LinkedDriver(place, expect(connected, 'link')) });
  }

  private constructor(options: RunOptions, parts: Pick<CrashRun, 'served' | 'disk' | 'place' | 'driver'>) {
    const { queues = 1, blockSize, blocks, mixture = {} } = options;
    ({ served: this.served, disk: this.disk, place: this.place, driver: this.driver } = parts);
    const each = Math.floor(blocks / queues);
    this.loads = Array.from({ length: queues }, (_, index) => {
      const notify = (): void => this.driver.made.machine.write(0x6000 + index * 4, 2, index);
      const part = { blocks: each, firstBlock: index * each, blockSize, seed: this.seed + index, notify };
      return new StampedLoad(this.place.memory, GUEST_START + index * roomFor(blockSize), part);
    });
    this.driver.negotiate();
    const { featuresLow } = this.driver.link.offer;
    for (const [index, load] of this.loads.entries()) {
      Object.assign(load.mixture, mixture);
      if ((featuresLow & VIRTIO_BLK_F_DISCARD) === 0) load.mixture.discards = 0;
      if ((featuresLow & VIRTIO_BLK_F_WRITE_ZEROES) === 0) load.mixture.zeroes = 0;
      this.driver.enable(index, load.queue.ring);
    }
    this.driver.status = 0xf;
  }

  get wrongs(): readonly string[] {
    return this.loads.flatMap(({ wrongs }) => wrongs);
  }

  get completed(): number {
    return this.loads.reduce((sum, { completed }) => sum + completed, 0);
  }

  get inFlight(): number {
    return this.loads.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  /** Begins no further requests, or does. */
  set isHolding(value: boolean) {
    for (const load of this.loads) load.isHolding = value;
  }

  /** Goes on with the loads until `done`, or until one has seen what should not be. */
  async until(what: string, done: () => boolean): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      this.driver.pump();
      const { completed } = this;
      for (const load of this.loads) load.turn();
      if (this.wrongs.length > 0 || done()) return;
      if (performance.now() > deadline) {
        const { news, failures } = this.place;
        throw new Error(`seed ${this.seed}: not ${what}; ${this.inFlight} in flight; ${[...news, ...failures].slice(-4).join('; ')}`);
      }
      // A driver that waits leaves the CPU to whom it waits for.
      await (this.completed === completed ? sleep(1) : immediate());
    }
  }

  forMs(ms: number): Promise<void> {
    const end = performance.now() + ms;
    return this.until('later', () => performance.now() >= end);
  }

  /** The same while `promise` is not settled. */
  async during<T>(what: string, promise: Promise<T>): Promise<T> {
    let isDone = false;
    const settle = (): void => void (isDone = true);
    promise.then(settle, settle);
    await this.until(what, () => isDone);
    return promise;
  }

  /**
   * Kills the process, and has the link take another one in its place; `changed`: what is different with that one. `between`: is
   * called when there is none.
   */
  async replace(next?: LaunchedDisk, changed: Partial<Served> = {}, between = (): void => {}): Promise<void> {
    for (const load of this.loads) load.restartGap();
    const { exited } = this.disk;
    const killed = performance.now();
    this.disk.kill();
    this.isHolding = true;
    await this.during('gone', exited);
    this.ends.push(performance.now() - killed);
    this.left.push(this.inFlight);
    await this.disk.end();
    between();
    this.disk = next ?? new LaunchedDisk();
    expect(await this.during('back', this.driver.link.reconnect(this.disk.serve({ ...this.served, ...changed }))), 'reconnect');
  }

  /** Waits until every load is served again, and notes how long that took, where that is of interest. */
  async servedAgain(isNoted = true): Promise<void> {
    const taken = this.loads.map(({ completed }) => completed);
    await this.until('served again', () => this.loads.every(({ completed }, index) => completed > (taken[index] ?? 0)));
    if (isNoted) this.pauses.push(Math.max(...this.loads.map(({ longestGapMs }) => longestGapMs)));
  }

  /** Waits for all that is under way; begins nothing more. */
  async finish(): Promise<void> {
    this.isHolding = true;
    await this.until('all back', () => this.inFlight === 0);
  }

  /** Something that lives as long as the run. */
  closesAtEnd(thing: { close(): void }): void {
    this.#closing.push(thing);
  }

  checkBuffers(): void {
    for (const load of this.loads) load.checkBuffers();
  }

  /** What has come of everything; each of it in the best case as it is here. After `finish`. */
  verdict(disk: Buffer): { readonly wrongs: readonly string[]; readonly unreturned: number; readonly wrongBlocks: readonly number[] } {
    const unreturned = this.loads.reduce((sum, { queue, issued }) => sum + ((issued - queue.usedIdx) & 0xffff), 0);
    const wrongBlocks = this.loads.flatMap((load) => load.wrongBlocks(disk));
    return { wrongs: [...this.wrongs, ...this.place.failures], unreturned, wrongBlocks };
  }

  /** One line for those who have set the number of kills. */
  report(): string {
    const pauses = `pauses ${spread(this.pauses)} ms, of these until the killed one is gone ${spread(this.ends)}`;
    return `      ${this.left.length} kills; ${pauses}; in flight at the kill ${spread(this.left)}; ${this.completed} requests\n`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disk.end();
    await this.driver[Symbol.asyncDispose]();
    this.served.fence.close();
    for (const thing of this.#closing) thing.close();
  }
}

export const NOTHING_WRONG = { wrongs: [], unreturned: 0, wrongBlocks: [] } as const;

/** Stamped blocks, on the host's disk. */
export function writeDisk(path: string, blockSize: number, blocks: number): void {
  const words = new Uint32Array(blockSize / 4);
  const file = openSync(path, 'w');
  for (let block = 0; block < blocks; block++) {
    stamp(words, block, 0);
    writeSync(file, new Uint8Array(words.buffer));
  }
  fsyncSync(file);
  closeSync(file);
}

/** The memory of one load, in whole pages. */
function roomFor(blockSize: number): number {
  return Math.ceil(loadMemory(blockSize) / PAGE) * PAGE;
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0).toFixed(0);
  return `p1 ${at(0.01)}, p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)}`;
}
