/**
 * Sequences of messages from seeds: mostly valid ones, in any order, some with a broken field, payload or descriptor. Whatever
 * comes, the session answers or ends with a typed error, the device is called as its interface says, and nothing leaks. A
 * failure names its seed; `FUZZ_SEED` runs that one, `FUZZ_RUNS` sets how many.
 */
import { expect as check } from 'chai';
import { CopyDevice } from '../../testing/copy-device.ts';
import { Random } from '../../testing/random.ts';
import { RawFrontEnd, resources } from '../../testing/raw-front-end.ts';
import { SharedRegion, eventFd, toFrontend, toGuest } from '../../testing/session-pair.ts';
import type { Fd } from '../../sys/owned-fd.ts';
import {
  NOTHING,
  encodeConfigAccess,
  encodeInflight,
  encodeMemoryTable,
  encodeSingleRegion,
  encodeU64,
  encodeVringAddresses,
  encodeVringFile,
  encodeVringState,
} from '../message.ts';
import { VHOST_USER as R, VHOST_USER_NEED_REPLY } from '../spec.ts';
import { DEVICE_PROTOCOL_FEATURES, SESSION_PROTOCOL_FEATURES } from './index.ts';

const SIZE = 0x10000;
const MESSAGES = 60;
const runs = Number(process.env['FUZZ_RUNS'] ?? 300);
const onlySeed = process.env['FUZZ_SEED'];

interface Fuzzed {
  readonly request: number;
  readonly payload: DataView;
  readonly fds: readonly Fd[];
}

interface Things {
  readonly region: SharedRegion;
  readonly event: Fd;
  readonly socket: Fd;
}

/** One message that a real front end could send, with values mostly in range. */
function plausible(random: Random, { region, event, socket }: Things): Fuzzed {
  const index = random.below(60) === 0 ? 2 : random.below(2);
  const base = region.mapping.address;
  const slot = random.below(3);
  const described = {
    guestStart: toGuest(slot * SIZE),
    size: random.pick([SIZE, SIZE, 0x1000]),
    frontendStart: toFrontend(base + slot * SIZE),
    fileOffset: random.pick([0, 0, 0x1000]),
  };
  const inflight = {
    size: random.pick([0, SIZE, SIZE, 1024]),
    fileOffset: 0,
    queueCount: random.pick([1, 2, 2, 3]),
    queueSize: random.pick([16, 64, 256]),
  };
  const ring = {
    index,
    flags: 0,
    descriptor: region.at(0),
    available: region.at(0x1000 * random.pick([1, 1, 8, 15])),
    used: region.at(0x2000),
  };
  const hasDescriptor = random.below(4) !== 0;
  const file = { payload: encodeVringFile({ index, hasDescriptor }), fds: hasDescriptor ? [event] : [] };
  const state = (num: number): DataView => encodeVringState({ index, num });
  return random.pick<Fuzzed>([
    { request: R.GET_FEATURES, payload: NOTHING, fds: [] },
    { request: R.SET_FEATURES, payload: encodeU64(random.pick([1n << 30n, (1n << 30n) | (1n << 29n), 1n << 28n, 0n])), fds: [] },
    { request: R.SET_PROTOCOL_FEATURES, payload: encodeU64(SESSION_PROTOCOL_FEATURES | DEVICE_PROTOCOL_FEATURES), fds: [] },
    { request: R.SET_MEM_TABLE, payload: encodeMemoryTable([described]), fds: [region.file.fd] },
    { request: R.ADD_MEM_REG, payload: encodeSingleRegion(described), fds: [region.file.fd] },
    { request: R.REM_MEM_REG, payload: encodeSingleRegion(described), fds: [] },
    { request: R.SET_VRING_NUM, payload: state(random.pick([16, 16, 64, 256, 0, 3])), fds: [] },
    { request: R.SET_VRING_ADDR, payload: encodeVringAddresses(ring), fds: [] },
    { request: R.SET_VRING_ADDR, payload: encodeVringAddresses(ring), fds: [] },
    { request: R.SET_VRING_BASE, payload: state(random.below(0x10001)), fds: [] },
    { request: R.GET_VRING_BASE, payload: state(0), fds: [] },
    { request: R.SET_VRING_KICK, ...file },
    { request: R.SET_VRING_KICK, ...file },
    { request: R.SET_VRING_CALL, ...file },
    { request: R.SET_VRING_ERR, ...file },
    { request: R.SET_VRING_ENABLE, payload: state(random.below(3)), fds: [] },
    { request: R.SET_BACKEND_REQ_FD, payload: NOTHING, fds: [socket] },
    {
      request: R.GET_CONFIG,
      payload: encodeConfigAccess({ offset: random.below(20), bytes: new Uint8Array(1 + random.below(16)) }),
      fds: [],
    },
    {
      request: R.SET_CONFIG,
      payload: encodeConfigAccess({ offset: random.below(20), bytes: new Uint8Array(1 + random.below(16)) }),
      fds: [],
    },
    { request: R.GET_INFLIGHT_FD, payload: encodeInflight(inflight), fds: [] },
    { request: R.SET_INFLIGHT_FD, payload: encodeInflight(inflight), fds: [region.file.fd] },
    { request: R.RESET_DEVICE, payload: NOTHING, fds: [] },
    { request: R.SET_STATUS, payload: encodeU64(BigInt(random.below(16))), fds: [] },
    { request: random.below(64), payload: NOTHING, fds: [] },
  ]);
}

/** A bring-up of ring 0, of which a step may be left out. */
function bringUp(random: Random, { region, event }: Things): Fuzzed[] {
  const { guestStart, size, frontendStart } = region.region;
  const ring = { index: 0, flags: 0, descriptor: region.at(0), available: region.at(0x1000), used: region.at(0x2000) };
  const steps: readonly Fuzzed[] = [
    { request: R.ADD_MEM_REG, payload: encodeSingleRegion({ guestStart, size, frontendStart, fileOffset: 0 }), fds: [region.file.fd] },
    { request: R.SET_VRING_NUM, payload: encodeVringState({ index: 0, num: 16 }), fds: [] },
    { request: R.SET_VRING_ADDR, payload: encodeVringAddresses(ring), fds: [] },
    { request: R.SET_VRING_CALL, payload: encodeVringFile({ index: 0, hasDescriptor: true }), fds: [event] },
    { request: R.SET_VRING_ENABLE, payload: encodeVringState({ index: 0, num: 1 }), fds: [] },
    { request: R.SET_VRING_KICK, payload: encodeVringFile({ index: 0, hasDescriptor: true }), fds: [event] },
  ];
  return steps.filter(() => !random.oneIn(12));
}

/** Breaks a message in one of four ways. */
function broken(random: Random, message: Fuzzed, things: Things): Fuzzed {
  const payload = new DataView(
    new Uint8Array(message.payload.buffer, message.payload.byteOffset, message.payload.byteLength).slice().buffer,
  );
  switch (random.below(4)) {
    case 0:
      return { ...message, payload: new DataView(new ArrayBuffer(random.below(64))) };
    case 1:
      return { ...message, fds: random.pick([[], [things.event], [things.socket], [things.region.file.fd, things.event]]) };
    case 2:
      if (payload.byteLength >= 8)
        payload.setBigUint64(random.below(payload.byteLength - 7), random.pick([2n ** 64n - 1n, 2n ** 53n, 2n ** 32n, 0n]), true);
      return { ...message, payload };
    default:
      if (payload.byteLength > 0) payload.setUint8(random.below(payload.byteLength), random.below(256));
      return { ...message, payload };
  }
}

/** One session from its seed; how often a ring started. A refusal that ends it is as good an end as any. */
function runSession(seed: number, things: Things): number {
  const random = new Random(seed);
  using front = new RawFrontEnd(new CheckedDevice());
  front.negotiate(SESSION_PROTOCOL_FEATURES | DEVICE_PROTOCOL_FEATURES);
  const opening = bringUp(random, things);
  for (let count = 0, isOpen = true; count < MESSAGES && isOpen; count++) {
    const message = opening.shift() ?? plausible(random, things);
    const { request, payload, fds } = random.oneIn(12) ? broken(random, message, things) : message;
    isOpen = front.send(request, payload, fds, random.below(100) === 0 ? 0 : VHOST_USER_NEED_REPLY) === 'open';
    while (front.reply() !== undefined);
    front.device.poll();
  }
  front.session.close();
  check(front.device.runningRings, `seed ${seed}: rings after the end`).to.equal(0);
  return front.device.starts.length;
}

/** A device that holds the session to what `VhostUserDevice` promises. */
class CheckedDevice extends CopyDevice {
  override setMemory(...parameters: Parameters<CopyDevice['setMemory']>): void {
    check(this.runningRings, 'no ring runs while the memory changes').to.equal(0);
    super.setMemory(...parameters);
  }

  override setFeatures(acked: bigint): void {
    check(this.runningRings, 'no ring runs while the features change').to.equal(0);
    check(acked & ~this.features, 'only what was offered').to.equal(0n);
    super.setFeatures(acked);
  }

  override startRing(...[ring]: Parameters<CopyDevice['startRing']>): ReturnType<CopyDevice['startRing']> {
    const { memory } = this;
    const parts = [
      [ring.descriptor, ring.size * 16],
      [ring.available, 6 + ring.size * 2],
      [ring.used, 6 + ring.size * 8],
    ] as const;
    for (const [address, length] of parts) {
      check(memory.guestAddressOf(address, length), 'a ring lies in memory').to.not.equal(undefined);
    }
    check(ring.base).to.be.at.most(0xffff);
    return super.startRing(ring);
  }

  override reset(): void {
    check(this.runningRings, 'rings stop before a reset').to.equal(0);
    super.reset();
  }
}

describe('a back end session: fuzz', () => {
  it(`survives ${onlySeed === undefined ? `${runs} sessions` : `seed ${onlySeed}`} of ${MESSAGES} messages`, function () {
    this.timeout(60_000);
    using region = new SharedRegion(0, SIZE);
    using event = eventFd();
    using socketOwner = new RawFrontEnd();
    const things: Things = { region, event: event.fd, socket: socketOwner.socket.fd };
    runSession(0, things);
    const before = resources();
    const seeds = onlySeed === undefined ? Array.from({ length: runs }, (_, index) => index + 1) : [Number(onlySeed)];
    let starts = 0;
    for (const seed of seeds) {
      try {
        starts += runSession(seed, things);
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
    check(resources()).to.deep.equal(before);
    // A fuzzer whose sessions all end at their first messages would find nothing.
    if (onlySeed === undefined) check(starts).to.be.at.least(runs / 2);
  });
});
