/** The core's link before a block back end in a process of its own, and a driver of that disk, one request at a time. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Result, expect } from '#shared/lang/result.ts';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { SOCK_STREAM, connectUnix, listenUnix, socketPair } from '#shared/sys/unix-socket.ts';
import type { DriverQueue } from '#shared/testing/driver-queue.ts';
import type { LinkError, RecoveryPolicy } from '../../vmm-core/link/device-link.ts';
import { GUEST_START, LinkPlace, LinkedDriver } from '../../vmm-core/link/testing/linked-device.fixture.ts';

const CH_BLOCK = fileURLToPath(new URL('../../bin/ch-block', import.meta.url));
export const DISK_SIZE = 1 << 20;
export const SECTOR = 512;
/** virtio 1.2, 5.2.6. */
export const VIRTIO_BLK_T_IN = 0;
export const VIRTIO_BLK_T_OUT = 1;
const HEADER = GUEST_START + 0x8000;
const STATUS = GUEST_START + 0x8100;
const DATA = GUEST_START + 0x9000;

export interface Operation {
  readonly type: number;
  readonly sector: number;
}

export interface BackEnd {
  readonly child: ChildProcess;
  readonly socket: OwnedFd;
}

export const hasStorageDaemon = spawnSync('qemu-storage-daemon', ['--version']).status === 0;

export function startBlock(disk: string): BackEnd {
  const [socket, theirs] = expect(socketPair(SOCK_STREAM), 'socket pair');
  const child = spawn(CH_BLOCK, ['--fd', '3', '--disk', `path=${disk},num_queues=2`], {
    stdio: ['ignore', 'inherit', 'inherit', theirs.fd],
  });
  theirs.close();
  return { child, socket };
}

export function startStorageDaemon(disk: string, folder: string): BackEnd {
  const path = join(folder, 'socket');
  using listener = expect(listenUnix(path), 'listen');
  const exported = 'type=vhost-user-blk,id=export,node-name=disk,addr.type=fd,addr.str=3,writable=on,num-queues=2';
  const child = spawn('qemu-storage-daemon', ['--blockdev', `driver=file,node-name=disk,filename=${disk}`, '--export', exported], {
    stdio: ['ignore', 'inherit', 'inherit', listener.fd],
  });
  const socket = expect(connectUnix(path), 'connect');
  rmSync(path);
  return { child, socket };
}

/** A disk of sectors that are numbered in their first byte, and its driver. */
export class DiskDriver implements AsyncDisposable {
  readonly disk: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'backend-link-'));
  readonly #start: (disk: string, folder: string) => BackEnd;
  readonly #recovery: RecoveryPolicy | undefined;
  readonly #place = new LinkPlace();
  readonly #children: ChildProcess[] = [];
  #driver: LinkedDriver | undefined;
  #made: number[] = [];

  constructor(start: (disk: string, folder: string) => BackEnd, recovery?: RecoveryPolicy) {
    this.#start = start;
    this.#recovery = recovery;
    this.disk = join(this.#folder, 'disk');
    writeFileSync(
      this.disk,
      Uint8Array.from({ length: DISK_SIZE }, (_, index) => (index % SECTOR === 0 ? index / SECTOR : 0xee)),
    );
  }

  get linked(): LinkedDriver {
    if (this.#driver === undefined) throw new Error('there is no back end');
    return this.#driver;
  }

  get failures(): readonly string[] {
    return this.#place.failures;
  }

  /** Of the link, in order. */
  get news(): readonly string[] {
    return this.#place.news;
  }

  /** A process for the disk, and a link to it: the first one's device, or another's that takes it over. */
  async connect(): Promise<ChildProcess> {
    const { child, socket } = this.#spawn();
    const link = expect(await this.#place.connectTo(socket, { recovery: this.#recovery }), 'link');
    if (this.#driver === undefined) {
      this.#driver = new LinkedDriver(this.#place, link);
    } else {
      this.#driver.link = link;
      link.attach(this.#driver.made.machine.device);
    }
    return child;
  }

  /** A process for the disk, which the link is to take instead of the one that it has lost. */
  async replace(): Promise<Result<void, LinkError>> {
    const results: Result<void, LinkError>[] = [];
    const replaced = this.linked.link.reconnect(this.#spawn().socket);
    void replaced.then((result) => results.push(result));
    await this.linked.until(() => results.length > 0);
    return replaced;
  }

  /** A new driver: its rings. */
  activate(): readonly DriverQueue[] {
    this.#place.region.bytes.fill(0);
    this.#made = [0, 0];
    this.linked.negotiate();
    const queues = [0, 1].map((index) => this.linked.ring(index));
    for (const [index, { ring }] of queues.entries()) this.linked.enable(index, ring);
    this.linked.status = 0xf;
    return queues;
  }

  /** The status byte, once the back end has signalled. */
  async request(queue: DriverQueue, index: number, operation: Operation): Promise<number> {
    this.offer(queue, index, operation);
    return this.answer(queue, index);
  }

  /** The same without waiting. */
  offer(queue: DriverQueue, index: number, operation: Operation): void {
    const { memory } = this.#place;
    memory.writeU32(HEADER, operation.type);
    memory.writeU32(HEADER + 8, operation.sector);
    memory.writeU8(STATUS, 0xff);
    queue.chain(0, [
      { address: HEADER, length: 16 },
      { address: DATA, length: SECTOR, writable: operation.type === VIRTIO_BLK_T_IN },
      { address: STATUS, length: 1, writable: true },
    ]);
    const made = this.#made[index] ?? 0;
    queue.usedEvent = made;
    queue.offer(0);
    this.#made[index] = made + 1;
    this.linked.made.machine.write(0x6000 + index * 4, 2, index);
  }

  /** The status byte of what was offered, once the back end has signalled. */
  async answer(queue: DriverQueue, index: number): Promise<number> {
    await this.linked.until(() => queue.usedIdx === this.#made[index]);
    await this.linked.until(() => drainEventFd(this.linked.plan.vectorFds[index + 1] ?? -1) > 0);
    return this.#place.memory.readU8(STATUS) ?? -1;
  }

  get firstByte(): number {
    return this.#place.memory.readU8(DATA) ?? -1;
  }

  set firstByte(value: number) {
    this.#place.memory.writeU8(DATA, value);
  }

  #spawn(): BackEnd {
    const backEnd = this.#start(this.disk, this.#folder);
    this.#children.push(backEnd.child);
    return backEnd;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#driver ?? this.#place)[Symbol.asyncDispose]();
    for (const child of this.#children) await ended(child, 'SIGTERM');
    rmSync(this.#folder, { recursive: true });
  }
}

export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
