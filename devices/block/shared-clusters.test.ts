import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { connectTo } from '#shared/testing/connect.ts';
import { Random } from '#shared/testing/random.ts';
import { quickFolder } from './image/testing/open-disk.fixture.ts';
import { hasQemu, qemuImg } from './image/testing/qemu.fixture.ts';
import { compiledBefore } from './testing/compiled.fixture.ts';
import { BLOCK, DrivenQueues, HEADS } from './testing/driven-queues.fixture.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const QUEUES = 4;
const SIZE = 2 << 20;

(hasQemu ? describe : describe.skip)('four queues of a qcow2 image that all write to the same clusters', () => {
  let folder = '';
  let child: ChildProcess | undefined;
  let guest: DrivenQueues | undefined;
  beforeEach(() => (folder = quickFolder('shared-clusters-')));
  afterEach(async () => {
    await guest?.[Symbol.asyncDispose]();
    guest = undefined;
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  async function serve(image: string): Promise<DrivenQueues> {
    const socket = join(folder, 'socket');
    const disk = `path=${image},image_type=qcow2,backing_files=on,num_queues=${QUEUES}`;
    child = spawn(process.execPath, [MAIN, '--socket-path', socket, '--disk', disk], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: compiledBefore(),
    });
    guest = new DrivenQueues(QUEUES, new Random(11));
    await guest.connect(await connectTo(socket));
    return guest;
  }

  const rows = [
    ['over a backing file', (image: string, base: string) => qemuImg('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, image)],
    [
      'compressed, in a large cluster',
      (image: string, base: string) => qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', '-o', 'cluster_size=2M', base, image),
    ],
    [
      'in small clusters',
      (image: string, base: string) => qemuImg('convert', '-f', 'raw', '-O', 'qcow2', '-o', 'cluster_size=512', base, image),
    ],
  ] as const;
  for (const [name, make] of rows) {
    it(`${name}: each has its own, with rings that stop and start`, async () => {
      const base = join(folder, 'base');
      const image = join(folder, 'image');
      // What nobody writes to lies beside, in the same clusters or others.
      const wanted = Buffer.alloc(SIZE);
      wanted.fill(9, SIZE / 2);
      writeFileSync(base, wanted);
      make(image, base);
      const driven = await serve(image);
      driven.load(400);
      for (let turn = 0; turn < 12; turn++) {
        const queue = driven.queues[turn % QUEUES];
        if (queue === undefined) throw new Error('no queue');
        const next = must(await driven.frontend.stopRing(queue.index), 'stop');
        queue.collect();
        expect(queue.driver.usedIdx).to.equal(next);
        must(await driven.frontend.enableRing(queue.index, false), 'disable');
        await driven.startRing(queue, next);
      }
      await driven.whenIdle();
      child?.kill('SIGTERM');
      if (child) await once(child, 'exit');
      const raw = join(folder, 'raw');
      qemuImg('check', '-q', '-f', 'qcow2', image);
      qemuImg('convert', '-f', 'qcow2', '-O', 'raw', image, raw);
      const bytes = readFileSync(raw);
      expect(bytes.subarray(SIZE / 2).equals(wanted.subarray(SIZE / 2))).to.equal(true);
      for (const queue of driven.queues) {
        for (let head = 0; head < HEADS; head++) {
          if (queue.stampOf(head) === 0) continue;
          const at = queue.offsetOf(head);
          expect([bytes.readUInt32LE(at), bytes.readUInt32LE(at + BLOCK - 4)]).to.deep.equal([queue.stampOf(head), queue.stampOf(head)]);
        }
      }
    }).timeout(60_000);
  }
});
