import { expect as check } from 'chai';
import { expect } from '../lang/result.ts';
import { Watcher } from './watcher.ts';
import { EPOLLIN } from './epoll.ts';
import { createEventFd, drainEventFd, signalEventFd } from './eventfd.ts';

describe('Watcher', () => {
  it('tells of a descriptor that becomes ready while the event loop runs', async () => {
    const watcher = new Watcher();
    using event = expect(createEventFd(), 'event');
    const counts: number[] = [];
    let told: () => void = () => {};
    const watch = watcher.watch(event.fd, EPOLLIN, () => {
      counts.push(drainEventFd(event.fd));
      told();
    });
    for (const _round of [1, 2]) {
      const next = new Promise<void>((resolve) => (told = resolve));
      setImmediate(() => signalEventFd(event.fd));
      await next;
    }
    check(counts).to.deep.equal([1, 1]);
    watch.close();
    await watcher.close();
  });

  it('tells nothing of a closed watch', async () => {
    const watcher = new Watcher();
    using closed = expect(createEventFd(), 'event');
    using open = expect(createEventFd(), 'event');
    const watch = watcher.watch(closed.fd, EPOLLIN, () => {
      throw new Error('told of a closed watch');
    });
    const ready = new Promise<void>((resolve) => {
      const other = watcher.watch(open.fd, EPOLLIN, () => {
        other.close();
        resolve();
      });
    });
    watch.close();
    signalEventFd(closed.fd);
    signalEventFd(open.fd);
    await ready;
    await watcher.close();
  });
});
