/**
 * The real ch-block under a load of stamped blocks hands over to a process that takes the image's lock and then hangs: the first one
 * waits for its word and for the lock, and goes on.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { type SuccessorEnd, successorEnd } from '#shared/rpc/hand-over-channel.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { SOCK_SEQPACKET, socketPair } from '#shared/sys/unix-socket.ts';
import { lockImage } from '../../devices/block/image-lock.ts';
import { InterruptTarget } from '../../vmm-core/bus/testing/interrupt-target.ts';
import { CrashRun, NOTHING_WRONG, writeDisk } from './crash-run.ts';

const SHAPE = { blockSize: 4096, blocks: 2048, mixture: { writes: 2, zeroes: 16, discards: 16, flushes: 64 } };
const LOCK_MS = 5000;

describe('a disk process whose successor hangs', function () {
  this.timeout(90_000);
  let folder = '';
  let path = '';

  before(function () {
    if (InterruptTarget.available) return;
    console.log('    skipped: there is no /dev/kvm');
    this.skip();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'upgrade-hang-'));
    path = join(folder, 'disk');
    writeDisk(path, SHAPE.blockSize, SHAPE.blocks);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A successor that has been given the device, and has locked the image; what ends it. */
  async function hang(run: CrashRun): Promise<{ readonly end: SuccessorEnd; readonly image: number }> {
    const [giving, taking] = expect(socketPair(SOCK_SEQPACKET), 'hand-over');
    const end = successorEnd(taking);
    run.closesAtEnd(end);
    run.disk.handOver(giving);
    await run.until('greeted', () => said(end) === 'greeting');
    end.send({ ready: {} });
    await run.until('given', () => said(end) === 'takeOver');
    const image = openSync(path, 'r+');
    expect(lockImage(asFd(image), statSync(path).size, { readOnly: false, granularity: 'byte-range', wait: LOCK_MS }), 'lock');
    return { end, image };
  }

  it('and is ended -> goes on, and nothing is lost', async () => {
    await using run = await CrashRun.begin({ path, ...SHAPE });
    await run.until('begun', () => run.completed > 256);
    const { end, image } = await hang(run);
    const { completed } = run;
    await run.until('given up', () => said(end) === 'end');
    await run.forMs(200);
    check(run.completed, 'requests done while another process had the lock').to.equal(completed);
    closeSync(image);
    await run.servedAgain(false);
    run.checkBuffers();
    await run.finish();
    check(run.disk.child.exitCode).to.equal(null);
    check(run.place.news, 'what the core has noticed').to.deep.equal([]);
    check(run.verdict(readFileSync(path)), `seed ${run.seed}`).to.deep.equal(NOTHING_WRONG);
  });

  it('for too long -> ends, and one that is started when the lock is free serves', async () => {
    await using run = await CrashRun.begin({ path, ...SHAPE });
    await run.until('begun', () => run.completed > 256);
    const { image } = await hang(run);
    check(await run.during('ended', run.disk.exited)).to.deep.equal([1, null]);
    closeSync(image);
    await run.replace();
    run.isHolding = false;
    await run.servedAgain(false);
    await run.finish();
    check(run.verdict(readFileSync(path)), `seed ${run.seed}`).to.deep.equal(NOTHING_WRONG);
  });
});

/** What the other process says now; its descriptors are not kept. */
function said(end: SuccessorEnd): 'nothing' | 'greeting' | 'takeOver' | 'end' {
  const received = end.tryReceive();
  if (!received.ok) return 'end';
  if (received.value === undefined) return 'nothing';
  const { message, fds } = received.value;
  for (const fd of fds) fd.close();
  return message.greeting ? 'greeting' : message.takeOver ? 'takeOver' : 'nothing';
}
