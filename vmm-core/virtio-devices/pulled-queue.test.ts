import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { DriverQueue } from '#shared/testing/driver-queue.ts';
import { makeMemory } from '#shared/testing/memory-builder.ts';
import { SegmentTable, SplitQueue } from '#shared/virtio/index.ts';
import { PulledQueue } from './pulled-queue.ts';

const SIZE = 8;
const TURN = 20;
const HEADS = Array.from({ length: SIZE }, (_, head) => head);

describe('PulledQueue', () => {
  it('leaves a driver that offers useless chains as fast as they go back, until its next turn', async () => {
    using made = makeMemory();
    const driver = new DriverQueue(made.memory, { size: SIZE, base: 0x1000 });
    for (const head of HEADS) driver.describe(head, 0x8000, 0, 0);
    const split = expect(SplitQueue.activate(driver.config, made.memory, new SegmentTable(SIZE)), 'queue');
    const bad = HEADS.filter((head) => head % 2 === 0);
    // A next out of range: dropped by the queue itself.
    for (const head of bad) driver.describe(head, 0x8000, 16, 1, SIZE);
    let refilling = true;
    let turns = 0;
    const signal = (): void => {
      const free = driver.collect().map(({ head }) => head);
      if (refilling) driver.offer(...free);
    };
    const queue = new PulledQueue(
      split,
      { size: SIZE, buffers: 'readable', turn: TURN },
      { signal, ready: () => turns++, broken: () => {} },
    );
    driver.offer(...HEADS);
    check(queue.next()).to.equal(undefined);
    check(split.nextAvailable, 'chains in one turn').to.be.within(TURN / 2, TURN + SIZE);
    check(turns).to.equal(0);
    refilling = false;
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
    check(turns).to.equal(1);
    check(queue.next()).to.equal(undefined);
    driver.describe(0, 0x8000, 16, 0);
    driver.offer(0);
    check(queue.next()?.head).to.equal(0);
    check(queue.stop()).to.equal((split.nextAvailable - 1) & 0xffff);
  });
});
