/**
 * The real ch-block under our link, killed by SIGKILL at random moments of a load of stamped blocks: the driver sees no error, every
 * head once, no lost or torn block, and no change of a buffer that is its own again.
 *
 * CH_CRASH_KILLS sets how often, and has the pauses printed. The next process stands ready in one of the cases: without the wait
 * for the image's lock it would read while the requests of the killed one still go on.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { type DeviceLauncherEnd, deviceLauncherChannel, startSocketPair } from '#shared/rpc/start-channel.ts';
import { createSealedMemfd } from '#shared/sys/memfd.ts';
import { type OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { SOCK_STREAM, socketPair } from '#shared/sys/unix-socket.ts';
import { Random } from '#shared/testing/random.ts';
import { resources } from '#shared/testing/raw-front-end.ts';
import { InterruptTarget } from '../../vmm-core/bus/testing/interrupt-target.ts';
import { GUEST_START, LinkPlace, LinkedDriver } from '../../vmm-core/link/testing/linked-device.fixture.ts';
import { NODE_FLAGS } from '../../services/orchestrator/launch/start-process.ts';
import { CHECKOUT } from '../harness/checkout.ts';
import { StampedLoad, loadMemory, stamp } from './stamped-load.ts';

const GIVEN_KILLS = process.env['CH_CRASH_KILLS'];
const KILLS = Number(GIVEN_KILLS ?? 12);
const DEADLINE_MS = 20_000;
/** Later than any request of a killed process was seen to end. */
const QUARANTINE_MS = 100;

interface Case {
  readonly name: string;
  readonly direct: boolean;
  readonly blockSize: number;
  readonly blocks: number;
  /** 0: reads only. */
  readonly writesOneIn: number;
  readonly readOnly: boolean;
  /** The next process is started before the last is killed. */
  readonly standsReady: boolean;
}

const SMALL = { blockSize: 4096, blocks: 2048, writesOneIn: 2, readOnly: false, standsReady: false };
/** Reads that take the host's disk a while. */
const LARGE = { direct: true, blockSize: 2 ** 19, blocks: 144, writesOneIn: 0, standsReady: true };
const CASES: readonly Case[] = [
  { name: 'cached, reads and writes', direct: false, ...SMALL },
  { name: 'O_DIRECT, reads and writes', direct: true, ...SMALL },
  { name: 'O_DIRECT, 128 reads, the next one ready', readOnly: false, ...LARGE },
  { name: 'O_DIRECT, 128 reads, read-only, the next one ready', readOnly: true, ...LARGE },
];

interface Served {
  readonly path: string;
  readonly direct: boolean;
  readonly readOnly: boolean;
  /** For what is read-only, and may be locked by others too. */
  readonly fence: OwnedFd;
}

class DiskProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly #channel: DeviceLauncherEnd;

  constructor() {
    const [ours, theirs] = expect(startSocketPair(), 'start socket');
    const script = join(CHECKOUT, 'dist/devices/block/main.js');
    // As the launcher does it, below bin/chctl.
    const env = { ...process.env, MALLOC_ARENA_MAX: '1', NODE_COMPILE_CACHE: join(CHECKOUT, 'dist/.compile-cache') };
    this.child = spawn(process.execPath, [...NODE_FLAGS, script], { stdio: ['ignore', 'inherit', 'inherit', theirs.fd], env });
    theirs.close();
    this.exited = once(this.child, 'exit');
    this.#channel = deviceLauncherChannel(ours);
  }

  /** Resolves when it waits for its orders. */
  async isWaiting(): Promise<void> {
    const RECVMSG = 47;
    while (!readFileSync(`/proc/${this.child.pid}/syscall`, 'latin1').startsWith(`${RECVMSG} `)) await sleep(5);
  }

  /** Has it serve the image, opened afresh as the fence is, to the other end of the socket that comes back. */
  serve({ path, direct, readOnly, fence }: Served): OwnedFd {
    const [front, back] = expect(socketPair(SOCK_STREAM), 'vhost-user socket');
    const image = openSync(path, (readOnly ? constants.O_RDONLY : constants.O_RDWR) | (direct ? constants.O_DIRECT : 0));
    const files = readOnly ? [image, openSync(`/proc/self/fd/${fence.fd}`, 'r+')] : [image];
    const places = { image: 1, socket: files.length + 1, ...(readOnly ? { fence: 2 } : {}) };
    const startBlock = { id: 'disk0', path, direct, readOnly, numQueues: 1, queueSize: 512, serial: '', lockWaitMs: 8000, ...places };
    expect(this.#channel.send({ startBlock }, [...files.map(asFd), back.fd]), 'start message');
    for (const file of files) closeSync(file);
    back.close();
    return front;
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
    this.#channel.close();
  }
}

describe('a disk process that is killed under load', function () {
  this.timeout(20_000 + KILLS * 5000);
  let folder = '';
  let path = '';

  before(function () {
    this.timeout(120_000);
    if (!InterruptTarget.available) this.skip();
    const { status, stderr } = spawnSync(join(CHECKOUT, 'bin/chctl'), ['--version'], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`bin/chctl does not start: ${stderr}`);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crash-'));
    path = join(folder, 'disk');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const { name, direct, blockSize, blocks, writesOneIn, readOnly, standsReady } of CASES) {
    it(`${name}: killed ${KILLS} times -> everything once, and as it was written`, async function () {
      writeDisk(path, blockSize, blocks);
      if (direct && !takesDirect(path)) return this.skip();
      const seed = Date.now() % 1_000_000;
      const random = new Random(seed);
      using fence = expect(createSealedMemfd({ name: 'fence', size: 4096 }), 'fence');
      const served = { path, direct, readOnly, fence };
      let disk = new DiskProcess();
      const place = new LinkPlace(loadMemory(blockSize));
      const connected = await place.connectTo(disk.serve(served), {
        ...{ queueCount: 1, queueSize: 512 },
        recovery: { deadlineMs: 60_000, afterwards: 'end' },
      });
      await using driver = new LinkedDriver(place, expect(connected, 'link'));
      const load = new StampedLoad(place.memory, GUEST_START, {
        ...{ blocks, blockSize, seed },
        notify: () => driver.made.machine.write(0x6000, 2, 0),
      });
      load.writesOneIn = writesOneIn;
      driver.negotiate();
      driver.enable(0, load.queue.ring);
      driver.status = 0xf;
      /** Goes on with the load until `done`. */
      const until = async (what: string, done: () => boolean): Promise<void> => {
        const deadline = performance.now() + DEADLINE_MS;
        for (;;) {
          driver.pump();
          load.turn();
          if (load.wrongs.length > 0 || done()) return;
          if (performance.now() > deadline) {
            throw new Error(
              `seed ${seed}: not ${what}; ${load.inFlight} in flight; ${[...place.news, ...place.failures].slice(-4).join('; ')}`,
            );
          }
          await new Promise<void>((resolve) => setImmediate(resolve));
        }
      };
      const forMs = (ms: number): Promise<void> => {
        const end = performance.now() + ms;
        return until('later', () => performance.now() >= end);
      };
      await until('begun', () => load.completed > 256);
      let before: ReturnType<typeof resources> | undefined;
      const pauses: number[] = [];
      /** What each of the killed processes had in flight, or not begun. */
      const left: number[] = [];
      for (let kill = 0; kill < KILLS && load.wrongs.length === 0; kill++) {
        const ready = standsReady ? new DiskProcess() : undefined;
        if (ready !== undefined) await ready.isWaiting();
        await forMs(20 + random.below(100));
        load.turn();
        load.restartGap();
        // The queue was filled just now: this is how far the process gets with it.
        spin(random.below(700) / 1000);
        const { exited } = disk;
        disk.child.kill('SIGKILL');
        load.isHolding = true;
        let isGone = false;
        void exited.then(() => (isGone = true));
        await until('gone', () => isGone);
        left.push(load.inFlight);
        await disk.end();
        disk = ready ?? new DiskProcess();
        let isBack = false;
        void driver.link.reconnect(disk.serve(served)).then((result) => {
          isBack = true;
          if (!result.ok) load.wrongs.push(result.error.message);
        });
        load.isHolding = standsReady;
        await until('back', () => isBack);
        const taken = load.completed;
        await until('served again', () => (load.isHolding ? load.inFlight === 0 : load.completed > taken));
        pauses.push(load.longestGapMs);
        if (load.isHolding) await forMs(QUARANTINE_MS);
        load.checkBuffers();
        load.isHolding = false;
        if (kill === 1) before = resources();
      }
      load.isHolding = true;
      await until('all back', () => load.inFlight === 0);
      check(load.wrongs, `seed ${seed}`).to.deep.equal([]);
      check(load.queue.usedIdx, 'heads that came back').to.equal(load.issued & 0xffff);
      check(load.wrongBlocks(readFileSync(path)), `blocks of the image, seed ${seed}`).to.deep.equal([]);
      check(place.failures).to.deep.equal([]);
      check(Math.max(...left), 'requests that a process had at its end').to.be.greaterThan(0);
      if (KILLS > 2) check(resources()).to.deep.equal(before);
      await disk.end();
      if (GIVEN_KILLS !== undefined)
        process.stdout.write(`      ${describePauses(pauses)}; ${load.completed} requests; left: ${left.join(' ')}\n`);
    });
  }
});

/** Stamped blocks, on the host's disk. */
function writeDisk(path: string, blockSize: number, blocks: number): void {
  const words = new Uint32Array(blockSize / 4);
  const file = openSync(path, 'w');
  for (let block = 0; block < blocks; block++) {
    stamp(words, block, 0);
    writeSync(file, new Uint8Array(words.buffer));
  }
  fsyncSync(file);
  closeSync(file);
}

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

function takesDirect(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_DIRECT));
    return true;
  } catch {
    return false;
  }
}

function describePauses(pauses: readonly number[]): string {
  const sorted = pauses.toSorted((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? 0).toFixed(0);
  return `pause of ${sorted.length}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`;
}
