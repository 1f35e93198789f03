/**
 * A hostile front end of a real block process, in what the fuzzer does not do for long enough: descriptors that make who uses them wait,
 * and more connections and refused requests than anybody needs. What it keeps waiting is its own at most.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { allocate, syscall } from '#shared/sys/ffi.ts';
import { OwnedFd } from '#shared/sys/owned-fd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { toFrontend } from '#shared/testing/session-pair.ts';
import { VHOST_USER as R, VHOST_USER_PROTOCOL_F as F } from '#shared/vhost-user/spec.ts';
import { DiskDriver, STATUS } from './disk-driver.ts';
import { DiskProcess, GUEST_START } from './disk-process.ts';
import { Client } from './fuzz/client.ts';
import { FuzzedDisk } from './fuzz/fuzzed-disk.ts';

const DEADLINE_MS = 10_000;
const HOSTILE = { base: GUEST_START + 0x1000, size: 32 };
const HONEST = { base: GUEST_START + 0x8_0000, size: 32 };
const F_SETPIPE_SZ = 1031;
const PAGE = 4096;
/** What is garbage of those before is collected now and then. */
const MOST_PRIVATE_MIB = 500;
const PROTOCOL_FEATURES = F.MQ | F.REPLY_ACK;

/** A descriptor to which nothing can be written without waiting, and what empties it. */
interface Full extends Disposable {
  readonly fd: OwnedFd;
}

function fullEventFd(): Full {
  const fd = new OwnedFd(syscall(SYS.eventfd2, 0, 0));
  const most = allocate(8);
  most.view.setBigUint64(0, 2n ** 64n - 2n, true);
  expect(syscall(SYS.write, fd.fd, most.address, 8)).to.equal(8);
  return { fd, [Symbol.dispose]: () => (syscall(SYS.read, fd.fd, most.address, 8), fd.close()) };
}

function fullPipe(): Full {
  const pair = allocate(8);
  expect(syscall(SYS.pipe2, pair.address, 0)).to.equal(0);
  const [end, fd] = [new OwnedFd(pair.view.getInt32(0, true)), new OwnedFd(pair.view.getInt32(4, true))];
  const page = allocate(PAGE);
  expect(syscall(SYS.fcntl, fd.fd, F_SETPIPE_SZ, PAGE)).to.equal(PAGE);
  expect(syscall(SYS.write, fd.fd, page.address, PAGE)).to.equal(PAGE);
  return { fd, [Symbol.dispose]: () => (syscall(SYS.read, end.fd, page.address, PAGE), end.close(), fd.close()) };
}

describe('hostile front end of a block process', function () {
  this.timeout(60_000);

  for (const [name, make] of [
    ['an eventfd', fullEventFd],
    ['a pipe', fullPipe],
  ] as const) {
    it(`a call that is ${name} full of signals nobody reads, and that waits -> both queues are served`, async () => {
      await using disk = await DiskProcess.start();
      // Emptied before the process is asked to end: one that waits there could not.
      using full = make();
      using hostile = new DiskDriver(disk, 0, HOSTILE);
      using honest = new DiskDriver(disk, 1, HONEST);
      await Promise.all([hostile.start(), honest.start()]);
      await hostile.stop();
      const { descriptor, available, used } = hostile.queue.config;
      const parts = { descriptor: toFrontend(descriptor), available: toFrontend(available), used: toFrontend(used) };
      hostile.queue.startAt(0);
      const ring = { index: 0, size: HOSTILE.size, base: 0, kickFd: hostile.kick.fd, callFd: full.fd.fd, ...parts };
      must(await disk.frontend.startRing(ring), 'ring');
      for (let count = 0; count < 3; count++) {
        hostile.offerRead(count);
        hostile.notify();
        const end = performance.now() + DEADLINE_MS;
        while (hostile.queue.collect().length === 0)
          if (performance.now() > end) throw new Error(`request ${count} was not served\n${disk.lastWords}`);
        expect(honest.read(count).status).to.equal(STATUS.ok);
      }
      // And one that comes to a ring that runs.
      must(await disk.frontend.setCall(0, full.fd.fd), 'call');
      must(await disk.frontend.stopRing(0), 'stop');
    });
  }

  it('5000 connections that end in the middle of something, and as many refused requests -> nothing is left of them, few lines are said', async () => {
    await using disk = new FuzzedDisk({ imageType: 'raw', readOnly: false, queueCount: 1, queueSize: 16, keys: '' });
    const churn = (times: number): void => {
      for (let count = 0; count < times; count++) {
        const client = new Client(disk.connect());
        if (count % 3 === 0) client.send(R.GET_FEATURES, new Uint8Array(), [], 0);
        if (count % 5 === 0) client.sendBytes(Uint8Array.of(1, 2, 3));
        if (count % 50 === 0) refusals(client, 50);
        client.close();
      }
    };
    churn(500);
    const before = settledUsage(disk);
    churn(5000);
    const now = settledUsage(disk);
    expect([now.fds, now.maps]).to.deep.equal([before.fds, before.maps]);
    expect(now.privateMib).to.be.lessThan(MOST_PRIVATE_MIB);
    expect(readFileSync(join(disk.folder, 'log'), 'utf8').split('\n').length).to.be.lessThan(400);
  });
});

/** Each is answered with an error, for REPLY_ACK is negotiated: the connection goes on. */
function refusals(client: Client, times: number): void {
  const features = new DataView(new ArrayBuffer(8));
  features.setBigUint64(0, PROTOCOL_FEATURES, true);
  client.send(R.SET_PROTOCOL_FEATURES, new Uint8Array(features.buffer), [], 0);
  for (let count = 0; count < times; count++) client.send(R.SET_VRING_NUM, Uint8Array.of(200, 0, 0, 0, 1, 0, 0, 0));
  client.settled();
}

/** With no connection but one that was answered: those before are over then. */
function settledUsage(disk: FuzzedDisk): ReturnType<FuzzedDisk['usage']> {
  const client = new Client(disk.connect());
  client.settled();
  const usage = disk.usage();
  client.close();
  return usage;
}
