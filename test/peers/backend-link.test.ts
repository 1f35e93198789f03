/**
 * The core's link before the two block back ends that there are: our ch-block, which has every feature of the protocol that the
 * link uses, and qemu-storage-daemon, which has neither STATUS nor RESET_DEVICE nor an in-flight area.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { SOCK_STREAM, connectUnix, listenUnix, socketPair } from '#shared/sys/unix-socket.ts';
import type { DriverQueue } from '#shared/testing/driver-queue.ts';
import { InterruptTarget } from '../../vmm-core/bus/testing/interrupt-target.ts';
import { GUEST_START, LinkPlace, LinkedDriver } from '../../vmm-core/link/testing/linked-device.fixture.ts';

const CH_BLOCK = fileURLToPath(new URL('../../bin/ch-block', import.meta.url));
const DISK_SIZE = 1 << 20;
const SECTOR = 512;
/** virtio 1.2, 5.2.6. */
const VIRTIO_BLK_T_IN = 0;
const VIRTIO_BLK_T_OUT = 1;
const HEADER = GUEST_START + 0x8000;
const STATUS = GUEST_START + 0x8100;
const DATA = GUEST_START + 0x9000;

interface BackEnd {
  readonly child: ChildProcess;
  readonly socket: OwnedFd;
}

const BACK_ENDS: readonly (readonly [name: string, isThere: boolean, start: (disk: string, folder: string) => BackEnd])[] = [
  ['ch-block', true, startBlock],
  ['qemu-storage-daemon', spawnSync('qemu-storage-daemon', ['--version']).status === 0, startStorageDaemon],
];

function startBlock(disk: string): BackEnd {
  const [socket, theirs] = expect(socketPair(SOCK_STREAM), 'socket pair');
  const child = spawn(CH_BLOCK, ['--fd', '3', '--disk', `path=${disk},num_queues=2`], {
    stdio: ['ignore', 'inherit', 'inherit', theirs.fd],
  });
  theirs.close();
  return { child, socket };
}

function startStorageDaemon(disk: string, folder: string): BackEnd {
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

/** A driver of the disk, one request at a time. */
class DiskDriver implements AsyncDisposable {
  readonly disk: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'backend-link-'));
  readonly #start: (disk: string, folder: string) => BackEnd;
  readonly #place = new LinkPlace();
  readonly #children: ChildProcess[] = [];
  #driver: LinkedDriver | undefined;
  #made: number[] = [];

  constructor(start: (disk: string, folder: string) => BackEnd) {
    this.#start = start;
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

  /** A process for the disk, and a link to it: the first one's device, or another's that takes it over. */
  async connect(): Promise<ChildProcess> {
    const { child, socket } = this.#start(this.disk, this.#folder);
    this.#children.push(child);
    const link = expect(await this.#place.connectTo(socket), 'link');
    if (this.#driver === undefined) {
      this.#driver = new LinkedDriver(this.#place, link);
    } else {
      this.#driver.link = link;
      link.attach(this.#driver.made.machine.device);
    }
    return child;
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
  async request(queue: DriverQueue, index: number, operation: { readonly type: number; readonly sector: number }): Promise<number> {
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
    await this.linked.until(() => queue.usedIdx === made + 1);
    await this.linked.until(() => drainEventFd(this.linked.plan.vectorFds[index + 1] ?? -1) > 0);
    return memory.readU8(STATUS) ?? -1;
  }

  get firstByte(): number {
    return this.#place.memory.readU8(DATA) ?? -1;
  }

  set firstByte(value: number) {
    this.#place.memory.writeU8(DATA, value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#driver ?? this.#place)[Symbol.asyncDispose]();
    for (const child of this.#children) await ended(child, 'SIGTERM');
    rmSync(this.#folder, { recursive: true });
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

for (const [name, isThere, start] of BACK_ENDS) {
  describe(`the core's link before ${name}`, function () {
    this.timeout(30_000);
    let made: DiskDriver | undefined;
    /** Ends after the test, also where that waits for ever. */
    const makeDisk = (): DiskDriver => (made = new DiskDriver(start));
    afterEach(async () => {
      await made?.[Symbol.asyncDispose]();
      made = undefined;
    });

    before(function () {
      const missing = isThere ? '/dev/kvm' : `${name} (Debian: qemu-system-common)`;
      if (isThere && InterruptTarget.available) return;
      console.log(`    skipped: there is no ${missing}`);
      this.skip();
    });

    it('serves one driver after another, by both queues', async () => {
      const disk = makeDisk();
      await disk.connect();
      const { machine } = disk.linked.made;
      check([machine.read(0x4000, 4), machine.read(0x4004, 4), machine.read(0x4022, 2)]).to.deep.equal([DISK_SIZE / SECTOR, 0, 2]);
      for (const round of [1, 2, 3]) {
        const queues = disk.activate();
        for (const [index, queue] of queues.entries()) {
          const sector = round * 10 + index;
          check(await disk.request(queue, index, { type: VIRTIO_BLK_T_IN, sector })).to.equal(0);
          check(disk.firstByte).to.equal(sector);
          disk.firstByte = 0x80 + sector;
          check(await disk.request(queue, index, { type: VIRTIO_BLK_T_OUT, sector })).to.equal(0);
          check(readFileSync(disk.disk)[sector * SECTOR]).to.equal(0x80 + sector);
        }
        disk.linked.status = 0;
        await disk.linked.until(() => disk.linked.status === 0);
      }
      check(disk.failures).to.deep.equal([]);
    });

    it('stops and goes on where it was, here and on another process', async () => {
      const disk = makeDisk();
      const first = await disk.connect();
      const [queue] = disk.activate();
      if (queue === undefined) throw new Error('no queue');
      check(await disk.request(queue, 0, { type: VIRTIO_BLK_T_IN, sector: 7 })).to.equal(0);
      check(expect(await disk.linked.link.suspend(), 'suspend')).to.deep.equal([1, 0]);
      expect(await disk.linked.link.resume([1, 0]), 'resume');
      check(await disk.request(queue, 0, { type: VIRTIO_BLK_T_IN, sector: 8 })).to.equal(0);
      const bases = expect(await disk.linked.link.suspend(), 'suspend');
      check(bases).to.deep.equal([2, 0]);
      disk.linked.link.close();
      await ended(first, 'SIGTERM');
      await disk.connect();
      expect(await disk.linked.link.resume(bases), 'resume');
      check(await disk.request(queue, 0, { type: VIRTIO_BLK_T_IN, sector: 9 })).to.equal(0);
      check(disk.firstByte).to.equal(9);
    });

    it('is killed -> lost, and the driver is let go', async () => {
      const disk = makeDisk();
      const child = await disk.connect();
      disk.activate();
      disk.linked.pump();
      await ended(child, 'SIGKILL');
      await disk.linked.until(() => disk.failures.length > 0);
      disk.linked.status = 0;
      await disk.linked.until(() => disk.linked.status === 0);
      check(disk.failures).to.deep.equal(['disk0 LOST: its device process has closed the connection']);
    });
  });
}
