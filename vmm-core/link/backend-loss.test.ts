/** Back ends that cannot be used, go away, fall silent or lie: the user gets one line, the driver its reset, and nothing is left. */
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { signalEventFd } from '#shared/sys/eventfd.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { SOCK_STREAM, type UnixSocket, socketPair } from '#shared/sys/unix-socket.ts';
import { resources } from '#shared/testing/raw-front-end.ts';
import { DEVICE_PROTOCOL_FEATURES } from '#shared/vhost-user/backend/index.ts';
import { encodeFrame } from '#shared/vhost-user/channel.ts';
import { encodeU64 } from '#shared/vhost-user/message.ts';
import { VHOST_USER, VHOST_USER_PROTOCOL_F, VHOST_USER_REPLY } from '#shared/vhost-user/spec.ts';
import { RING_FEATURES } from '#shared/virtio/index.ts';
import { VIRTIO_F_VERSION_1 } from '#shared/virtio/spec.ts';
import { InterruptTarget } from '../bus/testing/interrupt-target.ts';
import type { BackendLinkSpec } from './backend-link.ts';
import { DiskLike, LinkPlace, type LinkedDevice, Peer, link } from './testing/linked-device.fixture.ts';

const NEEDS_RESET = 0x40;
/** For back ends that never answer: what is shorter ends the tests sooner. */
const SHORT_MS = 100;
/** For those that answer at first: they are in this thread, and it may have to wait for a processor. */
const PATIENT_MS = 2000;

class OldDisk extends DiskLike {
  override readonly features = RING_FEATURES & ~VIRTIO_F_VERSION_1;
}
class MuteDisk extends DiskLike {
  override readonly protocolFeatures = DEVICE_PROTOCOL_FEATURES & ~VHOST_USER_PROTOCOL_F.CONFIG;
}
class ShortDisk extends DiskLike {
  override readConfig(offset: number, length: number): Uint8Array | undefined {
    return offset + length > 36 ? undefined : super.readConfig(offset, length);
  }
}
/** Stops at an index that no ring has. */
class LyingDisk extends DiskLike {
  override stopRing(index: number): number {
    super.stopRing(index);
    return 0x1_0000;
  }
}

describe('BackendLink and a bad back end', () => {
  const unusable: readonly (readonly [string, DiskLike, Partial<BackendLinkSpec>, string])[] = [
    [
      'legacy only',
      new OldDisk(),
      {},
      'its device process does not offer VIRTIO_F_VERSION_1; use one that serves modern (virtio 1.0) drivers',
    ],
    [
      'no CONFIG',
      new MuteDisk(),
      {},
      'its device process does not offer the vhost-user feature CONFIG, which this type of device needs; use one that does',
    ],
    [
      'too short a configuration',
      new ShortDisk(),
      {},
      'its device process does not have the 60 bytes of configuration that this type of device has',
    ],
    ['too few queues', new DiskLike(1), {}, 'its device process serves at most 1 queue, not 2; set num_queues accordingly'],
    ['a type that we do not know', new DiskLike(), { deviceType: 26 }, 'device type 26 is not supported yet over vhost-user'],
  ];
  for (const [what, device, changes, message] of unusable) {
    it(`${what} -> one line, and the connection closed`, async () => {
      await using place = new LinkPlace();
      const before = resources();
      const { peer, ...linked } = await place.connect(device, changes);
      check(linked).to.deep.equal({ error: { code: 'LINK', message: `device disk0: ${message}` } });
      await peer.ended;
      check(peer.outcome).to.equal('closed');
      check([place.failures, resources()]).to.deep.equal([[], before]);
    });
  }

  it('silent from the beginning -> one line, and the connection closed', async () => {
    await using place = new LinkPlace();
    const { peer, ...linked } = await place.connect(new DiskLike(), {}, { firstReplyTimeoutMs: SHORT_MS, isSilent: true });
    check(linked).to.deep.equal({
      error: { code: 'LINK', message: `device disk0: its device process has not answered GET_FEATURES for ${SHORT_MS / 1000} s` },
    });
    peer.close();
  });

  it('takes longer to start than any later answer may -> linked', async () => {
    await using place = new LinkPlace();
    const [socket, theirs] = expect(socketPair(SOCK_STREAM), 'socket pair');
    const peer = new Peer(new DiskLike(), theirs, place.watcher);
    peer.fallSilent();
    const linked = place.connectTo(socket, {}, { replyTimeoutMs: PATIENT_MS, firstReplyTimeoutMs: 30_000 });
    await new Promise<void>((resolve) => void place.watcher.after(PATIENT_MS + SHORT_MS, resolve));
    peer.speak();
    const link = expect(await linked, 'link');
    check(link.offer.deviceType).to.equal(2);
    link.close();
    await peer.ended;
  });

  it('needs no configuration for a type that has none', async () => {
    await using place = new LinkPlace();
    const linked = await place.connect(new MuteDisk(), { deviceType: 4, queueCount: 1 });
    check(linked.link?.offer).to.deep.include({ deviceType: 4, classCode: 0xffff, config: [], writableConfig: [], queueSizes: [128] });
    check(linked.link?.offer.featuresLow).to.equal(0x3000_0000);
    linked.link?.close();
    await linked.peer.ended;
  });

  describe('once its device is in a machine', function () {
    before(function () {
      if (!InterruptTarget.available) this.skip();
    });

    const ways: readonly (readonly [how: string, act: (linked: LinkedDevice) => void, message: string | RegExp])[] = [
      ['dies', ({ peer }) => peer.close(), 'its device process has closed the connection'],
      [
        'answers what was not asked',
        ({ peer }) => send(peer.socket, encodeFrame(VHOST_USER.GET_FEATURES, VHOST_USER_REPLY, encodeU64(0n)).bytes),
        'its device process broke the vhost-user protocol (UNEXPECTED_MESSAGE to GET_FEATURES)',
      ],
      [
        'sends what is no message',
        ({ peer }) => send(peer.socket, new Uint8Array(12).fill(0xff)),
        'the connection to its device process broke (BAD_VERSION)',
      ],
    ];
    for (const [how, act, message] of ways) {
      it(`${how} -> lost, told once; the driver's reset completes, and the next activation fails at once`, async () => {
        await using linked = await link();
        await linked.activate();
        act(linked);
        await linked.until(() => (linked.status & NEEDS_RESET) !== 0);
        linked.status = 0;
        await linked.until(() => linked.status === 0);
        linked.negotiate();
        linked.enable(0, linked.ring(0).ring);
        linked.status = 0xf;
        await linked.until(() => (linked.status & NEEDS_RESET) !== 0);
        check(linked.place.failures).to.deep.equal([`disk0 LOST: ${message}`]);
      });
    }

    it('dies before the driver is there -> lost, told once', async () => {
      await using linked = await link();
      linked.peer.close();
      await linked.until(() => linked.place.failures.length > 0);
      check(linked.place.failures).to.deep.equal(['disk0 LOST: its device process has closed the connection']);
    });

    it('dies in the middle of an activation -> the reset that waits for it completes', async () => {
      await using linked = await link();
      linked.negotiate();
      linked.enable(0, linked.ring(0).ring);
      linked.status = 0xf;
      linked.pump();
      linked.peer.close();
      linked.status = 0;
      await linked.until(() => linked.status === 0);
      check(linked.place.failures).to.deep.equal(['disk0 LOST: its device process has closed the connection']);
    });

    it('falls silent -> past the deadline it is lost, and the reset completes', async () => {
      await using linked = await link(new DiskLike(), {}, { replyTimeoutMs: PATIENT_MS });
      await linked.activate();
      linked.peer.fallSilent();
      linked.status = 0;
      await linked.until(() => linked.status === 0);
      check(linked.place.failures).to.deep.equal([
        `disk0 LOST: its device process has not answered GET_VRING_BASE for ${PATIENT_MS / 1000} s`,
      ]);
    });

    it('falls silent before DRIVER_OK -> past the deadline the driver is told', async () => {
      await using linked = await link(new DiskLike(), {}, { replyTimeoutMs: PATIENT_MS });
      linked.negotiate();
      linked.enable(0, linked.ring(0).ring);
      linked.peer.fallSilent();
      linked.status = 0xf;
      await linked.until(() => (linked.status & NEEDS_RESET) !== 0);
      check(linked.place.failures).to.have.length(1);
    });

    it('stops at an impossible index -> lost, and the reset completes', async () => {
      await using linked = await link(new LyingDisk());
      await linked.activate();
      linked.status = 0;
      await linked.until(() => linked.status === 0);
      check(linked.place.failures).to.deep.equal([
        'disk0 LOST: its device process broke the vhost-user protocol (WRONG_ANSWER to GET_VRING_BASE)',
      ]);
    });

    it('is gone -> the machine is not suspended nor continued, but it is reset', async () => {
      await using linked = await link();
      await linked.activate();
      linked.peer.close();
      await linked.until(() => linked.place.failures.length > 0);
      const gone = { ok: false, error: { code: 'LINK', message: 'device disk0: its device process has closed the connection' } };
      check(await linked.link.suspend()).to.deep.equal(gone);
      check(await linked.link.suspend()).to.deep.equal(gone);
      expect(await linked.link.reset(), 'reset');
      check(expect(await linked.link.suspend(), 'suspend')).to.deep.equal([0, 0]);
    });

    it('is gone while suspended -> is not continued', async () => {
      await using linked = await link();
      await linked.activate();
      expect(await linked.link.suspend(), 'suspend');
      linked.peer.close();
      await linked.until(() => linked.place.failures.length > 0);
      check((await linked.link.resume([0, 0])).ok).to.equal(false);
    });

    it('tells of its rings and its configuration without end -> the driver is told once of the one, and sees the last of the other', async () => {
      await using linked = await link();
      await linked.activate();
      const errFd = linked.device.starts[0]?.errFd ?? -1;
      for (let time = 1; time <= 100; time++) {
        linked.device.config[0] = time;
        linked.device.channel?.configChanged();
        signalEventFd(errFd);
      }
      await linked.until(() => linked.made.machine.read(0x4000, 1) === 100 && (linked.status & NEEDS_RESET) !== 0);
      signalEventFd(errFd);
      expect(await linked.link.suspend(), 'suspend');
      check(linked.place.failures).to.deep.equal(['disk0 NEEDS_RESET: its device process found a queue that it cannot read']);
    });

    it('leaves no descriptor behind, however often the driver begins anew', async () => {
      await using linked = await link();
      await linked.activate();
      const before = resources();
      for (let driver = 0; driver < 3; driver++) {
        linked.status = 0;
        await linked.until(() => linked.status === 0);
        await linked.activate();
      }
      check(resources()).to.deep.equal(before);
    });
  });
});

function send(socket: UnixSocket, bytes: Uint8Array): void {
  const buffer = allocate(bytes.length);
  buffer.bytes.set(bytes);
  expect(socket.send(buffer, 0, bytes.length), 'send');
}
