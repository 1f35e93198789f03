import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { createEventFd, drainEventFd } from '#shared/sys/eventfd.ts';
import { StateArena } from './arena.ts';
import { Effects } from './effects.ts';

describe('Effects', () => {
  it('collects the bits of each device and wakes the main thread', () => {
    using wake = must(createEventFd(), 'test');
    const effects = new Effects(new StateArena(new SharedArrayBuffer(256)).slice('effects', 1, 16), wake.fd);
    effects.raise(1, 0b01);
    effects.raise(1, 0b10);
    effects.raise(3, 0b100);
    expect(drainEventFd(wake.fd)).to.equal(3);
    expect([0, 1, 2, 3].map((index) => effects.take(index))).to.deep.equal([0, 0b11, 0, 0b100]);
    expect(effects.take(1)).to.equal(0);
  });

  it('signals once for a bit that nobody took yet, and again after it was taken', () => {
    using wake = must(createEventFd(), 'test');
    const effects = new Effects(new StateArena(new SharedArrayBuffer(256)).slice('effects', 1, 8), wake.fd);
    effects.raise(0, 1);
    effects.raise(0, 1);
    expect(drainEventFd(wake.fd)).to.equal(1);
    effects.take(0);
    effects.raise(0, 1);
    expect(drainEventFd(wake.fd)).to.equal(1);
  });

  it('is a mistake to name a device that has no word', () => {
    using wake = must(createEventFd(), 'test');
    const effects = new Effects(new StateArena(new SharedArrayBuffer(256)).slice('effects', 1, 8), wake.fd);
    expect(() => effects.raise(2, 1)).to.throw('no effect word');
  });
});
