/** A session that goes on under another device, as in another process: descriptors are duplicated, nothing else is shared. */
import { expect as check } from 'chai';
import { expect } from '../../lang/result.ts';
import { CopyDevice } from '../../testing/copy-device.ts';
import { RawFrontEnd, resources } from '../../testing/raw-front-end.ts';
import { SharedRegion, eventFd, toFrontend } from '../../testing/session-pair.ts';
import { drainEventFd, signalEventFd } from '../../sys/eventfd.ts';
import { type Fd, OwnedFd } from '../../sys/owned-fd.ts';
import { SOCK_STREAM, UnixSocket, socketPair } from '../../sys/unix-socket.ts';
import { Channel, encodeFrame } from '../channel.ts';
import {
  NOTHING,
  encodeInflight,
  encodeLog,
  encodeSingleRegion,
  encodeU64,
  encodeVringAddresses,
  encodeVringFile,
  encodeVringState,
} from '../message.ts';
import { VHOST_F_LOG_ALL, VHOST_USER as R, VHOST_USER_F_PROTOCOL_FEATURES, VHOST_USER_NEED_REPLY } from '../spec.ts';
import { DEVICE_PROTOCOL_FEATURES, SESSION_PROTOCOL_FEATURES, Session, type SessionState, descriptorsOf } from './index.ts';

const ALL = SESSION_PROTOCOL_FEATURES | DEVICE_PROTOCOL_FEATURES;
const SIZE = 0x10000;
const RING = { size: 16, descriptor: 0, available: 0x1000, used: 0x2000, source: 0x3000, target: 0x4000 } as const;

function duplicate(fd: Fd): OwnedFd {
  const borrowed = new OwnedFd(fd);
  const copy = expect(borrowed.duplicate(), 'duplicate');
  borrowed.take();
  return copy;
}

/** A state as another process gets it. */
function passed(state: SessionState<Fd>): SessionState<OwnedFd> {
  const maybe = (fd: Fd | undefined): OwnedFd | undefined => (fd === undefined ? undefined : duplicate(fd));
  const { inflight, log, backendChannel } = state;
  return {
    ...state,
    socket: duplicate(state.socket),
    regions: state.regions.map(({ description, file }) => ({ description, file: duplicate(file) })),
    rings: state.rings.map((ring) => ({ ...ring, kick: maybe(ring.kick), call: maybe(ring.call), err: maybe(ring.err) })),
    inflight: inflight && { description: inflight.description, file: duplicate(inflight.file) },
    log: log && { description: log.description, file: duplicate(log.file), call: maybe(log.call) },
    backendChannel: backendChannel && { ...backendChannel, socket: duplicate(backendChannel.socket) },
    begun: { bytes: state.begun.bytes, fds: state.begun.fds.map(duplicate) },
  };
}

class Guest implements Disposable {
  readonly front: RawFrontEnd;
  readonly region = new SharedRegion(0, SIZE);
  readonly kick = eventFd();
  readonly call = eventFd();
  #offered = 0;

  constructor(device: CopyDevice) {
    this.front = new RawFrontEnd(device);
    const { front, region } = this;
    const { guestStart, size, frontendStart } = region.region;
    front.negotiate(ALL);
    check(front.ask(R.ADD_MEM_REG, encodeSingleRegion({ guestStart, size, frontendStart, fileOffset: 0 }), [region.file.fd])).to.equal(0);
  }

  startRing(): void {
    const { front, region } = this;
    const descriptor = region.at(RING.descriptor);
    const requests: readonly (readonly [number, DataView, readonly Fd[]])[] = [
      [R.SET_VRING_NUM, encodeVringState({ index: 0, num: RING.size }), []],
      [
        R.SET_VRING_ADDR,
        encodeVringAddresses({ index: 0, flags: 0, descriptor, available: region.at(RING.available), used: region.at(RING.used) }),
        [],
      ],
      [R.SET_VRING_CALL, encodeVringFile({ index: 0, hasDescriptor: true }), [this.call.fd]],
      [R.SET_VRING_KICK, encodeVringFile({ index: 0, hasDescriptor: true }), [this.kick.fd]],
      [R.SET_VRING_ENABLE, encodeVringState({ index: 0, num: 1 }), []],
    ];
    for (const [request, payload, fds] of requests) check(front.ask(request, payload, fds)).to.equal(0);
  }

  /** Makes one chain available that copies `text`. */
  offer(text: string): void {
    const { bytes, view } = this.region;
    bytes.set(Buffer.from(text), RING.source);
    const write = (index: number, address: number, flags: number, next: number): void => {
      view.setBigUint64(index * 16, BigInt(address), true);
      view.setUint32(index * 16 + 8, text.length, true);
      view.setUint16(index * 16 + 12, flags, true);
      view.setUint16(index * 16 + 14, next, true);
    };
    write(0, RING.source, 1, 1);
    write(1, RING.target, 2, 0);
    view.setUint16(RING.available + 4 + (this.#offered % RING.size) * 2, 0, true);
    view.setUint16(RING.available + 2, ++this.#offered, true);
    signalEventFd(this.kick.fd);
  }

  get copied(): string {
    const length = this.region.view.getUint32(8, true);
    return Buffer.from(this.region.bytes.slice(RING.target, RING.target + length)).toString();
  }

  get used(): number {
    return this.region.view.getUint16(RING.used + 2, true);
  }

  [Symbol.dispose](): void {
    this.front[Symbol.dispose]();
    this.region[Symbol.dispose]();
    this.kick.close();
    this.call.close();
  }
}

describe('a session that is handed over', () => {
  it('goes on with its rings where they were; its front end notices nothing', () => {
    const before = resources();
    {
      const [first, second] = [new CopyDevice(), new CopyDevice()];
      using guest = new Guest(first);
      guest.startRing();
      guest.offer('one');
      first.poll();
      check([guest.used, guest.copied]).to.deep.equal([1, 'one']);
      const state = guest.front.session.handOver();
      check(first.runningRings).to.equal(0);
      // While nobody serves.
      guest.offer('second');
      drainEventFd(guest.call.fd);
      using adopted = expect(Session.adopt(passed(state), second), 'adopt');
      check([second.runningRings, guest.used]).to.deep.equal([0, 1]);
      guest.front.session.close();
      expect(adopted.resume(), 'resume');
      check(second.starts[0]).to.deep.include({ index: 0, base: 1, size: RING.size, enabled: true, eventIdx: true });
      // A ring that starts counts as kicked.
      check([guest.used, guest.copied]).to.deep.equal([2, 'second']);
      check(drainEventFd(guest.call.fd)).to.be.greaterThan(0);
      guest.offer('three');
      second.poll();
      check(guest.copied).to.equal('three');
      guest.front.write(encodeFrame(R.GET_VRING_BASE, 0, encodeVringState({ index: 0, num: 0 })).bytes);
      check(adopted.readable()).to.equal('open');
      check(guest.front.reply()?.view.getUint32(4, true)).to.equal(3);
    }
    check(resources()).to.deep.equal(before);
  });

  it('with a dirty log -> what both write is noted, before and after', () => {
    const [first, second] = [new CopyDevice(), new CopyDevice()];
    using guest = new Guest(first);
    using log = new SharedRegion(0, 0x1000);
    const features = encodeU64(first.features | VHOST_USER_F_PROTOCOL_FEATURES | VHOST_F_LOG_ALL);
    check(guest.front.ask(R.SET_FEATURES, features)).to.equal(0);
    check(guest.front.ask(R.SET_LOG_BASE, encodeLog({ size: 0x1000, fileOffset: 0 }), [log.file.fd])).to.equal(0);
    guest.startRing();
    const target = 1 << (RING.target / 4096);
    guest.offer('one');
    first.poll();
    check(log.bytes[0]).to.equal(target);
    log.bytes[0] = 0;
    using adopted = expect(Session.adopt(passed(guest.front.session.handOver()), second), 'adopt');
    guest.front.session.close();
    guest.offer('two');
    expect(adopted.resume(), 'resume');
    check([guest.copied, log.bytes[0]]).to.deep.equal(['two', target]);
  });

  it('and nobody takes -> goes on as if nothing had happened', () => {
    const device = new CopyDevice();
    using guest = new Guest(device);
    guest.startRing();
    guest.front.session.handOver();
    guest.offer('waits');
    check(guest.used).to.equal(0);
    expect(guest.front.session.resume(), 'resume');
    check([guest.used, guest.copied]).to.deep.equal([1, 'waits']);
    check(guest.front.ask(R.SET_VRING_ENABLE, encodeVringState({ index: 0, num: 0 }))).to.equal(0);
  });

  it('in the middle of a message, with a descriptor of it -> the rest comes to the other', () => {
    const [first, second] = [new CopyDevice(), new CopyDevice()];
    using guest = new Guest(first);
    using more = new SharedRegion(0x10_0000, SIZE);
    const { guestStart, size, frontendStart } = more.region;
    const { bytes } = encodeFrame(
      R.ADD_MEM_REG,
      VHOST_USER_NEED_REPLY,
      encodeSingleRegion({ guestStart, size, frontendStart, fileOffset: 0 }),
    );
    guest.front.write(bytes.slice(0, 15), [more.file.fd]);
    check(guest.front.session.readable()).to.equal('open');
    using adopted = expect(Session.adopt(passed(guest.front.session.handOver()), second), 'adopt');
    guest.front.session.close();
    expect(adopted.resume(), 'resume');
    guest.front.write(bytes.slice(15));
    check(adopted.readable()).to.equal('open');
    check(guest.front.reply()?.view.getUint32(0, true)).to.equal(0);
    check(second.memory.regions.length).to.equal(2);
  });

  it('takes its status, in-flight area and what the front end is still to be told along', () => {
    const [first, second] = [new CopyDevice(), new CopyDevice()];
    using guest = new Guest(first);
    const [ours, theirs] = expect(socketPair(SOCK_STREAM), 'socket pair');
    using channel = new Channel(new UnixSocket(ours));
    check(guest.front.ask(R.SET_BACKEND_REQ_FD, undefined, [theirs.fd])).to.equal(0);
    theirs.close();
    check(guest.front.ask(R.SET_STATUS, encodeU64(15n))).to.equal(0);
    guest.front.send(R.GET_INFLIGHT_FD, encodeInflight({ size: 0, fileOffset: 0, queueCount: 1, queueSize: RING.size }, 24));
    check(guest.front.reply()?.view.getUint32(0, true)).to.be.greaterThan(0);
    // No ring runs: it is kept back.
    first.channel?.configChanged();
    check(channel.receive().kind).to.equal('waiting');
    using adopted = expect(Session.adopt(passed(guest.front.session.handOver()), second), 'adopt');
    guest.front.session.close();
    expect(adopted.resume(), 'resume');
    const asked = (request: number): number | undefined => {
      guest.front.write(encodeFrame(request, 0, NOTHING).bytes);
      check(adopted.readable()).to.equal('open');
      return guest.front.reply()?.view.getUint32(0, true);
    };
    check(asked(R.GET_STATUS)).to.equal(15);
    check(channel.receive().kind).to.equal('waiting');
    guest.front.send = (request, payload, fds) => {
      guest.front.write(encodeFrame(request, VHOST_USER_NEED_REPLY, payload ?? NOTHING).bytes, fds);
      return adopted.readable();
    };
    guest.startRing();
    check(second.starts[0]?.inflight?.queueSize).to.equal(RING.size);
    check(channel.receive().kind).to.equal('message');
  });

  const unfit: readonly (readonly [string, (state: SessionState<OwnedFd>) => SessionState<OwnedFd>, string])[] = [
    ['a feature that it has not', (state) => ({ ...state, features: (state.features ?? 0n) | (1n << 40n) }), 'FEATURES_NOT_OFFERED'],
    ['a protocol feature that it has not', (state) => ({ ...state, protocolFeatures: 1n << 40n }), 'FEATURES_NOT_OFFERED'],
    ['more rings than it has', (state) => ({ ...state, rings: [...state.rings, ...state.rings] }), 'NO_SUCH_RING'],
    ['a ring size that is none', (state) => ({ ...state, rings: state.rings.map((ring) => ({ ...ring, size: 3 })) }), 'RING_SIZE'],
    [
      'a ring outside memory',
      (state) => ({
        ...state,
        rings: state.rings.map((ring) => ({ ...ring, addresses: ring.addresses && { ...ring.addresses, used: toFrontend(0x1000) } })),
      }),
      'RING_UNMAPPED',
    ],
    ['a base that is none', (state) => ({ ...state, rings: state.rings.map((ring) => ({ ...ring, base: 65_536 })) }), 'BAD_RING_BASE'],
    [
      'memory that is not there',
      (state) => ({
        ...state,
        regions: state.regions.map(({ description, file }) => ({ file, description: { ...description, fileOffset: 4096 } })),
      }),
      'FILE_TOO_SHORT',
    ],
  ];
  for (const [name, change, code] of unfit) {
    it(`to a device with ${name} -> ${code}, and nothing is left of it`, () => {
      const device = new CopyDevice();
      using guest = new Guest(device);
      guest.startRing();
      const before = resources();
      const state = change(passed(guest.front.session.handOver()));
      const refused = Session.adopt(state, new CopyDevice());
      check(refused.ok ? '' : refused.error.code).to.equal(code);
      check(descriptorsOf(state).some(({ isOpen }) => isOpen)).to.equal(false);
      check(resources()).to.deep.equal(before);
      expect(guest.front.session.resume(), 'resume');
      guest.offer('still here');
      device.poll();
      check(guest.copied).to.equal('still here');
    });
  }
});
