/** The dirty log as a front end sets it, byte for byte: its sizes, its switch, what is refused, and that nothing of it stays. */
import { expect as check } from 'chai';
import { expect } from '../../lang/result.ts';
import { MAX_LOG_SIZE } from '../../memory/index.ts';
import { CopyDevice } from '../../testing/copy-device.ts';
import { RawFrontEnd, resources } from '../../testing/raw-front-end.ts';
import { SharedRegion, eventFd } from '../../testing/session-pair.ts';
import { drainEventFd, signalEventFd } from '../../sys/eventfd.ts';
import { createSealedMemfd } from '../../sys/memfd.ts';
import type { Fd, OwnedFd } from '../../sys/owned-fd.ts';
import { encodeLog, encodeSingleRegion, encodeU64, encodeVringAddresses, encodeVringFile, encodeVringState, NOTHING } from '../message.ts';
import { VHOST_F_LOG_ALL, VHOST_USER as R, VHOST_USER_F_PROTOCOL_FEATURES, VHOST_VRING_F_LOG } from '../spec.ts';
import { DEVICE_PROTOCOL_FEATURES, SESSION_PROTOCOL_FEATURES, type SessionOutcome } from './index.ts';

const ALL = DEVICE_PROTOCOL_FEATURES | SESSION_PROTOCOL_FEATURES;
const SIZE = 0x1_0000;
/** Where the guest has its memory, so that a log of it has bytes in front. */
const START = 0x10_0000;
const LOG_SIZE = (START + SIZE) / 4096 / 8;
const AT = { descriptor: 0, available: 0x1000, used: 0x2000, source: 0x3000, target: 0x4ffe } as const;
/** The used ring need not be logged where it lies. */
const USED_LOG = START + 0x9000;

class Logged implements Disposable {
  readonly front = new RawFrontEnd(new CopyDevice());
  readonly region = new SharedRegion(START, SIZE);
  /** More than the log, which begins within it. */
  readonly log = new SharedRegion(0, 0x2000);
  readonly kick = eventFd();
  readonly call = eventFd();
  #offered = 0;

  constructor() {
    const { front, region } = this;
    front.negotiate(ALL);
    const { guestStart, size, frontendStart } = region.region;
    check(front.ask(R.ADD_MEM_REG, encodeSingleRegion({ guestStart, size, frontendStart, fileOffset: 0 }), [region.file.fd])).to.equal(0);
  }

  get features(): bigint {
    return this.front.device.features | VHOST_USER_F_PROTOCOL_FEATURES;
  }

  startRing(flags = 0): void {
    const { front, kick, call } = this;
    check(front.ask(R.SET_VRING_NUM, encodeVringState({ index: 0, num: 16 }))).to.equal(0);
    check(this.setAddresses(flags)).to.equal(0);
    check(front.ask(R.SET_VRING_CALL, encodeVringFile({ index: 0, hasDescriptor: true }), [call.fd])).to.equal(0);
    check(front.ask(R.SET_VRING_ENABLE, encodeVringState({ index: 0, num: 1 }))).to.equal(0);
    check(front.ask(R.SET_VRING_KICK, encodeVringFile({ index: 0, hasDescriptor: true }), [kick.fd])).to.equal(0);
  }

  setAddresses(flags: number, log = USED_LOG): number | SessionOutcome {
    const { region } = this;
    const parts = { descriptor: region.at(AT.descriptor), available: region.at(AT.available), used: region.at(AT.used) };
    return this.front.ask(R.SET_VRING_ADDR, encodeVringAddresses({ index: 0, flags, ...parts, log }));
  }

  setBase(size = LOG_SIZE, fileOffset = 0x20, fds: readonly Fd[] = [this.log.file.fd]): number | SessionOutcome {
    return this.front.ask(R.SET_LOG_BASE, encodeLog({ size, fileOffset }), fds);
  }

  switch(on: boolean): number | SessionOutcome {
    return this.front.ask(R.SET_FEATURES, encodeU64(this.features | (on ? VHOST_F_LOG_ALL : 0n)));
  }

  /** One chain of four bytes, copied over the border of two pages. */
  copy(): void {
    const { view } = this.region;
    const descriptors = [
      [AT.source, 1, 1],
      [AT.target, 2, 0],
    ] as const;
    for (const [index, [at, flags, next]] of descriptors.entries()) {
      view.setBigUint64(AT.descriptor + index * 16, BigInt(START + at), true);
      view.setUint32(AT.descriptor + index * 16 + 8, 4, true);
      view.setUint16(AT.descriptor + index * 16 + 12, flags, true);
      view.setUint16(AT.descriptor + index * 16 + 14, next, true);
    }
    view.setUint16(AT.available + 4 + (this.#offered % 16) * 2, 0, true);
    this.#offered++;
    view.setUint16(AT.available + 2, this.#offered, true);
    signalEventFd(this.kick.fd);
    this.front.device.poll();
    check(view.getUint16(AT.used + 2, true)).to.equal(this.#offered);
  }

  /** The pages noted so far, from the region's first on, and clears the log. Bytes beside it must be untouched. */
  pages(): readonly number[] {
    const { bytes } = this.log;
    const pages = Array.from({ length: LOG_SIZE * 8 }, (_, page) => page).filter(
      (page) => ((bytes[0x20 + (page >> 3)] ?? 0) >> (page & 7)) & 1,
    );
    bytes.fill(0, 0x20, 0x20 + LOG_SIZE);
    check(
      bytes.every((byte) => byte === 0),
      'bytes beside the log',
    ).to.equal(true);
    return pages.map((page) => page - START / 4096);
  }

  [Symbol.dispose](): void {
    this.front[Symbol.dispose]();
    for (const region of [this.region, this.log]) region[Symbol.dispose]();
    for (const fd of [this.kick, this.call]) fd.close();
  }
}

const USED = (USED_LOG - START) / 4096;
const DATA = [4, 5] as const;

describe('a back end session: dirty log [log-base]', () => {
  it('is switched on, moved and off under a running ring', () => {
    using guest = new Logged();
    guest.startRing();
    check(guest.setBase()).to.equal(0);
    guest.copy();
    check(guest.pages(), 'not switched on').to.deep.equal([]);
    check(guest.switch(true)).to.equal(0);
    guest.copy();
    check(guest.pages(), 'the used ring was not asked for').to.deep.equal([...DATA]);
    check(guest.setAddresses(VHOST_VRING_F_LOG)).to.equal(0);
    guest.copy();
    check(guest.pages()).to.deep.equal([...DATA, USED]);
    check(guest.setAddresses(VHOST_VRING_F_LOG, START + 0xa000)).to.equal(0);
    guest.copy();
    check(guest.pages()).to.deep.equal([...DATA, USED + 1]);
    check(guest.switch(false)).to.equal(0);
    check(guest.setAddresses(0)).to.equal(0);
    guest.copy();
    check(guest.pages(), 'switched off').to.deep.equal([]);
    check(guest.front.device.calls.filter((call) => call.startsWith('startRing'))).to.deep.equal(['startRing 0']);
  });

  it('holds for a ring that starts later, and for memory that comes later', () => {
    using guest = new Logged();
    using more = new SharedRegion(0, 0x1000);
    check(guest.switch(true)).to.equal(0);
    check(guest.setBase()).to.equal(0);
    guest.startRing(VHOST_VRING_F_LOG);
    const { size, frontendStart } = more.region;
    const added = encodeSingleRegion({ guestStart: more.region.guestStart, size, frontendStart, fileOffset: 0 });
    check(guest.front.ask(R.ADD_MEM_REG, added, [more.file.fd])).to.equal(0);
    guest.pages();
    guest.copy();
    check(guest.pages()).to.deep.equal([...DATA, USED]);
  });

  it('ends with a reset', () => {
    using guest = new Logged();
    guest.setBase();
    guest.switch(true);
    check(guest.front.device.log?.length).to.equal(LOG_SIZE);
    check(guest.front.ask(R.RESET_DEVICE)).to.equal(0);
    check(guest.front.device.log).to.equal(undefined);
  });

  it('signals what is noted', () => {
    using guest = new Logged();
    using noted = eventFd();
    guest.startRing();
    guest.setBase();
    guest.switch(true);
    check(guest.front.ask(R.SET_LOG_FD, NOTHING, [noted.fd])).to.equal(0);
    guest.copy();
    check(drainEventFd(noted.fd)).to.be.at.least(1);
  });

  it('is answered although no answer was asked for', () => {
    using guest = new Logged();
    check(guest.front.send(R.SET_LOG_BASE, encodeLog({ size: LOG_SIZE, fileOffset: 0 }), [guest.log.file.fd])).to.equal('open');
    check(guest.front.reply()?.view.getBigUint64(0, true)).to.equal(0n);
  });

  const refusals: readonly (readonly [string, (guest: Logged) => number | SessionOutcome])[] = [
    ['no file', (guest) => guest.setBase(LOG_SIZE, 0, [])],
    ['two files', (guest) => guest.setBase(LOG_SIZE, 0, [guest.log.file.fd, guest.log.file.fd])],
    ['no bytes', (guest) => guest.setBase(0)],
    ['too few for the memory', (guest) => guest.setBase(LOG_SIZE - 1)],
    ['more than its file has', (guest) => guest.setBase(0x2000, 0x20)],
    ['more than its file has by far', (guest) => guest.setBase(2 ** 40)],
    [
      'more than anybody needs',
      (guest) => {
        using file = expect(createSealedMemfd({ name: 'log', size: MAX_LOG_SIZE + 0x1000 }), 'log');
        return guest.setBase(MAX_LOG_SIZE + 1, 0, [file.fd]);
      },
    ],
    ['an offset and a size that wrap', (guest) => guest.setBase(2 ** 52, 2 ** 53 - 1)],
    ['an eventfd for a file', (guest) => guest.setBase(LOG_SIZE, 0, [guest.kick.fd])],
    ['no signal descriptor', (guest) => guest.front.ask(R.SET_LOG_FD)],
    ['a file for a signal descriptor', (guest) => guest.front.ask(R.SET_LOG_FD, NOTHING, [guest.log.file.fd])],
  ];
  for (const [name, act] of refusals) {
    it(`refuses ${name}, and leaves what was there`, () => {
      using guest = new Logged();
      guest.startRing();
      guest.setBase();
      guest.switch(true);
      check(act(guest)).to.equal(1);
      guest.copy();
      check(guest.pages()).to.deep.equal([...DATA]);
    });
  }

  it('refuses memory that the log has no bits for, while it is on', () => {
    using guest = new Logged();
    using more = new SharedRegion(START + SIZE, 0x1000);
    const { guestStart, size, frontendStart } = more.region;
    const add = (): number | SessionOutcome =>
      guest.front.ask(R.ADD_MEM_REG, encodeSingleRegion({ guestStart, size, frontendStart, fileOffset: 0 }), [more.file.fd]);
    guest.setBase();
    guest.switch(true);
    check(add()).to.equal(1);
    guest.switch(false);
    check(add()).to.equal(0);
  });

  it('leaves nothing behind, however often it is set', () => {
    const round = (): void => {
      using guest = new Logged();
      using noted: OwnedFd = eventFd();
      guest.switch(true);
      for (let count = 0; count < 50; count++) {
        check(guest.setBase(LOG_SIZE + count)).to.equal(0);
        guest.setBase(1);
        check(guest.front.ask(R.SET_LOG_FD, NOTHING, [noted.fd])).to.equal(0);
      }
    };
    round();
    const before = resources();
    round();
    check(resources()).to.deep.equal(before);
  });
});
