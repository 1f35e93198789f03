/** A console between a terminal and a driver that run at the same time as it: whatever is typed, all of it comes back. */
import { once } from 'node:events';
import { readSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { SOCK_STREAM, socketPair } from '#shared/sys/unix-socket.ts';
import { Random } from '#shared/testing/random.ts';
import { InterruptTarget } from '../bus/testing/interrupt-target.ts';
import { ConsoleLink } from './console.ts';
import { CONSOLE_RECEIVEQ } from './spec.ts';
import { DATA, DrivenDevice } from './testing/driven-device.fixture.ts';
import type { EchoDriverData } from './testing/echo-driver.fixture.ts';

const EXCHANGES = 100;
const RING = { size: 256, bases: [0x1_0000, 0x2_0000] } as const;
const LONGEST = 100;
const SEED = 1;

describe('virtio-console with a driver on a thread of its own', function () {
  this.timeout(20_000);
  before(function () {
    if (!InterruptTarget.available) this.skip();
  });

  let device: DrivenDevice<ConsoleLink>;
  let user: OwnedFd;
  let driver: Worker;
  const stop = new Int32Array(new SharedArrayBuffer(8));

  /** A console on one end of a socket, whose other end is the user, and a driver with so many buffers for input. */
  function start(buffers: EchoDriverData['buffers'], eventIdx: boolean): void {
    const [near, far] = expect(socketPair(SOCK_STREAM), 'pair');
    user = far;
    device = new DrivenDevice((context) => {
      const channel = { input: expect(near.duplicate(), 'pair'), output: near, neverStall: false };
      return new ConsoleLink({ id: 'console0', columns: 0, rows: 0, channel }, context);
    });
    const queues = RING.bases.map((base) => ({ size: RING.size, base, eventIdx }));
    device.activate({ eventIdx, queues });
    const { kickFds, vectorFds } = device.made.plan;
    const callFd = vectorFds[CONSOLE_RECEIVEQ + 1] ?? -1;
    Atomics.store(stop, 0, 0);
    const workerData: EchoDriverData = { regions: device.memory.regions, queues, kickFds, callFd, buffers, stop };
    driver = new Worker(new URL('testing/echo-driver.fixture.ts', import.meta.url), { workerData });
  }

  afterEach(async () => {
    Atomics.store(stop, 0, 1);
    await once(driver, 'exit');
    await device[Symbol.asyncDispose]();
    user.close();
  });

  /** Types and waits for as many bytes; answers them. */
  async function exchange(...texts: readonly string[]): Promise<string> {
    const piece = Buffer.alloc(4096);
    let heard = '';
    for (const text of texts) writeSync(user.fd, text);
    const length = texts.join('').length;
    await new Promise<void>((resolve) => {
      const watch = device.watcher.watch(user.fd, EPOLLIN, () => {
        heard += piece.toString('latin1', 0, readSync(user.fd, piece));
        if (heard.length < length) return;
        watch.close();
        resolve();
      });
    });
    return heard;
  }

  for (const eventIdx of [true, false]) {
    // Short buffers are full before everything that was typed is in them.
    for (const buffers of [
      { count: 1, length: 37, address: DATA },
      { count: RING.size, length: 4096, address: DATA },
    ]) {
      const name = `${eventIdx ? 'event index' : 'flags'}, ${buffers.count} x ${buffers.length} bytes offered`;
      it(`${name} -> no wake-up is lost`, async () => {
        start(buffers, eventIdx);
        const random = new Random(SEED);
        for (let done = 0; done < EXCHANGES; done++) {
          const letter = String.fromCharCode(0x41 + (done % 26));
          const texts = Array.from({ length: random.oneIn(4) ? 2 : 1 }, () => letter.repeat(1 + random.below(LONGEST)));
          check(await exchange(...texts)).to.equal(texts.join(''));
        }
      });
    }
  }
});
