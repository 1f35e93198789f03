/**
 * A ring on an engine that records, and its driver: many requests at once, that never overlap. It knows what each sector may hold when
 * the power goes, by what was flushed.
 */
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { DriverQueue } from '#shared/testing/driver-queue.ts';
import { type TestMemory, makeMemory } from '#shared/testing/memory-builder.ts';
import type { Random } from '#shared/testing/random.ts';
import { SegmentTable, SplitQueue } from '#shared/virtio/index.ts';
import { ErrorLog } from '../error-log.ts';
import type { ImageFile } from '../image/image-file.ts';
import type { Image } from '../image/image.ts';
import { SECTOR, stamp } from '../image/qcow2/testing/sectors.fixture.ts';
import type { RecordingFile } from '../image/testing/recording-file.fixture.ts';
import { RateLimiter } from '../limits/rate-limiter.ts';
import { BlockRing } from '../ring.ts';
import { ServedImage } from '../served-image.ts';
import { VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_FLUSH, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_WRITE_ZEROES } from '../spec.ts';
import { Statistics, makeStatistics } from '../stats/statistics.ts';
import { RecordingEngine } from './recording-engine.fixture.ts';

const QUEUE_SIZE = 64;
const HEADS = 12;
const DESCRIPTORS_EACH = 3;
const HEADERS = 0x8000;
const STATUSES = 0x9000;
const DATA = 0x1_0000;
const MOST_SECTORS = 32;
const TOKEN_SYNC = 0x1_0002;
const STEPS_WITHOUT_END = 100_000;
const UNMAP = 1;

/** A request of the driver's. Moments are counted by what the driver has done and seen; changes are the file's. */
interface Request {
  readonly type: number;
  readonly first: number;
  readonly count: number;
  readonly version: number;
  readonly begunAt: number;
  readonly changesBefore: number;
  endedAt: number;
  changesAfter: number;
}

export interface RecordedRingOptions {
  readonly file: RecordingFile;
  /** Of each sector: what it holds at first. */
  readonly versions: Int32Array;
  readonly random: Random;
}

export class RecordedRing implements Disposable {
  readonly flushes: Request[] = [];
  /** That were begun, in their order. */
  readonly #changes: Request[] = [];
  readonly #start: Int32Array;
  readonly #file: RecordingFile;
  readonly #random: Random;
  readonly #memory: TestMemory = makeMemory([[0, DATA + HEADS * MOST_SECTORS * SECTOR]]);
  readonly #driver: DriverQueue;
  readonly #engine: RecordingEngine;
  readonly #served: ServedImage;
  readonly #ring: BlockRing;
  readonly #underWay = new Map<number, Request>();
  #version: number;
  #moment = 0;

  constructor({ image, files }: { image: Image; files: readonly ImageFile[] }, { file, versions, random }: RecordedRingOptions) {
    this.#file = file;
    this.#random = random;
    this.#start = versions.slice();
    this.#version = versions.reduce((most, version) => Math.max(most, version), 0);
    const { memory } = this.#memory;
    this.#driver = new DriverQueue(memory, { size: QUEUE_SIZE, base: 0x1000 });
    const engine = new RecordingEngine(files, random);
    this.#engine = engine;
    const errors = new ErrorLog((line) => {
      throw new Error(line);
    });
    this.#served = new ServedImage(image, { engine, token: TOKEN_SYNC, errors });
    const statistics = new Statistics(makeStatistics());
    const queue = expect(SplitQueue.activate(this.#driver.config, memory, new SegmentTable(QUEUE_SIZE)), 'queue');
    const what = { sectors: versions.length, readOnly: false, id: new Uint8Array(20), sparse: true };
    const disk = { ...what, statistics, limiter: new RateLimiter(), image: this.#served };
    this.#ring = new BlockRing({ index: 0, writeThrough: false, callFd: undefined, enabled: true }, { queue, memory, engine, disk });
  }

  /** So many requests to their end, begun and served by chance. */
  run(count: number): void {
    let begun = 0;
    for (let step = 0; begun < count || this.#underWay.size > 0; step++) {
      if (step > STEPS_WITHOUT_END) throw new Error(`${this.#underWay.size} requests do not end`);
      if (begun < count && this.#underWay.size < HEADS && this.#random.oneIn(3) && this.#begin()) begun++;
      if (this.#random.oneIn(2)) this.#ring.loop.drain(1 + this.#random.below(4));
      this.#engine.submit(this.#random.oneIn(3) ? 1 : 0);
      this.#engine.poke();
      if (this.#random.oneIn(2) && this.#engine.next()) this.#complete();
      this.#ring.loop.publish();
      for (const { head } of this.#driver.collect()) this.#end(head / DESCRIPTORS_EACH);
    }
  }

  /** What is wrong with a disk of these versions, where the power went after `end` changes of the file. */
  wrongAt(end: number, found: Int32Array): readonly string[] {
    const flushed = this.flushes.reduce((most, { changesAfter, begunAt }) => (changesAfter <= end ? Math.max(most, begunAt) : most), -1);
    const allowed = Array.from(this.#start, (version) => new Set([version]));
    for (const { type, first, count, version, endedAt, changesBefore } of this.#changes) {
      if (changesBefore > end) continue;
      const isCertain = endedAt < flushed && type !== VIRTIO_BLK_T_DISCARD;
      for (let sector = first; sector < first + count; sector++) {
        if (isCertain) allowed[sector]?.clear();
        allowed[sector]?.add(version);
      }
    }
    const wrong = [...allowed.entries()].filter(([sector, versions]) => !versions.has(found[sector] ?? -1));
    return wrong.slice(0, 10).map(([sector, versions]) => `sector ${sector}: ${found[sector]}, none of ${[...versions].join(' ')}`);
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }

  #complete(): void {
    const { tokenHigh, tokenLow, result } = this.#engine;
    if (tokenHigh === TOKEN_SYNC) this.#served.synced(result);
    else this.#ring.complete(tokenLow, result);
  }

  #begin(): boolean {
    const random = this.#random;
    const type = chooseType(random);
    const first = random.below(this.#start.length - MOST_SECTORS);
    const count = type === VIRTIO_BLK_T_FLUSH ? 0 : 1 + random.below(MOST_SECTORS);
    if ([...this.#underWay.values()].some((one) => first < one.first + one.count && one.first < first + count)) return false;
    const head = Array.from({ length: HEADS }, (_, index) => index).find((index) => !this.#underWay.has(index)) ?? 0;
    const version = type === VIRTIO_BLK_T_OUT ? ++this.#version : 0;
    const changes = this.#file.changes.length;
    const now = { begunAt: this.#moment++, changesBefore: changes, endedAt: Infinity, changesAfter: Infinity };
    const request = { type, first, count, version, ...now };
    this.#underWay.set(head, request);
    if (type === VIRTIO_BLK_T_FLUSH) this.flushes.push(request);
    else if (type !== VIRTIO_BLK_T_IN) this.#changes.push(request);
    this.#offer(head, request);
    return true;
  }

  #offer(head: number, { type, first, count, version }: Request): void {
    const { memory } = this.#memory;
    const [header, status, data] = [HEADERS + head * 16, STATUSES + head, DATA + head * MOST_SECTORS * SECTOR];
    const isTransfer = type === VIRTIO_BLK_T_IN || type === VIRTIO_BLK_T_OUT;
    memory.writeBytes(header, twoNumbers(type, isTransfer ? first : 0));
    memory.writeU8(status, 0xee);
    const bytes = new Uint8Array(count * SECTOR);
    if (type === VIRTIO_BLK_T_OUT) stamp(bytes, version, first, count);
    const unmaps = type === VIRTIO_BLK_T_WRITE_ZEROES && this.#random.oneIn(2) ? UNMAP : 0;
    memory.writeBytes(data, isTransfer ? bytes : rangeOf(first, count, unmaps));
    const length = type === VIRTIO_BLK_T_FLUSH ? 0 : isTransfer ? bytes.length : 16;
    this.#driver.chain(head * DESCRIPTORS_EACH, [
      { address: header, length: 16 },
      ...(length === 0 ? [] : [{ address: data, length, writable: type === VIRTIO_BLK_T_IN }]),
      { address: status, length: 1, writable: true },
    ]);
    this.#driver.offer(head * DESCRIPTORS_EACH);
  }

  #end(head: number): void {
    const request = this.#underWay.get(head);
    if (request === undefined) throw new Error(`head ${head} came back that was not under way`);
    check(this.#memory.memory.readU8(STATUSES + head), `status of type ${request.type}`).to.equal(0);
    request.endedAt = this.#moment++;
    request.changesAfter = this.#file.changes.length;
    this.#underWay.delete(head);
  }
}

function chooseType(random: Random): number {
  const kind = random.below(12);
  if (kind === 0) return VIRTIO_BLK_T_FLUSH;
  if (kind === 1) return VIRTIO_BLK_T_IN;
  if (kind === 2) return VIRTIO_BLK_T_DISCARD;
  return kind === 3 ? VIRTIO_BLK_T_WRITE_ZEROES : VIRTIO_BLK_T_OUT;
}

/** A request's header: its type and its sector. */
function twoNumbers(type: number, sector: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(16));
  bytes.setUint32(0, type, true);
  bytes.setUint32(8, sector, true);
  return new Uint8Array(bytes.buffer);
}

function rangeOf(sector: number, count: number, flags: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(16));
  bytes.setUint32(0, sector, true);
  bytes.setUint32(8, count, true);
  bytes.setUint32(12, flags, true);
  return new Uint8Array(bytes.buffer);
}
