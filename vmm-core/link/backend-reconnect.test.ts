/** Back ends that are lost and replaced: the driver sees its requests done, each once, and nothing else. */
import { expect as check } from 'chai';
import { type Result, expect } from '#shared/lang/result.ts';
import { DriverQueue } from '#shared/testing/driver-queue.ts';
import { resources } from '#shared/testing/raw-front-end.ts';
import { DEVICE_PROTOCOL_FEATURES } from '#shared/vhost-user/backend/index.ts';
import { VHOST_USER_PROTOCOL_F } from '#shared/vhost-user/spec.ts';
import { VIRTIO_F_VERSION_1 } from '#shared/virtio/spec.ts';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import { InterruptTarget } from '../bus/testing/interrupt-target.ts';
import type { LinkError, RecoveryPolicy } from './device-link.ts';
import { DiskLike, GUEST_START, WCE_AT, type LinkedDevice, link } from './testing/linked-device.fixture.ts';

const NEEDS_RESET = 0x40;
const PATIENT: RecoveryPolicy = { deadlineMs: 60_000, afterwards: 'end' };
/** For devices that nobody replaces. */
const SHORT_MS = 100;

class Forgetful extends DiskLike {
  override readonly protocolFeatures = DEVICE_PROTOCOL_FEATURES & ~VHOST_USER_PROTOCOL_F.INFLIGHT_SHMFD;
}
class Lesser extends DiskLike {
  override readonly features = VIRTIO_F_VERSION_1;
}

function begin(recovery = PATIENT, device = new DiskLike()): Promise<LinkedDevice> {
  return link(device, { recovery });
}

/** Ends the back end, and waits until the link knows. */
async function kill(linked: LinkedDevice): Promise<void> {
  const told = linked.place.news.length + linked.place.failures.length;
  linked.peer.close();
  await linked.until(() => linked.place.news.length + linked.place.failures.length > told);
}

/** Lets everything happen until the promise is settled. */
async function settled<T>(linked: LinkedDevice, promise: Promise<T>): Promise<T> {
  const done: T[] = [];
  void promise.then((value) => done.push(value));
  await linked.until(() => done.length > 0);
  return promise;
}

async function back(linked: LinkedDevice, device = new DiskLike()): Promise<Result<void, LinkError>> {
  return settled(linked, linked.reconnect(device));
}

describe('BackendLink and a back end that is replaced', function () {
  before(function () {
    if (!InterruptTarget.available) this.skip();
  });

  it('what was in flight, and what came meanwhile, is done once', async () => {
    await using linked = await begin();
    const queue = await linked.activate();
    linked.request(queue, 'done', 0);
    await linked.until(() => queue.usedIdx === 1);
    linked.device.holdsChains = true;
    for (const head of [2, 4, 6]) linked.request(queue, `held ${head}`, head);
    linked.pump();
    await kill(linked);
    linked.request(queue, 'while away', 8);
    check([linked.status, linked.place.failures]).to.deep.equal([0xf, []]);
    expect(await back(linked), 'reconnect');
    await linked.until(() => queue.usedIdx === 5);
    check(queue.collect().map(({ head }) => head)).to.deep.equal([0, 2, 4, 6, 8]);
    check([2, 4, 6, 8].map((head) => linked.answer(head))).to.deep.equal(['held 2', 'held 4', 'held 6', 'while aw']);
    check([linked.status, linked.place.failures]).to.deep.equal([0xf, []]);
    check(linked.place.news[0]).to.equal('disk0 RECONNECTING: its device process has closed the connection');
    check(linked.place.news[1]).to.match(/^disk0 BACK: its requests waited [0-9.]+ s$/);
  });

  it('rings begin at the used index, with the features and vectors of the driver, and are signalled', async () => {
    await using linked = await begin();
    const queue = await linked.activate();
    linked.request(queue, 'one');
    await linked.until(() => queue.usedIdx === 1);
    await kill(linked);
    linked.made.machine.write(0x16, 2, 0);
    linked.made.machine.write(0x1a, 2, 2);
    linked.pump();
    for (const fd of linked.plan.vectorFds) drainEventFd(fd);
    const next = new DiskLike();
    expect(await back(linked, next), 'reconnect');
    check(next.calls).to.deep.equal(['setMemory 1', 'setFeatures', 'startRing 0', 'enable 0', 'startRing 1', 'enable 1']);
    check(next.starts.map(({ base, inflight }) => [base, inflight === undefined])).to.deep.equal([
      [1, false],
      [0, false],
    ]);
    check(next.acked).to.equal(next.features);
    await linked.until(() => drainEventFd(linked.plan.vectorFds[2] ?? -1) > 0);
    check(drainEventFd(linked.plan.vectorFds[1] ?? -1)).to.equal(0);
  });

  it('a driver that begins meanwhile is served when the next one is there', async () => {
    await using linked = await begin();
    await kill(linked);
    linked.negotiate();
    const queue = linked.ring(0);
    linked.enable(0, queue.ring);
    linked.status = 0xf;
    linked.request(queue, 'early');
    linked.pump();
    expect(await back(linked), 'reconnect');
    await linked.until(() => queue.usedIdx === 1);
    check(linked.answer()).to.equal('early');
  });

  it('a reset waits for the next one, which has nothing of the old driver', async () => {
    await using linked = await begin();
    const queue = await linked.activate();
    linked.device.holdsChains = true;
    linked.request(queue, 'held');
    linked.pump();
    await kill(linked);
    linked.status = 0;
    linked.pump();
    check(linked.status).to.equal(0xf);
    const next = new DiskLike();
    expect(await back(linked, next), 'reconnect');
    await linked.until(() => linked.status === 0);
    check(next.starts).to.deep.equal([]);
    linked.place.region.bytes.fill(0);
    const fresh = await linked.activate();
    linked.request(fresh, 'new', 4);
    await linked.until(() => fresh.usedIdx > 0);
    check(fresh.collect()).to.deep.equal([{ head: 4, written: 8 }]);
  });

  it('a reset under way waits for the next one', async () => {
    await using linked = await begin();
    await linked.activate();
    linked.peer.fallSilent();
    linked.status = 0;
    linked.pump();
    await new Promise<void>((resolve) => setImmediate(resolve));
    await kill(linked);
    check(linked.status).to.equal(0xf);
    expect(await back(linked), 'reconnect');
    await linked.until(() => linked.status === 0);
    check(linked.place.failures).to.deep.equal([]);
  });

  it('a reset of the machine waits too', async () => {
    await using linked = await begin();
    await linked.activate();
    await kill(linked);
    let isReset = false;
    const reset = linked.link.reset().then(() => (isReset = true));
    linked.pump();
    check(isReset).to.equal(false);
    expect(await back(linked), 'reconnect');
    await reset;
    check([linked.device.acked, linked.device.starts.length]).to.deep.equal([undefined, 2]);
  });

  for (const [when, prepare] of [
    ['meanwhile', kill],
    [
      'as it is lost',
      async (linked: LinkedDevice) => {
        linked.peer.fallSilent();
      },
    ],
  ] as const) {
    it(`a machine that is suspended ${when} has its positions from the next one`, async () => {
      await using linked = await begin();
      const queue = await linked.activate();
      linked.request(queue, 'one');
      await linked.until(() => queue.usedIdx === 1);
      linked.device.holdsChains = true;
      linked.request(queue, 'held', 2);
      linked.pump();
      await prepare(linked);
      const suspended = linked.link.suspend();
      if (when !== 'meanwhile') await kill(linked);
      expect(await back(linked), 'reconnect');
      check(expect(await settled(linked, suspended), 'suspend')).to.deep.equal([2, 0]);
      check([queue.usedIdx, linked.device.runningRings]).to.deep.equal([2, 0]);
      expect(await settled(linked, linked.link.resume([2, 0])), 'resume');
      linked.request(queue, 'three', 4);
      await linked.until(() => queue.usedIdx === 3);
    });
  }

  it('lost while suspended -> the next one runs nothing until it is resumed', async () => {
    await using linked = await begin();
    const queue = await linked.activate();
    expect(await linked.link.suspend(), 'suspend');
    await kill(linked);
    const next = new DiskLike();
    expect(await back(linked, next), 'reconnect');
    check(next.starts).to.deep.equal([]);
    linked.request(queue, 'one');
    expect(await linked.link.resume([0, 0]), 'resume');
    await linked.until(() => queue.usedIdx === 1);
  });

  it('what the driver wrote to the configuration is written again; what is different, it is told', async () => {
    await using linked = await begin();
    const { machine } = linked.made;
    await linked.activate();
    machine.write(0x4000 + WCE_AT, 1, 0);
    await linked.until(() => linked.device.config[WCE_AT] === 0);
    await kill(linked);
    const generation = machine.read(0x15, 1);
    check(machine.read(0x4000, 1)).to.equal(1);
    const next = new DiskLike();
    next.config[0] = 0x42;
    expect(await back(linked, next), 'reconnect');
    check([next.config[WCE_AT], machine.read(0x4000 + WCE_AT, 1), machine.read(0x4000, 1)]).to.deep.equal([0, 0, 0x42]);
    check(machine.read(0x15, 1)).to.not.equal(generation);
    const same = machine.read(0x15, 1);
    await kill(linked);
    const third = new DiskLike();
    third.config[0] = 0x42;
    expect(await back(linked, third), 'reconnect');
    check([machine.read(0x15, 1), third.config[WCE_AT]]).to.deep.equal([same, 0]);
  });

  it('one without the features of the driver is not taken, the next is', async () => {
    await using linked = await begin();
    const queue = await linked.activate();
    await kill(linked);
    const refused = await back(linked, new Lesser());
    check(refused.ok ? '' : refused.error.message).to.match(
      /^device disk0: its device process lacks features that the driver uses \(0x30000800\)$/,
    );
    await linked.peer.ended;
    linked.request(queue, 'waits');
    linked.pump();
    check([linked.status, linked.place.failures]).to.deep.equal([0xf, []]);
    expect(await back(linked), 'reconnect');
    await linked.until(() => queue.usedIdx === 1);
  });

  it('one that dies at its start is as none; the next is taken', async () => {
    await using linked = await begin();
    const queue = await linked.activate();
    linked.device.holdsChains = true;
    linked.request(queue, 'held');
    linked.pump();
    await kill(linked);
    const tried = linked.reconnect(new DiskLike());
    linked.peer.close();
    check((await settled(linked, tried)).ok).to.equal(false);
    expect(await back(linked), 'reconnect');
    await linked.until(() => queue.usedIdx === 1);
    check(linked.place.failures).to.deep.equal([]);
  });

  it('one that dies when it has the memory -> that is told, and nothing else', async () => {
    await using linked = await begin();
    await linked.activate();
    await kill(linked);
    const next = new DiskLike();
    const setMemory = next.setMemory.bind(next);
    next.setMemory = (...given) => {
      setMemory(...given);
      queueMicrotask(() => linked.peer.close());
    };
    const tried = await back(linked, next);
    check(tried.ok ? '' : tried.error.message).to.equal('device disk0: its device process has closed the connection');
  });

  it('one that is well is replaced too', async () => {
    await using linked = await begin();
    const queue = await linked.activate();
    const old = linked.peer;
    old.device.holdsChains = true;
    linked.request(queue, 'held');
    linked.pump();
    expect(await back(linked), 'reconnect');
    await old.ended;
    await linked.until(() => queue.usedIdx === 1);
    check(queue.collect()).to.deep.equal([{ head: 0, written: 8 }]);
  });

  describe('past its deadline', () => {
    const overdue = /^disk0 OVERDUE: .* closed the connection, and no other has taken its place within 0\.1 s$/;

    it('end -> lost, told once; the driver may reset, and that is all', async () => {
      await using linked = await begin({ deadlineMs: SHORT_MS, afterwards: 'end' });
      await linked.activate();
      await kill(linked);
      await linked.until(() => linked.place.failures.length > 0);
      check(linked.place.failures[0]).to.match(/^disk0 LOST: .* no other has taken its place within 0\.1 s$/);
      check(linked.status & NEEDS_RESET).to.equal(NEEDS_RESET);
      linked.status = 0;
      await linked.until(() => linked.status === 0);
    });

    it('stall -> resets complete, requests wait on, and the next one serves them', async () => {
      await using linked = await begin({ deadlineMs: SHORT_MS, afterwards: 'stall' });
      const before = await linked.activate();
      linked.device.holdsChains = true;
      linked.request(before, 'held');
      linked.pump();
      await kill(linked);
      await linked.until(() => linked.place.news.length > 1);
      check(linked.place.news[1]).to.match(overdue);
      check((await linked.link.suspend()).ok, 'suspend').to.equal(false);
      linked.status = 0;
      await linked.until(() => linked.status === 0);
      linked.place.region.bytes.fill(0);
      linked.negotiate();
      const queue = linked.ring(0);
      linked.enable(0, queue.ring);
      linked.status = 0xf;
      linked.request(queue, 'anew', 4);
      linked.pump();
      await new Promise<void>((resolve) => setImmediate(resolve));
      check([linked.status, queue.usedIdx, linked.place.failures]).to.deep.equal([0xf, 0, []]);
      expect(await back(linked), 'reconnect');
      await linked.until(() => queue.usedIdx === 1);
      check(queue.collect()).to.deep.equal([{ head: 4, written: 8 }]);
    });

    it('stall -> what was in flight is done by the next one', async () => {
      await using linked = await begin({ deadlineMs: SHORT_MS, afterwards: 'stall' });
      const queue = await linked.activate();
      linked.device.holdsChains = true;
      linked.request(queue, 'held');
      linked.pump();
      await kill(linked);
      await linked.until(() => linked.place.news.length > 1);
      expect(await back(linked), 'reconnect');
      await linked.until(() => queue.usedIdx === 1);
      check(linked.answer()).to.equal('held');
    });
  });

  describe('past its deadline, with errors for what comes then', () => {
    const ERROR: RecoveryPolicy = { deadlineMs: SHORT_MS, afterwards: 'error' };
    /** The driver's last byte of an answer. */
    const statusOf = (linked: LinkedDevice, head: number): number =>
      linked.place.memory.readU8(GUEST_START + 0x8000 + head * 0x100 + 0x80 + 7) ?? -1;

    it('what was in flight waits on, and is done by the next one; the rest fails at once', async () => {
      await using linked = await begin(ERROR);
      const queue = await linked.activate();
      linked.device.holdsChains = true;
      linked.request(queue, 'held');
      linked.pump();
      await kill(linked);
      linked.request(queue, 'early', 2);
      await linked.until(() => linked.place.news.length > 1);
      linked.request(queue, 'late', 4);
      await linked.until(() => queue.usedIdx === 2);
      check(queue.collect()).to.deep.equal([
        { head: 2, written: 1 },
        { head: 4, written: 1 },
      ]);
      check([0, 2, 4].map((head) => statusOf(linked, head))).to.deep.equal([0, 1, 1]);
      await linked.until(() => drainEventFd(linked.plan.vectorFds[1] ?? -1) > 0);
      check((await back(linked, new Lesser())).ok).to.equal(false);
      linked.request(queue, 'later', 6);
      await linked.until(() => queue.usedIdx === 3);
      check(statusOf(linked, 6)).to.equal(1);
      const next = new DiskLike();
      expect(await back(linked, next), 'reconnect');
      linked.request(queue, 'served', 8);
      await linked.until(() => queue.usedIdx === 5);
      check(queue.collect().map(({ head }) => head)).to.deep.equal([6, 0, 8]);
      check([linked.answer(0), linked.answer(8), linked.place.failures]).to.deep.equal(['held', 'served', []]);
    });

    it('a driver that begins then has errors, until the next one is there', async () => {
      await using linked = await begin(ERROR);
      await linked.activate();
      await kill(linked);
      await linked.until(() => linked.place.news.length > 1);
      linked.status = 0;
      await linked.until(() => linked.status === 0);
      linked.place.region.bytes.fill(0);
      linked.negotiate();
      const queue = linked.ring(0);
      linked.enable(0, queue.ring);
      linked.status = 0xf;
      linked.request(queue, 'fails');
      await linked.until(() => queue.usedIdx === 1);
      check(statusOf(linked, 0)).to.equal(1);
      expect(await back(linked), 'reconnect');
      linked.request(queue, 'served', 2);
      await linked.until(() => queue.usedIdx === 2);
      check(linked.answer(2)).to.equal('served');
    });

    it('more of them than fit in a turn, all at once', async () => {
      await using linked = await begin(ERROR);
      linked.negotiate();
      const queue = new DriverQueue(linked.place.memory, { size: 128, base: GUEST_START });
      linked.enable(0, queue.ring);
      linked.status = 0xf;
      linked.pump();
      await kill(linked);
      const heads = Array.from({ length: 128 }, (_, head) => head);
      for (const head of heads) queue.chain(head, [{ address: GUEST_START + 0x8000 + head, length: 1, writable: true }]);
      queue.offer(...heads);
      linked.made.machine.write(0x6000, 2, 0);
      await linked.until(() => queue.usedIdx === 128);
      check(queue.collect().map(({ head }) => head)).to.deep.equal(heads);
    });

    it('a device that is no disk -> the driver is told', async () => {
      await using linked = await link(new DiskLike(), { recovery: ERROR, deviceType: 4, queueCount: 2 });
      await linked.activate();
      await kill(linked);
      await linked.until(() => (linked.status & NEEDS_RESET) !== 0);
    });
  });

  describe('that keeps no record', () => {
    it('with requests under way -> the policy decides at once, and a reset makes it usable', async () => {
      await using linked = await begin({ deadlineMs: 60_000, afterwards: 'stall' }, new Forgetful());
      const queue = await linked.activate();
      linked.device.holdsChains = true;
      linked.request(queue, 'held');
      linked.pump();
      await kill(linked);
      await linked.until(() => linked.place.news.length > 1);
      check(linked.place.news[1]).to.match(/^disk0 OVERDUE: .* and has kept no record of the requests under way$/);
      const refused = await back(linked, new Forgetful());
      check(refused.ok ? '' : refused.error.message).to.match(/cannot know which requests are under way: its driver must reset it first$/);
      linked.status = 0;
      await linked.until(() => linked.status === 0);
      expect(await back(linked, new Forgetful()), 'reconnect');
      linked.place.region.bytes.fill(0);
      await linked.activate();
    });

    it('without any -> the next one goes on', async () => {
      await using linked = await begin(PATIENT, new Forgetful());
      const queue = await linked.activate();
      linked.request(queue, 'one');
      await linked.until(() => queue.usedIdx === 1);
      await kill(linked);
      linked.request(queue, 'two', 2);
      expect(await back(linked, new Forgetful()), 'reconnect');
      await linked.until(() => queue.usedIdx === 2);
      check(linked.answer(2)).to.equal('two');
    });
  });

  it('is not replaced without a policy', async () => {
    await using linked = await link();
    await linked.activate();
    const old = linked.peer;
    const refused = await linked.reconnect(new DiskLike());
    check(refused).to.deep.equal({ ok: false, error: { code: 'LINK', message: 'device disk0: its device process cannot be replaced' } });
    await linked.peer.ended;
    check(old.outcome).to.equal('open');
    old.close();
  });

  it('leaves no descriptor behind, however often', async () => {
    await using linked = await begin();
    await linked.activate();
    await kill(linked);
    expect(await back(linked), 'reconnect');
    const before = resources();
    for (let time = 0; time < 5; time++) {
      await kill(linked);
      await back(linked, new Lesser());
      await linked.peer.ended;
      expect(await back(linked), 'reconnect');
    }
    check(resources()).to.deep.equal(before);
  });
});
