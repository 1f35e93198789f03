/**
 * Our front end before a foreign back end: qemu-storage-daemon's vhost-user-blk export.
 *
 * Of the protocol it has (version 7.2) MQ, CONFIG, REPLY_ACK and CONFIGURE_MEM_SLOTS, which are tested here, and BACKEND_REQ,
 * whose channel it takes and never uses: a resize of the disk shows in config space, unannounced. LOG_SHMFD too.
 * INFLIGHT_SHMFD, STATUS and RESET_DEVICE it has not: `shared/vhost-user/session-pair.test.ts`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import { UnixSocket, connectUnix, listenUnix } from '#shared/sys/unix-socket.ts';
import { SharedRegion, eventFd } from '#shared/testing/session-pair.ts';
import { FRONTEND_PROTOCOL_FEATURES, Frontend, VHOST_USER_PROTOCOL_F as F } from '#shared/vhost-user/frontend/index.ts';
import { VIRTIO_F_VERSION_1 } from '#shared/virtio/spec.ts';

const QUEUE_SIZE = 16;
const DISK_SIZE = 1 << 20;
const SECTOR = 512;
const GUEST_START = 0x10_0000;
/** Where things lie in the one region of guest memory. */
const AT = { descriptor: 0, available: 0x1000, used: 0x2000, header: 0x3000, data: 0x4000, status: 0x5000 } as const;
/** virtio 1.2, 5.2.6: the types of requests. */
const VIRTIO_BLK_T_IN = 0;
const VIRTIO_BLK_T_OUT = 1;
/** 5.2.3: the feature that says whether the device may be written. */
const VIRTIO_BLK_F_RO = 1n << 5n;

const isInstalled = spawnSync('qemu-storage-daemon', ['--version']).status === 0;

/** A daemon that exports a file of sectors numbered in their first byte, and a front end connected to it. */
class StorageDaemon implements AsyncDisposable {
  readonly watcher = new Watcher();
  readonly disk: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'storage-daemon-'));
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly frontend: Frontend;

  constructor(wantedProtocolFeatures: bigint) {
    this.disk = join(this.#folder, 'disk');
    writeFileSync(
      this.disk,
      Uint8Array.from({ length: DISK_SIZE }, (_, index) => (index % SECTOR === 0 ? index / SECTOR : 0xee)),
    );
    const path = join(this.#folder, 'socket');
    // It inherits a socket that listens already: there is nothing to wait for.
    using listener = expect(listenUnix(path), 'listen');
    const blockdev = `driver=file,node-name=disk,filename=${this.disk}`;
    const exported = 'type=vhost-user-blk,id=export,node-name=disk,addr.type=fd,addr.str=3,writable=on,num-queues=2';
    this.#child = spawn('qemu-storage-daemon', ['--blockdev', blockdev, '--export', exported], {
      stdio: ['ignore', 'inherit', 'inherit', listener.fd],
    });
    this.#exited = once(this.#child, 'exit');
    this.frontend = new Frontend(new UnixSocket(expect(connectUnix(path), 'connect')), this.watcher, {
      wantedFeatures: VIRTIO_F_VERSION_1 | VIRTIO_BLK_F_RO,
      wantedProtocolFeatures,
      replyTimeoutMs: 10_000,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.frontend.close();
    await this.watcher.close();
    // It may have ended by itself.
    this.#child.kill('SIGTERM');
    await this.#exited;
    rmSync(this.#folder, { recursive: true });
  }
}

/** One ring, driven by hand: one request at a time. */
class BlockDriver implements Disposable {
  readonly region = new SharedRegion(GUEST_START, 0x10000);
  readonly kick = eventFd();
  readonly call = eventFd();
  readonly #daemon: StorageDaemon;
  readonly #index: number;
  #made = 0;

  constructor(daemon: StorageDaemon, index: number) {
    this.#daemon = daemon;
    this.#index = index;
  }

  async start(base = 0): Promise<void> {
    const { region, kick, call } = this;
    const parts = { descriptor: region.at(AT.descriptor), available: region.at(AT.available), used: region.at(AT.used) };
    const { frontend } = this.#daemon;
    const ring = { index: this.#index, size: QUEUE_SIZE, ...parts, base, kickFd: kick.fd, callFd: call.fd };
    const [started, enabled] = await Promise.all([frontend.startRing(ring), frontend.enableRing(this.#index, true)]);
    expect(started, 'start ring');
    expect(enabled, 'enable ring');
  }

  /** Returns the status byte once the daemon has signalled. */
  async request(type: number, sector: number): Promise<number> {
    const { view, bytes } = this.region;
    view.setUint32(AT.header, type, true);
    view.setBigUint64(AT.header + 8, BigInt(sector), true);
    bytes[AT.status] = 0xff;
    this.#descriptor(0, AT.header, 16, 1);
    this.#descriptor(1, AT.data, SECTOR, type === VIRTIO_BLK_T_IN ? 3 : 1);
    this.#descriptor(2, AT.status, 1, 2);
    view.setUint16(AT.available + 4 + (this.#made % QUEUE_SIZE) * 2, 0, true);
    this.#made += 1;
    view.setUint16(AT.available + 2, this.#made, true);
    signalEventFd(this.kick.fd);
    await this.#used();
    return bytes[AT.status] ?? 0xff;
  }

  [Symbol.dispose](): void {
    this.region[Symbol.dispose]();
    this.kick.close();
    this.call.close();
  }

  #used(): Promise<void> {
    return new Promise((resolve) => {
      const watch = this.#daemon.watcher.watch(this.call.fd, EPOLLIN, () => {
        drainEventFd(this.call.fd);
        if (this.region.view.getUint16(AT.used + 2, true) !== this.#made) return;
        watch.close();
        resolve();
      });
    });
  }

  #descriptor(index: number, offset: number, length: number, flags: number): void {
    const { view } = this.region;
    view.setBigUint64(index * 16, BigInt(GUEST_START + offset), true);
    view.setUint32(index * 16 + 8, length, true);
    view.setUint16(index * 16 + 12, flags, true);
    view.setUint16(index * 16 + 14, index + 1, true);
  }
}

describe('our front end before qemu-storage-daemon', function () {
  this.timeout(30_000);
  let daemon: StorageDaemon | undefined;
  /** Ends after the test, also where that waits for ever. */
  const start = (wantedProtocolFeatures: bigint): StorageDaemon => (daemon = new StorageDaemon(wantedProtocolFeatures));
  afterEach(async () => {
    await daemon?.[Symbol.asyncDispose]();
    daemon = undefined;
  });

  before(function () {
    if (isInstalled) return;
    console.log('    skipped: qemu-storage-daemon is not installed (Debian: qemu-system-common)');
    this.skip();
  });

  const variants: readonly (readonly [string, bigint])[] = [
    ['with all protocol features', FRONTEND_PROTOCOL_FEATURES],
    ['without memory slots', FRONTEND_PROTOCOL_FEATURES & ~F.CONFIGURE_MEM_SLOTS],
    ['without acknowledgements', FRONTEND_PROTOCOL_FEATURES & ~F.REPLY_ACK],
  ];
  for (const [name, wanted] of variants) {
    it(`reads and writes blocks, stops and starts again, ${name}`, async () => {
      const served = start(wanted);
      const { frontend } = served;
      const offered = expect(await frontend.negotiate(), 'negotiate');
      check(offered.protocolFeatures & wanted).to.equal(offered.protocolFeatures);
      using driver = new BlockDriver(served, 0);
      expect(await frontend.ackFeatures(offered.features), 'features');
      expect(await frontend.setMemoryTable([driver.region.region]), 'memory');
      await driver.start();
      check(await driver.request(VIRTIO_BLK_T_IN, 9)).to.equal(0);
      check([...driver.region.bytes.slice(AT.data, AT.data + 3)]).to.deep.equal([9, 0xee, 0xee]);
      driver.region.bytes.fill(0x5a, AT.data, AT.data + SECTOR);
      check(await driver.request(VIRTIO_BLK_T_OUT, 3)).to.equal(0);
      check(
        readFileSync(served.disk)
          .subarray(3 * SECTOR, 4 * SECTOR)
          .every((byte) => byte === 0x5a),
      ).to.equal(true);
      check(expect(await frontend.stopRing(0), 'stop')).to.equal(2);
      await driver.start(2);
      check(await driver.request(VIRTIO_BLK_T_IN, 3)).to.equal(0);
      check(driver.region.bytes[AT.data]).to.equal(0x5a);
      check(expect(await frontend.stopRing(0), 'stop')).to.equal(3);
    });
  }

  it('negotiates, counts queues and slots, and reads the capacity', async () => {
    const { frontend } = start(FRONTEND_PROTOCOL_FEATURES);
    const offered = expect(await frontend.negotiate(), 'negotiate');
    check(offered.queueCount).to.equal(2);
    check(offered.memorySlots).to.be.at.least(8);
    for (const feature of [F.MQ, F.LOG_SHMFD, F.REPLY_ACK, F.CONFIG, F.BACKEND_REQ, F.CONFIGURE_MEM_SLOTS]) {
      check(offered.protocolFeatures & feature, `protocol feature ${feature}`).to.equal(feature);
    }
    const config = expect(await frontend.readConfig(0, 8), 'config');
    check(new DataView(config.buffer).getBigUint64(0, true)).to.equal(BigInt(DISK_SIZE / SECTOR));
  });

  it('notes the pages that it writes, from when it is told to until it is told not to', async () => {
    const served = start(FRONTEND_PROTOCOL_FEATURES);
    const { frontend } = served;
    const offered = expect(await frontend.negotiate(), 'negotiate');
    using driver = new BlockDriver(served, 0);
    using log = new SharedRegion(0, 0x1000);
    const page = GUEST_START / 4096;
    const pages = (): readonly number[] => {
      const found = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => ((log.bytes[(page + bit) >> 3] ?? 0) >> (bit & 7)) & 1);
      log.bytes.fill(0);
      return found.map((bit) => bit * 4096);
    };
    check(frontend.canLog).to.equal(true);
    expect(await frontend.ackFeatures(offered.features), 'features');
    expect(await frontend.setMemoryTable([driver.region.region]), 'memory');
    await driver.start();
    expect(await frontend.setLog({ size: 0x1000, fileOffset: 0 }, log.file.fd), 'log');
    check(await driver.request(VIRTIO_BLK_T_IN, 1)).to.equal(0);
    check(pages()).to.deep.equal([]);
    const { region } = driver;
    const ring = { index: 0, descriptor: region.at(AT.descriptor), available: region.at(AT.available), used: region.at(AT.used) };
    expect(await frontend.setLogging(true, [{ ...ring, log: GUEST_START + AT.used }]), 'on');
    check(await driver.request(VIRTIO_BLK_T_IN, 2)).to.equal(0);
    check(pages()).to.include.members([AT.used, AT.data, AT.status]);
    expect(await frontend.setLogging(false, [{ ...ring, log: GUEST_START + AT.used }]), 'off');
    pages();
    check(await driver.request(VIRTIO_BLK_T_IN, 3)).to.equal(0);
    check(pages()).to.deep.equal([]);
  });

  it('adds and removes a region beside running rings, on both queues', async () => {
    const served = start(FRONTEND_PROTOCOL_FEATURES);
    const { frontend } = served;
    const offered = expect(await frontend.negotiate(), 'negotiate');
    using driver = new BlockDriver(served, 1);
    using more = new SharedRegion(0x4000_0000, 0x10000);
    expect(await frontend.ackFeatures(offered.features), 'features');
    expect(await frontend.setMemoryTable([driver.region.region]), 'memory');
    await driver.start();
    expect(await frontend.addMemoryRegion(more.region), 'add');
    check(await driver.request(VIRTIO_BLK_T_IN, 1)).to.equal(0);
    expect(await frontend.removeMemoryRegion(more.region), 'remove');
    check(await driver.request(VIRTIO_BLK_T_IN, 2)).to.equal(0);
    check(driver.region.bytes[AT.data]).to.equal(2);
  });
});
