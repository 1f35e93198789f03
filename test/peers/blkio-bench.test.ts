/**
 * libblkio's blkio-bench as a front end of ch-block: it ends with an error where one request does, and what it says that it has had
 * done is what the device has counted.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { DeviceClient } from '#shared/rpc/device-client.ts';
import { type BlkioBench, blkioBench } from '../bench/frame/blkio-bench.ts';
import { ensurePackages } from '../harness/packages/install.ts';
import { type Program, serve } from './qemu.ts';

const SIZE = 32 << 20;
const RUN_SECONDS = 1;
const DEPTH = 32;
const run = promisify(execFile);

interface Run {
  readonly work: 'read' | 'write' | 'randread' | 'randwrite';
  readonly blockSize: number;
  readonly queues: number;
}

const RUNS: readonly Run[] = [
  { work: 'randread', blockSize: 4096, queues: 1 },
  { work: 'randwrite', blockSize: 4096, queues: 1 },
  { work: 'read', blockSize: 131_072, queues: 1 },
  { work: 'write', blockSize: 131_072, queues: 1 },
  { work: 'randread', blockSize: 4096, queues: 4 },
  { work: 'randwrite', blockSize: 4096, queues: 4 },
];

describe("ch-block behind libblkio's blkio-bench", function () {
  this.timeout(60_000);
  let tool: BlkioBench;
  let folder: string;
  let disk: string;
  let socket: string;
  let api: string;

  before(function () {
    this.timeout(180_000);
    const report = (line: string): void => void process.stderr.write(`    ${line}\n`);
    try {
      expect(ensurePackages(['compiler'], report), 'compiler');
      tool = blkioBench(report);
    } catch (error) {
      console.log(`    skipped: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
      this.skip();
    }
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'blkio-bench-'));
    [disk, socket, api] = [join(folder, 'disk'), join(folder, 'socket'), join(folder, 'api')];
    writeFileSync(disk, new Uint8Array(SIZE).fill(0x5a));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const serveDisk = (queues: number): Promise<Program> =>
    serve(socket, '--disk', `path=${disk},image_type=raw,num_queues=${queues}`, `--api-socket=${api}`);
  /** Its standard output. An error is one of blkio-bench's. */
  const load = async ({ work, blockSize, queues }: Run): Promise<string> => {
    const shape = [`--num-threads=${queues}`, `--iodepth=${DEPTH}`, `--readwrite=${work}`, `--blocksize=${blockSize}`];
    const words = [...shape, `--runtime=${RUN_SECONDS}`, 'virtio-blk-vhost-user', `path=${socket}`];
    const { stdout } = await run(tool.program, words, { env: { LD_LIBRARY_PATH: tool.libraries }, timeout: 30_000 });
    return stdout;
  };

  for (const one of RUNS) {
    const { work, blockSize, queues } = one;
    it(`${work} of ${blockSize} bytes by ${queues} ${queues === 1 ? 'queue' : 'queues'} -> all done, and counted as often`, async () => {
      await using program = await serveDisk(queues);
      const done = completed(await load(one));
      using client = new DeviceClient(api);
      const stats = expect(await client.getStats(), 'stats');
      const counted = stats.operations.find(({ operation }) => operation === (work.endsWith('read') ? 'READ' : 'WRITE'));
      const requests = Number(counted?.requests ?? 0);
      check(requests).to.be.greaterThan(0);
      // It may leave requests behind when its time is up.
      check(requests).to.be.within(done.least, done.most + 2 * DEPTH * queues);
      check(Number(counted?.bytes)).to.equal(requests * blockSize);
      check(stats.operations.map(({ errors }) => Number(errors))).to.deep.equal(stats.operations.map(() => 0));
      check(counted?.latency?.buckets.reduce((sum, { count }) => sum + Number(count), 0)).to.equal(requests);
      check([Number(stats.ringFaults), Number(stats.droppedChains), program.isRunning]).to.deep.equal([0, 0, true]);
      const isOld = readFileSync(disk).every((byte) => byte === 0x5a);
      check(isOld, 'whether the disk is as it was').to.equal(work.endsWith('read'));
    });
  }

  it('the disk shrinks below it -> blkio-bench says so, and ch-block serves the next one', async () => {
    await using program = await serveDisk(1);
    truncateSync(disk, SIZE / 2);
    const failure: unknown = await load({ work: 'read', blockSize: 131_072, queues: 1 }).catch((error: unknown) => error);
    check(String(failure)).to.match(/I\/O request failed: -5/);
    truncateSync(disk, SIZE);
    check(completed(await load({ work: 'read', blockSize: 131_072, queues: 1 })).least).to.be.greaterThan(0);
    check(program.isRunning).to.equal(true);
  });
});

/** How many requests it has seen done: its calls for completions, times their mean, which it rounds to hundredths. */
function completed(output: string): { readonly least: number; readonly most: number } {
  const field = (name: string): number => Number(new RegExp(`"${name}": ([\\d.]+)`).exec(output)?.[1] ?? Number.NaN);
  const calls = field('calls');
  const mean = field('mean_completions');
  return { least: Math.floor(calls * (mean - 0.005)), most: Math.ceil(calls * (mean + 0.005)) };
}
