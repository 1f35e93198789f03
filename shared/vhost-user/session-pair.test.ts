/**
 * Both ends against each other. The protocol features and where each is tested:
 *
 *   feature               here (our other end)                            foreign peer (test/peers)
 *   MQ                    `negotiates ...`                                qemu-storage-daemon, QEMU
 *   LOG_SHMFD             backend/dirty-logging.test.ts, test/chaos         qemu-storage-daemon
 *   REPLY_ACK             every call here; session.test.ts                qemu-storage-daemon
 *   CONFIG                `reads and writes config space`                 qemu-storage-daemon, QEMU
 *   BACKEND_REQ           `passes on changes of config space`             qemu-storage-daemon takes the channel, uses it never
 *   CONFIGURE_MEM_SLOTS   `adds and removes regions ...`                  qemu-storage-daemon, QEMU
 *   INFLIGHT_SHMFD        `gives an in-flight area and takes it back`     QEMU (its front end)
 *   DEVICE_STATE          backend/state-transfer.test.ts                none: QEMU 7.2 does not know it
 *   STATUS                `keeps the status, and resets on 0`             none: neither QEMU 7.2 end has it for block
 *   RESET_DEVICE          `resets the device`                             none: likewise
 */
import { expect as check } from 'chai';
import { expect, type Result } from '../lang/result.ts';
import { COPY_QUEUE_SIZE, CopyDevice } from '../testing/copy-device.ts';
import { SessionPair, SharedRegion, eventFd, toFrontend } from '../testing/session-pair.ts';
import { drainEventFd, signalEventFd } from '../sys/eventfd.ts';
import { type OwnedFd } from '../sys/owned-fd.ts';
import type { FrontendError } from './errors.ts';
import { VHOST_USER_PROTOCOL_F as F } from './spec.ts';

const SIZE = 16;
/** Where the ring's parts and two buffers lie in a region of 64 KiB. */
const AT = { descriptor: 0, available: 0x1000, used: 0x2000, source: 0x3000, target: 0x4000 } as const;

function must<T>(result: Result<T, FrontendError>): T {
  return expect(result, 'front end');
}

function codeOf(result: Result<unknown, FrontendError>): string {
  return result.ok ? 'no error' : result.error.code;
}

interface Ready extends Disposable {
  readonly region: SharedRegion;
  readonly kick: OwnedFd;
  readonly call: OwnedFd;
}

/** Memory and features in place, ring 0 started and enabled. */
async function bringUp(pair: SessionPair, base = 0): Promise<Ready> {
  const { frontend } = pair;
  const region = new SharedRegion(0x10000, 0x10000);
  const kick = eventFd();
  const call = eventFd();
  if (frontend.protocolFeatures === 0n) must(await frontend.negotiate());
  const ring = { index: 0, size: SIZE, descriptor: region.at(AT.descriptor), available: region.at(AT.available), used: region.at(AT.used) };
  const steps = await Promise.all([
    frontend.ackFeatures(pair.device.features),
    frontend.setMemoryTable([region.region]),
    frontend.startRing({ ...ring, base, kickFd: kick.fd, callFd: call.fd }),
    frontend.enableRing(0, true),
  ]);
  for (const step of steps) must(step);
  return {
    region,
    kick,
    call,
    [Symbol.dispose]: () => {
      region[Symbol.dispose]();
      kick.close();
      call.close();
    },
  };
}

/** Makes one chain available: `text` to copy from one buffer of guest memory to the next. */
function offer(region: SharedRegion, index: number, text: string): void {
  const { view, bytes } = region;
  bytes.set(Buffer.from(text), AT.source);
  writeDescriptor(region, 0, { address: 0x10000 + AT.source, length: text.length, flags: 1, next: 1 });
  writeDescriptor(region, 1, { address: 0x10000 + AT.target, length: text.length, flags: 2, next: 0 });
  view.setUint16(AT.available + 4 + (index % SIZE) * 2, 0, true);
  view.setUint16(AT.available + 2, index + 1, true);
}

interface Descriptor {
  readonly address: number;
  readonly length: number;
  readonly flags: number;
  readonly next: number;
}

function writeDescriptor({ view }: SharedRegion, index: number, { address, length, flags, next }: Descriptor): void {
  const at = AT.descriptor + index * 16;
  view.setBigUint64(at, BigInt(address), true);
  view.setUint32(at + 8, length, true);
  view.setUint16(at + 12, flags, true);
  view.setUint16(at + 14, next, true);
}

function copied({ bytes }: SharedRegion, length: number): string {
  return Buffer.from(bytes.slice(AT.target, AT.target + length)).toString();
}

describe('vhost-user, both ends', () => {
  it('negotiates the offered features and limits', async () => {
    await using pair = new SessionPair();
    const offered = must(await pair.frontend.negotiate());
    check(offered).to.deep.equal({
      features: pair.device.features,
      protocolFeatures:
        F.MQ |
        F.LOG_SHMFD |
        F.REPLY_ACK |
        F.BACKEND_REQ |
        F.CONFIG |
        F.INFLIGHT_SHMFD |
        F.RESET_DEVICE |
        F.CONFIGURE_MEM_SLOTS |
        F.STATUS |
        F.DEVICE_STATE,
      queueCount: 2,
      memorySlots: 32,
    });
    must(await pair.frontend.ackFeatures(pair.device.features));
    check(pair.device.acked).to.equal(pair.device.features);
  });

  it('refuses features that were not offered', async () => {
    await using pair = new SessionPair();
    must(await pair.frontend.negotiate());
    check(codeOf(await pair.frontend.ackFeatures(1n << 63n))).to.equal('REFUSED');
    must(await pair.frontend.ackFeatures(0n));
  });

  it('moves bytes through a ring, kick to call', async () => {
    await using pair = new SessionPair();
    using ready = await bringUp(pair);
    drainEventFd(ready.call.fd);
    offer(ready.region, 0, 'over the wall');
    signalEventFd(ready.kick.fd);
    pair.device.poll();
    check(copied(ready.region, 13)).to.equal('over the wall');
    check(drainEventFd(ready.call.fd)).to.equal(1);
    check(ready.region.view.getUint16(AT.used + 2, true)).to.equal(1);
    check(must(await pair.frontend.stopRing(0))).to.equal(1);
    check(pair.device.runningRings).to.equal(0);
  });

  it('finds what was made available and kicked before the ring was enabled', async () => {
    await using pair = new SessionPair();
    using ready = await bringUp(pair);
    must(await pair.frontend.enableRing(0, false));
    offer(ready.region, 0, 'early');
    signalEventFd(ready.kick.fd);
    pair.device.poll();
    check(copied(ready.region, 5)).to.equal('\0\0\0\0\0');
    must(await pair.frontend.enableRing(0, true));
    check(copied(ready.region, 5)).to.equal('early');
  });

  it('stops at the base, and starts from a base', async () => {
    await using pair = new SessionPair();
    using ready = await bringUp(pair, 7);
    check(pair.device.starts[0]?.base).to.equal(7);
    check(must(await pair.frontend.stopRing(0))).to.equal(7);
    void ready;
  });

  it('adds and removes regions one by one where there are slots', async () => {
    await using pair = new SessionPair();
    using first = new SharedRegion(0, 0x10000);
    using second = new SharedRegion(0x10_0000, 0x20000);
    must(await pair.frontend.negotiate());
    must(await pair.frontend.setMemoryTable([first.region, second.region]));
    check(pair.device.memory.regions.map(({ guestStart, size }) => [guestStart, size])).to.deep.equal([
      [0, 0x10000],
      [0x10_0000, 0x20000],
    ]);
    second.bytes[5] = 99;
    check(pair.device.memory.readU8(0x10_0005)).to.equal(99);
    must(await pair.frontend.removeMemoryRegion(first.region));
    check(pair.device.memory.readU8(0)).to.equal(undefined);
    check(pair.device.memory.readU8(0x10_0005)).to.equal(99);
    check(codeOf(await pair.frontend.removeMemoryRegion(first.region))).to.equal('REFUSED');
  });

  it('sends the table at once where there are no slots', async () => {
    await using pair = new SessionPair({ wantedProtocolFeatures: F.REPLY_ACK });
    using first = new SharedRegion(0, 0x10000);
    using second = new SharedRegion(0x10_0000, 0x20000);
    must(await pair.frontend.negotiate());
    must(await pair.frontend.setMemoryTable([first.region, second.region]));
    check(pair.device.memory.regions.length).to.equal(2);
    check(pair.device.calls).to.deep.equal(['setMemory 1']);
    const many = Array.from({ length: 9 }, () => first.region);
    check(codeOf(await pair.frontend.setMemoryTable(many))).to.equal('TOO_MANY_REGIONS');
  });

  it('keeps a ring running over a change of memory, and refuses to take its memory away', async () => {
    await using pair = new SessionPair();
    using ready = await bringUp(pair);
    using more = new SharedRegion(0x40_0000, 0x10000);
    must(await pair.frontend.addMemoryRegion(more.region));
    check(pair.device.calls.slice(-3)).to.deep.equal(['stopRing 0', 'setMemory 2', 'startRing 0']);
    check(codeOf(await pair.frontend.removeMemoryRegion(ready.region.region))).to.equal('REFUSED');
    offer(ready.region, 0, 'still here');
    signalEventFd(ready.kick.fd);
    pair.device.poll();
    check(copied(ready.region, 10)).to.equal('still here');
  });

  it('gives an in-flight area and takes it back', async () => {
    await using pair = new SessionPair();
    must(await pair.frontend.negotiate());
    const area = must(await pair.frontend.getInflight(2, 64));
    check(area?.description).to.deep.equal({ size: 2 * 1088, fileOffset: 0, queueCount: 2, queueSize: 64 });
    if (area === undefined) return;
    must(await pair.frontend.setInflight(area.description, area.file.fd));
    area.file.close();
    check(codeOf(await pair.frontend.getInflight(3, 64))).to.equal('no error');
    check(must(await pair.frontend.getInflight(3, 64))).to.equal(undefined);
  });

  it('records a chain under way in the in-flight area, which a ring larger than it may not use', async () => {
    const device = new CopyDevice();
    await using pair = new SessionPair({ device });
    device.holdsChains = true;
    must(await pair.frontend.negotiate());
    const area = must(await pair.frontend.getInflight(2, SIZE));
    using ready = await bringUp(pair);
    offer(ready.region, 0, 'held');
    signalEventFd(ready.kick.fd);
    device.poll();
    check(device.starts[0]?.inflight?.queueSize).to.equal(SIZE);
    must(await pair.frontend.stopRing(0));
    const parts = { descriptor: ready.region.at(0), available: ready.region.at(AT.available), used: ready.region.at(AT.used) };
    const larger = await pair.frontend.startRing({ index: 0, size: SIZE * 2, ...parts, base: 0, kickFd: ready.kick.fd, callFd: undefined });
    check(codeOf(larger)).to.equal('REFUSED');
    area?.file.close();
  });

  it('reads and writes config space', async () => {
    await using pair = new SessionPair();
    must(await pair.frontend.negotiate());
    check([...must(await pair.frontend.readConfig(2, 4))]).to.deep.equal([3, 4, 5, 6]);
    must(await pair.frontend.writeConfig(8, Uint8Array.of(77)));
    check([...must(await pair.frontend.readConfig(8, 1))]).to.deep.equal([77]);
    check(codeOf(await pair.frontend.writeConfig(0, Uint8Array.of(1)))).to.equal('REFUSED');
    check(codeOf(await pair.frontend.readConfig(12, 8))).to.equal('REFUSED');
    check(pair.outcome).to.equal('open');
  });

  it('passes on changes of config space, kept back while no ring runs', async () => {
    await using pair = new SessionPair();
    let changes = 0;
    const changed = new Promise<void>((resolve) => {
      pair.frontend.onConfigChange = () => {
        changes++;
        resolve();
      };
    });
    must(await pair.frontend.negotiate());
    pair.device.channel?.configChanged();
    must(await pair.frontend.setStatus(1));
    check(changes).to.equal(0);
    using ready = await bringUp(pair);
    await changed;
    check(changes).to.equal(1);
    void ready;
  });

  it('keeps the status, and resets on 0', async () => {
    await using pair = new SessionPair();
    using ready = await bringUp(pair);
    must(await pair.frontend.setStatus(0xf));
    check(must(await pair.frontend.getStatus())).to.equal(0xf);
    must(await pair.frontend.setStatus(0));
    check(must(await pair.frontend.getStatus())).to.equal(0);
    check(pair.device.runningRings).to.equal(0);
    check(pair.device.memory.readU8(0x10000)).to.equal(0);
    void ready;
  });

  it('resets the device, which comes up again with its memory in place', async () => {
    await using pair = new SessionPair();
    using ready = await bringUp(pair);
    must(await pair.frontend.resetDevice());
    check(pair.device.calls.slice(-2)).to.deep.equal(['stopRing 0', 'reset']);
    // QEMU's order: it switches rings off and asks for their base after the reset.
    must(await pair.frontend.enableRing(0, false));
    check(must(await pair.frontend.stopRing(0))).to.equal(0);
    const { region, kick, call } = ready;
    const ring = { index: 0, size: SIZE, descriptor: region.at(0), available: region.at(AT.available), used: region.at(AT.used), base: 0 };
    must(await pair.frontend.ackFeatures(pair.device.features));
    must(await pair.frontend.startRing({ ...ring, kickFd: kick.fd, callFd: call.fd }));
    must(await pair.frontend.enableRing(0, true));
    offer(region, 0, 'again');
    signalEventFd(kick.fd);
    pair.device.poll();
    check(copied(region, 5)).to.equal('again');
  });

  it('changes call, kick and error descriptors of a running ring', async () => {
    await using pair = new SessionPair();
    using ready = await bringUp(pair);
    using call = eventFd();
    must(await pair.frontend.setCall(0, call.fd));
    offer(ready.region, 0, 'moved');
    signalEventFd(ready.kick.fd);
    pair.device.poll();
    check(drainEventFd(call.fd)).to.be.greaterThan(0);
    must(await pair.frontend.setCall(0, undefined));
  });

  it('refuses rings that cannot be, one reason at a time', async () => {
    await using pair = new SessionPair();
    using ready = await bringUp(pair);
    must(await pair.frontend.stopRing(0));
    const { region, kick } = ready;
    const good = {
      index: 0,
      size: SIZE,
      descriptor: region.at(0),
      available: region.at(AT.available),
      used: region.at(AT.used),
      base: 0,
      kickFd: kick.fd,
      callFd: undefined,
    };
    const bad = [
      { index: 2 },
      { size: 0 },
      { size: 3 },
      { size: COPY_QUEUE_SIZE * 2 },
      { base: 0x10000 },
      { descriptor: region.at(8) },
      { available: region.at(AT.available + 1) },
      { used: region.at(AT.used + 2) },
      { descriptor: region.at(0xfff0) },
      { used: toFrontend(0x1000) },
    ];
    for (const change of bad)
      check(codeOf(await pair.frontend.startRing({ ...good, ...change })), JSON.stringify(change)).to.equal('REFUSED');
    must(await pair.frontend.stopRing(0));
    must(await pair.frontend.startRing(good));
  });

  it('tells on the error descriptor of a ring that the device refuses', async () => {
    const device = new CopyDevice();
    device.refusesRings = true;
    await using pair = new SessionPair({ device });
    using ready = await bringUp(pair);
    using error = eventFd();
    const { region, kick } = ready;
    const ring = { index: 1, size: SIZE, descriptor: region.at(0), available: region.at(AT.available), used: region.at(AT.used), base: 0 };
    must(await pair.frontend.startRing({ ...ring, kickFd: kick.fd, callFd: undefined, errFd: error.fd }));
    check(drainEventFd(error.fd)).to.equal(1);
    check(pair.outcome).to.equal('open');
  });

  it('lets go of everything when the front end goes', async () => {
    const pair = new SessionPair();
    const ready = await bringUp(pair);
    pair.frontend.close();
    await pair.ended;
    check(pair.outcome).to.equal('closed');
    check(pair.device.runningRings).to.equal(0);
    check(pair.device.memory.regions.length).to.equal(0);
    check(codeOf(await pair.frontend.getStatus())).to.equal('CLOSED');
    ready[Symbol.dispose]();
    await pair[Symbol.asyncDispose]();
  });
});
