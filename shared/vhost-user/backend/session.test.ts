/** A hostile front end, message by message: every one is refused with a reason, nothing leaks, and nothing throws. */
import { expect as check } from 'chai';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '../../lang/result.ts';
import { CopyDevice } from '../../testing/copy-device.ts';
import { RawFrontEnd, resources } from '../../testing/raw-front-end.ts';
import { SharedRegion, eventFd, toFrontend, toGuest } from '../../testing/session-pair.ts';
import { allocate } from '../../sys/ffi.ts';
import { type Fd, OwnedFd } from '../../sys/owned-fd.ts';
import { SOCK_STREAM, socketPair } from '../../sys/unix-socket.ts';
import { encodeFrame } from '../channel.ts';
import {
  NOTHING,
  type RegionDescription,
  encodeConfigAccess,
  encodeInflight,
  encodeMemoryTable,
  encodeSingleRegion,
  encodeU64,
  encodeVringAddresses,
  encodeVringFile,
  encodeVringState,
} from '../message.ts';
import { VHOST_USER as R, VHOST_USER_NEED_REPLY, VHOST_USER_PROTOCOL_F as F } from '../spec.ts';
import { DEVICE_PROTOCOL_FEATURES, SESSION_PROTOCOL_FEATURES, type SessionOutcome } from './index.ts';

const ALL = SESSION_PROTOCOL_FEATURES | DEVICE_PROTOCOL_FEATURES;
const SIZE = 0x10000;

/** `closed`, `open`, or the codes of the error and of its cause. */
function told(outcome: number | SessionOutcome): string {
  if (typeof outcome !== 'object') return String(outcome);
  return 'cause' in outcome ? `${outcome.code}/${outcome.cause.code}` : outcome.code;
}

function describeRegion(region: SharedRegion, change: Partial<RegionDescription> = {}): RegionDescription {
  const { guestStart, size, frontendStart, fdOffset } = region.region;
  return { guestStart, size, frontendStart, fileOffset: fdOffset, ...change };
}

function words(...values: number[]): DataView {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value, true);
  return view;
}

/** A session with all features and one region of memory. */
function prepared(device = new CopyDevice()): { front: RawFrontEnd; region: SharedRegion } & Disposable {
  const front = new RawFrontEnd(device);
  const region = new SharedRegion(0, SIZE);
  front.negotiate(ALL);
  front.send(R.ADD_MEM_REG, encodeSingleRegion(describeRegion(region)), [region.file.fd]);
  return {
    front,
    region,
    [Symbol.dispose]: () => {
      front[Symbol.dispose]();
      region[Symbol.dispose]();
    },
  };
}

describe('a back end session: messages [msg-*]', () => {
  it('takes a message that dribbles in byte by byte, its descriptor with the last', () => {
    using region = new SharedRegion(0, SIZE);
    using front = new RawFrontEnd();
    front.negotiate(ALL);
    const { bytes } = encodeFrame(R.ADD_MEM_REG, VHOST_USER_NEED_REPLY, encodeSingleRegion(describeRegion(region)));
    for (const [index, byte] of bytes.entries()) {
      front.write(Uint8Array.of(byte), index === bytes.length - 1 ? [region.file.fd] : []);
      check(front.session.readable()).to.equal('open');
    }
    check(front.reply()?.view.getUint32(0, true)).to.equal(0);
    check(front.device.memory.regions.length).to.equal(1);
  });

  it('keeps the descriptors of messages that arrive together apart', () => {
    using first = new SharedRegion(0, SIZE);
    using second = new SharedRegion(0x10_0000, SIZE * 2);
    using front = new RawFrontEnd();
    front.negotiate(ALL);
    front.write(encodeFrame(R.GET_FEATURES, 0, NOTHING).bytes);
    for (const region of [first, second]) {
      front.write(encodeFrame(R.ADD_MEM_REG, 0, encodeSingleRegion(describeRegion(region))).bytes, [region.file.fd]);
    }
    check(front.session.readable()).to.equal('open');
    check(front.device.memory.regions.map(({ size }) => size)).to.deep.equal([SIZE, SIZE * 2]);
  });

  const endings: readonly (readonly [string, Uint8Array, string])[] = [
    ['version 0', header(R.SET_OWNER, 0, 0), 'CHANNEL/BAD_VERSION'],
    ['version 2', header(R.SET_OWNER, 2, 0), 'CHANNEL/BAD_VERSION'],
    ['unknown flags', header(R.SET_OWNER, 0x11, 0), 'CHANNEL/UNKNOWN_FLAGS'],
    ['a payload of 4097 bytes', header(R.SET_MEM_TABLE, 1, 4097), 'CHANNEL/MESSAGE_TOO_LONG'],
    ['a payload of 4 GiB', header(R.SET_MEM_TABLE, 1, 0xffff_ffff), 'CHANNEL/MESSAGE_TOO_LONG'],
    ['a reply', header(R.GET_FEATURES, 5, 0), 'UNEXPECTED_REPLY'],
    ['request 0', header(0, 1, 0), 'REQUEST_REFUSED/UNKNOWN_REQUEST'],
    ['request 41', header(41, 1, 0), 'REQUEST_REFUSED/UNKNOWN_REQUEST'],
    ['request 2^32-1', header(0xffff_ffff, 1, 0), 'REQUEST_REFUSED/UNKNOWN_REQUEST'],
    ['a log base before it is negotiated', header(R.SET_LOG_BASE, 1, 0), 'REQUEST_REFUSED/NOT_NEGOTIATED'],
    ['an IOTLB message, which is not offered', header(R.IOTLB_MSG, 1, 0), 'REQUEST_REFUSED/UNKNOWN_REQUEST'],
  ];
  for (const [name, bytes, expected] of endings) {
    it(`ends at ${name} -> ${expected}`, () => {
      using front = new RawFrontEnd();
      front.write(bytes);
      check(told(front.session.readable())).to.equal(expected);
    });
  }

  it('ends at a header cut short, and at a payload cut short', () => {
    for (const bytes of [header(R.SET_OWNER, 1, 0).slice(0, 7), header(R.SET_FEATURES, 1, 8)]) {
      const front = new RawFrontEnd();
      front.write(bytes);
      check(front.session.readable()).to.equal('open');
      front.socket.close();
      check(told(front.session.readable())).to.equal('CHANNEL/TRUNCATED');
      front.session.close();
    }
  });

  it('answers an unknown request that wants an answer, and goes on', () => {
    using front = new RawFrontEnd();
    front.negotiate(ALL);
    check(front.ask(99)).to.equal(1);
    check(front.ask(R.SET_OWNER)).to.equal(0);
  });

  it('acknowledges nothing that was not asked to be, nor before REPLY_ACK is negotiated', () => {
    using front = new RawFrontEnd();
    check(front.ask(R.SET_OWNER)).to.equal('open');
    front.negotiate(ALL);
    check(front.send(R.SET_OWNER)).to.equal('open');
    check(front.reply()).to.equal(undefined);
  });

  it('refuses every request with a payload one byte too long or too short', () => {
    const lengths: readonly (readonly [number, number])[] = [
      [R.GET_FEATURES, 0],
      [R.SET_FEATURES, 8],
      [R.SET_OWNER, 0],
      [R.RESET_OWNER, 0],
      [R.SET_MEM_TABLE, 8],
      [R.SET_VRING_NUM, 8],
      [R.SET_VRING_ADDR, 40],
      [R.SET_VRING_BASE, 8],
      [R.GET_VRING_BASE, 8],
      [R.SET_VRING_KICK, 8],
      [R.SET_VRING_CALL, 8],
      [R.SET_VRING_ERR, 8],
      [R.GET_PROTOCOL_FEATURES, 0],
      [R.SET_PROTOCOL_FEATURES, 8],
      [R.GET_QUEUE_NUM, 0],
      [R.SET_VRING_ENABLE, 8],
      [R.SET_BACKEND_REQ_FD, 0],
      [R.GET_CONFIG, 12],
      [R.SET_CONFIG, 12],
      [R.GET_INFLIGHT_FD, 24],
      [R.SET_INFLIGHT_FD, 24],
      [R.RESET_DEVICE, 0],
      [R.GET_MAX_MEM_SLOTS, 0],
      [R.ADD_MEM_REG, 40],
      [R.REM_MEM_REG, 40],
      [R.SET_STATUS, 8],
      [R.GET_STATUS, 0],
    ];
    for (const [request, length] of lengths) {
      for (const wrong of [length + 1, length - 1].filter((each) => each >= 0)) {
        using front = new RawFrontEnd();
        front.negotiate(ALL);
        const outcome = told(front.send(request, new DataView(new ArrayBuffer(wrong))));
        check(outcome, `request ${request} with ${wrong} bytes`).to.match(/^REQUEST_REFUSED\/(WRONG_SIZE|EMPTY)$/);
      }
    }
  });

  it('refuses missing, surplus and wrong descriptors, and closes them', () => {
    using _ = prepared();
    const { front, region } = _;
    using event = eventFd();
    const before = resources();
    const region1 = encodeSingleRegion(describeRegion(region, { guestStart: toGuest(0x10_0000), frontendStart: toFrontend(0x10_0000) }));
    const kick = encodeVringFile({ index: 0, hasDescriptor: true });
    const none = encodeVringFile({ index: 0, hasDescriptor: false });
    const cases: readonly (readonly [string, number, DataView, readonly Fd[]])[] = [
      ['a descriptor with SET_OWNER', R.SET_OWNER, NOTHING, [event.fd]],
      ['no descriptor with ADD_MEM_REG', R.ADD_MEM_REG, region1, []],
      ['two with ADD_MEM_REG', R.ADD_MEM_REG, region1, [region.file.fd, region.file.fd]],
      ['an eventfd as memory', R.ADD_MEM_REG, region1, [event.fd]],
      ['a socket as memory', R.ADD_MEM_REG, region1, [front.socket.fd]],
      ['none with SET_VRING_KICK', R.SET_VRING_KICK, kick, []],
      ['two with SET_VRING_CALL', R.SET_VRING_CALL, kick, [event.fd, event.fd]],
      ['one where the flag says none', R.SET_VRING_CALL, none, [event.fd]],
      ['memory as a kick', R.SET_VRING_KICK, kick, [region.file.fd]],
      ['a socket as a call', R.SET_VRING_CALL, kick, [front.socket.fd]],
      ['an eventfd as the back end channel', R.SET_BACKEND_REQ_FD, NOTHING, [event.fd]],
      ['none as the back end channel', R.SET_BACKEND_REQ_FD, NOTHING, []],
    ];
    for (const [name, request, payload, fds] of cases) check(front.ask(request, payload, fds), name).to.equal(1);
    check(resources()).to.deep.equal(before);
  });

  it('ends at more descriptors than a message may carry, and closes them', () => {
    using event = eventFd();
    const before = resources();
    const front = new RawFrontEnd();
    front.write(
      header(R.SET_MEM_TABLE, 1, 0),
      Array.from({ length: 33 }, () => event.fd),
    );
    check(told(front.session.readable())).to.equal('CHANNEL/TOO_MANY_DESCRIPTORS');
    front[Symbol.dispose]();
    check(resources()).to.deep.equal(before);
  });

  it('leaves the rest of a flood for the next turn', () => {
    using front = new RawFrontEnd();
    for (let count = 0; count < 100; count++) front.write(header(R.GET_FEATURES, 1, 0));
    check(front.session.readable()).to.equal('open');
    let replies = 0;
    while (front.reply() !== undefined) replies++;
    check(replies).to.equal(64);
    front.session.readable();
    while (front.reply() !== undefined) replies++;
    check(replies).to.equal(100);
  });

  it('ends when its answers are not read', function () {
    this.timeout(10_000);
    using front = new RawFrontEnd();
    let outcome: SessionOutcome = 'open';
    for (let count = 0; count < 10_000 && outcome === 'open'; count++) outcome = front.send(R.GET_FEATURES);
    check(told(outcome)).to.equal('CHANNEL/PEER_NOT_READING');
  });
});

describe('a back end session: memory [mem-*]', () => {
  it('refuses tables that cannot be, and keeps the one it has', () => {
    using _ = prepared();
    const { front, region } = _;
    const good = describeRegion(region);
    const before = resources();
    const huge = 2 ** 53 - 1;
    const bad: readonly (readonly [string, readonly RegionDescription[]])[] = [
      ['no region', []],
      ['an empty one', [{ ...good, size: 0 }]],
      ['overlap in guest addresses', [good, { ...good, guestStart: toGuest(0x8000), frontendStart: toFrontend(0x1000) }]],
      ['overlap in user addresses', [good, { ...good, guestStart: toGuest(0x10_0000) }]],
      ['a wrap of guest addresses', [{ ...good, guestStart: toGuest(huge) }]],
      ['a wrap of user addresses', [{ ...good, frontendStart: toFrontend(huge) }]],
      ['a wrap of the offset', [{ ...good, fileOffset: huge }]],
      ['a file shorter than the region', [{ ...good, size: SIZE + 1 }]],
      ['an offset that leaves too little', [{ ...good, fileOffset: 0x1000 }]],
      [
        '33 regions',
        Array.from({ length: 33 }, (_each, index) => ({
          ...good,
          guestStart: toGuest(index * SIZE),
          frontendStart: toFrontend(index * SIZE),
        })),
      ],
    ];
    for (const [name, regions] of bad) {
      const fds = regions.slice(0, 32).map(() => region.file.fd);
      check(front.ask(R.SET_MEM_TABLE, encodeMemoryTable(regions), fds), name).to.equal(1);
    }
    check(front.device.memory.regions.length).to.equal(1);
    check(resources()).to.deep.equal(before);
  });

  it('refuses 64-bit fields that no address is', () => {
    using _ = prepared();
    for (let field = 0; field < 4; field++) {
      const payload = encodeSingleRegion(describeRegion(_.region));
      payload.setBigUint64(8 + field * 8, 2n ** 64n - 4096n, true);
      check(_.front.ask(R.ADD_MEM_REG, payload, [_.region.file.fd])).to.equal(1);
    }
  });

  it('maps a region that begins inside a page of its file', () => {
    using front = new RawFrontEnd();
    using region = new SharedRegion(0, SIZE);
    front.negotiate(ALL);
    region.bytes[0x1234] = 42;
    check(
      front.ask(R.ADD_MEM_REG, encodeSingleRegion(describeRegion(region, { fileOffset: 0x1234, size: 100 })), [region.file.fd]),
    ).to.equal(0);
    check(front.device.memory.readU8(0)).to.equal(42);
  });

  it('has as many slots as it says, and no more', () => {
    using front = new RawFrontEnd();
    using region = new SharedRegion(0, SIZE);
    front.negotiate(ALL);
    const nth = (index: number): DataView =>
      encodeSingleRegion(describeRegion(region, { guestStart: toGuest(index * SIZE), frontendStart: toFrontend((index + 1) * SIZE) }));
    for (let index = 0; index < 32; index++) check(front.ask(R.ADD_MEM_REG, nth(index), [region.file.fd])).to.equal(0);
    check(front.ask(R.ADD_MEM_REG, nth(32), [region.file.fd])).to.equal(1);
    // With a descriptor, as some front ends send it.
    check(front.ask(R.REM_MEM_REG, nth(5), [region.file.fd])).to.equal(0);
    check(front.ask(R.REM_MEM_REG, nth(5))).to.equal(1);
    check(front.ask(R.ADD_MEM_REG, nth(32), [region.file.fd])).to.equal(0);
    check([...front.traced]).to.deep.equal(['request refused']);
  });

  it('takes memory that its owner could shrink [sigbus: noted, not refused]', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vhost-user-'));
    const path = join(folder, 'memory');
    writeFileSync(path, new Uint8Array(SIZE));
    using file = new OwnedFd(openSync(path, 'r+'));
    using front = new RawFrontEnd();
    front.negotiate(ALL);
    const region: RegionDescription = { guestStart: toGuest(0), size: SIZE, frontendStart: toFrontend(SIZE), fileOffset: 0 };
    check(front.ask(R.ADD_MEM_REG, encodeSingleRegion(region), [file.fd])).to.equal(0);
    check([...front.traced]).to.deep.equal(['memory that its owner could shrink']);
    rmSync(folder, { recursive: true });
  });

  it('leaks neither descriptors nor maps over 10,000 changes of the table', function () {
    this.timeout(20_000);
    using _ = prepared();
    const table = encodeMemoryTable([describeRegion(_.region)]);
    const other = encodeMemoryTable([describeRegion(_.region, { size: SIZE / 2 })]);
    check(_.front.send(R.SET_MEM_TABLE, table, [_.region.file.fd])).to.equal('open');
    const before = resources();
    for (let count = 0; count < 5_000; count++) {
      check(_.front.send(R.SET_MEM_TABLE, other, [_.region.file.fd])).to.equal('open');
      check(_.front.send(R.SET_MEM_TABLE, table, [_.region.file.fd])).to.equal('open');
    }
    check(resources()).to.deep.equal(before);
  });
});

describe('a back end session: state [state-*]', () => {
  const addresses = encodeVringAddresses({
    index: 0,
    flags: 0,
    descriptor: toFrontend(0),
    available: toFrontend(0x1000),
    used: toFrontend(0x2000),
  });

  it('refuses what its state does not allow', () => {
    const cases: readonly (readonly [string, number, DataView])[] = [
      ['RING_SIZE_NOT_SET', R.SET_VRING_ADDR, addresses],
      ['NO_SUCH_RING', R.SET_VRING_NUM, encodeVringState({ index: 2, num: 16 })],
      ['NO_SUCH_RING', R.SET_VRING_NUM, encodeVringState({ index: 0xffff_ffff, num: 16 })],
      ['NO_SUCH_RING', R.GET_VRING_BASE, encodeVringState({ index: 255, num: 0 })],
      ['NO_SUCH_RING', R.SET_VRING_CALL, encodeVringFile({ index: 200, hasDescriptor: false })],
      ['NO_SUCH_RING', R.SET_VRING_ENABLE, encodeVringState({ index: 9, num: 1 })],
      ['BAD_VALUE', R.SET_VRING_ENABLE, encodeVringState({ index: 0, num: 2 })],
      ['RESERVED_BITS', R.SET_VRING_KICK, encodeU64(0x200n)],
      ['RESERVED_BITS', R.SET_VRING_KICK, encodeU64(1n << 40n)],
      ['FEATURES_NOT_OFFERED', R.SET_FEATURES, encodeU64(1n << 27n)],
      ['FEATURES_NOT_OFFERED', R.SET_PROTOCOL_FEATURES, encodeU64(F.PAGEFAULT)],
      ['VALUE_TOO_LARGE', R.SET_STATUS, encodeU64(256n)],
      ['WRONG_SIZE', R.GET_CONFIG, words(0, 256, 0)],
      ['TOO_MANY', R.GET_CONFIG, words(0xffff_ffff, 256, 0)],
      ['TOO_MANY', R.SET_CONFIG, words(200, 100, 0)],
      ['EMPTY', R.SET_CONFIG, words(0, 0, 0)],
      ['RESERVED_BITS', R.SET_CONFIG, words(0, 4, 2, 0)],
      ['CONFIG_REFUSED', R.SET_CONFIG, encodeConfigAccess({ offset: 250, bytes: new Uint8Array(6) })],
      ['WRONG_DESCRIPTORS', R.SET_INFLIGHT_FD, encodeInflight({ size: 4096, fileOffset: 0, queueCount: 1, queueSize: 16 })],
    ];
    for (const [code, request, payload] of cases) {
      using front = new RawFrontEnd();
      front.negotiate(ALL);
      check(told(front.send(request, payload)), `request ${request}`).to.equal(`REQUEST_REFUSED/${code}`);
    }
  });

  it('refuses ring addresses before memory', () => {
    using front = new RawFrontEnd();
    front.negotiate(ALL);
    front.send(R.SET_VRING_NUM, encodeVringState({ index: 0, num: 16 }));
    check(told(front.send(R.SET_VRING_ADDR, addresses))).to.equal('REQUEST_REFUSED/RING_UNMAPPED');
  });

  it('refuses everything that needs a protocol feature before that is negotiated', () => {
    for (const request of [
      R.GET_CONFIG,
      R.SET_CONFIG,
      R.GET_INFLIGHT_FD,
      R.SET_INFLIGHT_FD,
      R.ADD_MEM_REG,
      R.REM_MEM_REG,
      R.GET_MAX_MEM_SLOTS,
      R.SET_STATUS,
      R.GET_STATUS,
      R.RESET_DEVICE,
      R.SET_BACKEND_REQ_FD,
      R.SET_VRING_ENABLE,
    ]) {
      using front = new RawFrontEnd();
      const payload = request === R.SET_VRING_ENABLE ? encodeVringState({ index: 0, num: 1 }) : NOTHING;
      check(told(front.send(request, payload)), `request ${request}`).to.equal('REQUEST_REFUSED/NOT_NEGOTIATED');
    }
  });

  it('enables the rings of a front end without protocol features', () => {
    using front = new RawFrontEnd();
    using region = new SharedRegion(0, SIZE);
    using kick = eventFd();
    front.send(R.SET_FEATURES, encodeU64(front.device.features));
    front.send(R.SET_MEM_TABLE, encodeMemoryTable([describeRegion(region)]), [region.file.fd]);
    front.send(R.SET_VRING_NUM, encodeVringState({ index: 0, num: 16 }));
    const parts = { descriptor: region.at(0), available: region.at(0x1000), used: region.at(0x2000) };
    front.send(R.SET_VRING_ADDR, encodeVringAddresses({ index: 0, flags: 0, ...parts }));
    check(front.send(R.SET_VRING_KICK, encodeVringFile({ index: 0, hasDescriptor: true }), [kick.fd])).to.equal('open');
    check(front.device.starts[0]?.enabled).to.equal(true);
  });

  it('keeps a running ring as it is [late-config]', () => {
    using _ = prepared();
    const { front, region } = _;
    const parts = { descriptor: region.at(0), available: region.at(0x1000), used: region.at(0x2000) };
    front.ask(R.SET_VRING_NUM, encodeVringState({ index: 0, num: 16 }));
    front.ask(R.SET_VRING_ADDR, encodeVringAddresses({ index: 0, flags: 0, ...parts }));
    check(front.ask(R.SET_VRING_KICK, encodeVringFile({ index: 0, hasDescriptor: false }))).to.equal(0);
    check(front.device.runningRings).to.equal(1);
    check(front.ask(R.SET_VRING_NUM, encodeVringState({ index: 0, num: 32 }))).to.equal(1);
    check(front.ask(R.SET_VRING_BASE, encodeVringState({ index: 0, num: 5 }))).to.equal(1);
    check(front.ask(R.SET_VRING_ADDR, encodeVringAddresses({ index: 0, flags: 0, ...parts, used: region.at(0x3000) }))).to.equal(1);
    check(front.ask(R.SET_VRING_ADDR, encodeVringAddresses({ index: 0, flags: 0, ...parts }))).to.equal(0);
    check(front.ask(R.SET_VRING_ADDR, encodeVringAddresses({ index: 0, flags: 2, ...parts }))).to.equal(1);
    check(front.ask(R.SET_FEATURES, encodeU64(1n << 30n))).to.equal(1);
    check(
      front.ask(R.SET_INFLIGHT_FD, encodeInflight({ size: 4096, fileOffset: 0, queueCount: 1, queueSize: 16 }), [region.file.fd]),
    ).to.equal(1);
  });

  it('answers a config read out of bounds with nothing, and goes on', () => {
    using _ = prepared();
    _.front.send(R.GET_CONFIG, encodeConfigAccess({ offset: 12, bytes: new Uint8Array(8) }));
    check(_.front.reply()?.bytes.length).to.equal(0);
    check(_.front.ask(R.SET_OWNER)).to.equal(0);
  });

  it('leaks nothing over 10,000 descriptors for the same ring', function () {
    this.timeout(20_000);
    using _ = prepared();
    using event = eventFd();
    const requests = [R.SET_VRING_KICK, R.SET_VRING_CALL, R.SET_VRING_ERR];
    const file = encodeVringFile({ index: 1, hasDescriptor: true });
    for (const request of requests) _.front.send(request, file, [event.fd]);
    const before = resources();
    for (let count = 0; count < 10_000; count++) check(_.front.send(requests[count % 3] ?? 0, file, [event.fd])).to.equal('open');
    check(resources()).to.deep.equal(before);
  });
});

describe('a back end session: in-flight area [inflight-leak]', () => {
  const wanted = encodeInflight({ size: 0, fileOffset: 0, queueCount: 2, queueSize: 16 });

  it('leaks nothing over 10,000 areas made and taken back', function () {
    this.timeout(30_000);
    using _ = prepared();
    using file = new SharedRegion(0, SIZE);
    const given = encodeInflight({ size: SIZE, fileOffset: 0, queueCount: 2, queueSize: 16 });
    _.front.send(R.GET_INFLIGHT_FD, wanted);
    _.front.reply();
    const before = resources();
    for (let count = 0; count < 10_000; count++) {
      if (count % 2 === 0) check(_.front.ask(R.SET_INFLIGHT_FD, given, [file.file.fd])).to.equal(0);
      else _.front.send(R.GET_INFLIGHT_FD, wanted);
      if (count % 2 === 1) check(_.front.reply()?.bytes.length).to.equal(24);
    }
    check(resources()).to.deep.equal(before);
  });

  it('refuses areas too small for their queues, or for queues that are not', () => {
    using _ = prepared();
    using file = new SharedRegion(0, SIZE);
    const good = { size: SIZE, fileOffset: 0, queueCount: 2, queueSize: 256 };
    const bad = [
      { queueCount: 0 },
      { queueCount: 3 },
      { queueCount: 0xffff },
      { queueSize: 0 },
      { queueSize: 512 },
      { size: 8000 },
      { size: 0 },
      { fileOffset: SIZE },
      { fileOffset: 2 ** 53 - 1 },
    ];
    check(_.front.ask(R.SET_INFLIGHT_FD, encodeInflight(good), [file.file.fd])).to.equal(0);
    for (const change of bad) {
      check(_.front.ask(R.SET_INFLIGHT_FD, encodeInflight({ ...good, ...change }), [file.file.fd]), JSON.stringify(change)).to.equal(1);
    }
    check(_.front.ask(R.SET_INFLIGHT_FD, encodeInflight(good, 20), [file.file.fd])).to.equal(0);
  });
});

describe('a back end session: disconnect [disconnect]', () => {
  it('lets go of everything at any message of a bring-up', () => {
    const before = resources();
    for (let stop = 0; stop < 12; stop++) {
      const front = new RawFrontEnd();
      using region = new SharedRegion(0, SIZE);
      using event = eventFd();
      bringUp(front, region, event.fd, stop);
      front.socket.close();
      check(front.session.readable()).to.equal('closed');
      check(front.device.runningRings).to.equal(0);
      check(front.device.calls.at(-1)).to.equal('reset');
      front.session.close();
    }
    check(resources()).to.deep.equal(before);
  });
});

/** The first `count` messages of a whole bring-up. */
function bringUp(front: RawFrontEnd, region: SharedRegion, event: Fd, count: number): void {
  const parts = { descriptor: region.at(0), available: region.at(0x1000), used: region.at(0x2000) };
  const [ours, theirs] = expect(socketPair(SOCK_STREAM), 'socket pair');
  const messages: readonly (readonly [number, DataView, readonly Fd[]])[] = [
    [R.SET_OWNER, NOTHING, []],
    [R.SET_PROTOCOL_FEATURES, encodeU64(ALL), []],
    [R.SET_BACKEND_REQ_FD, NOTHING, [theirs.fd]],
    [R.SET_FEATURES, encodeU64(front.device.features | (1n << 30n)), []],
    [R.GET_INFLIGHT_FD, encodeInflight({ size: 0, fileOffset: 0, queueCount: 1, queueSize: 16 }), []],
    [R.ADD_MEM_REG, encodeSingleRegion(describeRegion(region)), [region.file.fd]],
    [R.SET_VRING_NUM, encodeVringState({ index: 0, num: 16 }), []],
    [R.SET_VRING_ADDR, encodeVringAddresses({ index: 0, flags: 0, ...parts }), []],
    [R.SET_VRING_CALL, encodeVringFile({ index: 0, hasDescriptor: true }), [event]],
    [R.SET_VRING_KICK, encodeVringFile({ index: 0, hasDescriptor: true }), [event]],
    [R.SET_VRING_ENABLE, encodeVringState({ index: 0, num: 1 }), []],
  ];
  for (const [request, payload, fds] of messages.slice(0, count)) check(front.send(request, payload, fds)).to.equal('open');
  while (front.reply() !== undefined);
  ours.close();
  theirs.close();
}

function header(request: number, flags: number, size: number): Uint8Array {
  const buffer = allocate(12);
  buffer.view.setUint32(0, request, true);
  buffer.view.setUint32(4, flags, true);
  buffer.view.setUint32(8, size, true);
  return buffer.bytes;
}
