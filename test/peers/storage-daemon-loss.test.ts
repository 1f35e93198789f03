/**
 * qemu-storage-daemon keeps no record of what it has in flight (no INFLIGHT_SHMFD): when it is killed over a request the policy
 * decides at once, for each policy there is; when it has returned all it took, another one goes on.
 */
import { readFileSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import type { DriverQueue } from '#shared/testing/driver-queue.ts';
import { InterruptTarget } from '../../vmm-core/bus/testing/interrupt-target.ts';
import type { RecoveryPolicy } from '../../vmm-core/link/device-link.ts';
import { DiskDriver, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT, ended, hasStorageDaemon, startStorageDaemon } from './linked-disk.ts';

const NEEDS_RESET = 0x40;
const IO_ERROR = 1;
/** No test waits for it to pass. */
const DEADLINE_MS = 600_000;
const WITHOUT_RECORD = 'its device process has closed the connection and has kept no record of the requests under way';
const READ = (sector: number): { readonly type: number; readonly sector: number } => ({ type: VIRTIO_BLK_T_IN, sector });

/** What is told when it is killed over a request; and whether the driver hears of it. */
const KILLED: readonly {
  readonly afterwards: RecoveryPolicy['afterwards'];
  readonly news: readonly string[];
  readonly failures: readonly string[];
}[] = [
  { afterwards: 'end', news: [], failures: [`disk0 LOST: ${WITHOUT_RECORD}`] },
  { afterwards: 'stall', news: [`disk0 OVERDUE: ${WITHOUT_RECORD}`], failures: [] },
  { afterwards: 'pause', news: [`disk0 OVERDUE: ${WITHOUT_RECORD}`], failures: [] },
  {
    afterwards: 'error',
    news: [`disk0 OVERDUE: ${WITHOUT_RECORD}`],
    failures: ['disk0 NEEDS_RESET: it is gone, and its requests cannot be answered'],
  },
];

describe("the core's link when qemu-storage-daemon goes", function () {
  this.timeout(60_000);
  let disk: DiskDriver;
  const begin = async (afterwards: RecoveryPolicy['afterwards']): Promise<{ child: ChildProcess; queue: DriverQueue }> => {
    disk = new DiskDriver(startStorageDaemon, { deadlineMs: DEADLINE_MS, afterwards });
    const child = await disk.connect();
    return { child, queue: first(disk.activate()) };
  };
  afterEach(async () => disk[Symbol.asyncDispose]());

  before(function () {
    if (hasStorageDaemon && InterruptTarget.available) return;
    console.log(`    skipped: there is no ${hasStorageDaemon ? '/dev/kvm' : 'qemu-storage-daemon (Debian: qemu-system-common)'}`);
    this.skip();
  });

  for (const { afterwards, news, failures } of KILLED) {
    it(`killed over a request, policy ${afterwards} -> it holds at once, and nothing is replayed until the driver resets`, async () => {
      const { child, queue } = await begin(afterwards);
      check(await disk.request(queue, 0, READ(1))).to.equal(0);
      await halt(child);
      disk.offer(queue, 0, READ(2));
      await ended(child, 'SIGKILL');
      await disk.linked.until(() => disk.failures.length === failures.length && disk.news.length > news.length);
      check(disk.news).to.deep.equal([`disk0 RECONNECTING: ${WITHOUT_RECORD}`, ...news]);
      check(disk.failures).to.deep.equal(failures);
      check((disk.linked.status & NEEDS_RESET) !== 0).to.equal(failures.length > 0);
      const refused = await disk.replace();
      check(refused.ok ? '' : refused.error.message).to.match(/cannot know which requests are under way: its driver must reset it first$/);
      check(queue.usedIdx, 'requests that were answered').to.equal(1);
      disk.linked.status = 0;
      await disk.linked.until(() => disk.linked.status === 0);
      expect(await disk.replace(), 'replace');
      check(await disk.request(first(disk.activate()), 0, READ(3))).to.equal(0);
      check(disk.firstByte).to.equal(3);
    });

    it(`stopped between two requests, policy ${afterwards} -> the next one waits, and another daemon answers it`, async () => {
      const { child, queue } = await begin(afterwards);
      disk.firstByte = 0x77;
      check(await disk.request(queue, 0, { type: VIRTIO_BLK_T_OUT, sector: 5 })).to.equal(0);
      await ended(child, 'SIGTERM');
      await disk.linked.until(() => disk.news.length > 0);
      disk.offer(queue, 0, READ(5));
      expect(await disk.replace(), 'replace');
      check(await disk.answer(queue, 0)).to.equal(0);
      check(disk.firstByte).to.equal(0x77);
      check(disk.linked.status & NEEDS_RESET).to.equal(0);
      check(disk.failures).to.deep.equal([]);
      check(disk.news.map((line) => line.replace(/\d+\.\d+ s/, 'N s'))).to.deep.equal([
        'disk0 RECONNECTING: its device process has closed the connection',
        'disk0 BACK: its requests waited N s',
      ]);
    });
  }

  it('killed over a request, policy error -> after a reset requests fail until another daemon is there', async () => {
    const { child, queue } = await begin('error');
    check(await disk.request(queue, 0, READ(1))).to.equal(0);
    await halt(child);
    disk.offer(queue, 0, READ(2));
    await ended(child, 'SIGKILL');
    await disk.linked.until(() => disk.failures.length > 0);
    disk.linked.status = 0;
    await disk.linked.until(() => disk.linked.status === 0);
    const again = first(disk.activate());
    check(await disk.request(again, 0, READ(3))).to.equal(IO_ERROR);
    expect(await disk.replace(), 'replace');
    check(await disk.request(again, 0, READ(4))).to.equal(0);
    check(disk.firstByte).to.equal(4);
  });
});

/** Takes the process's processor away: what comes from now on it does not see. */
async function halt(child: ChildProcess): Promise<void> {
  child.kill('SIGSTOP');
  const threads = `/proc/${child.pid}/status`;
  while (!/^State:\tT/m.test(readFileSync(threads, 'latin1'))) await new Promise<void>((resolve) => setImmediate(resolve));
}

function first(queues: readonly DriverQueue[]): DriverQueue {
  const [queue] = queues;
  if (queue === undefined) throw new Error('no queue');
  return queue;
}
