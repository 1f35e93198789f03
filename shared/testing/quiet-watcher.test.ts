import { expect as check } from 'chai';
import { expect } from '../lang/result.ts';
import { EPOLLIN } from '../sys/epoll.ts';
import { createEventFd, drainEventFd, signalEventFd } from '../sys/eventfd.ts';
import { QuietWatcher } from './quiet-watcher.ts';

describe('QuietWatcher', () => {
  it('settles when all that came of one signal is over, by descriptors and by immediates', async () => {
    const watcher = new QuietWatcher();
    using event = expect(createEventFd(), 'event');
    const steps: string[] = [];
    const watch = watcher.watch(event.fd, EPOLLIN, () => {
      drainEventFd(event.fd);
      steps.push('told');
      if (steps.length < 30) setImmediate(() => setImmediate(() => (steps.push('turn'), signalEventFd(event.fd))));
    });
    await watcher.settle();
    check(steps).to.deep.equal([]);
    signalEventFd(event.fd);
    await watcher.settle();
    check(steps.length).to.equal(31);
    watch.close();
    await watcher.close();
  });

  it('says so where it never comes to rest', async () => {
    const watcher = new QuietWatcher();
    using event = expect(createEventFd(), 'event');
    const watch = watcher.watch(event.fd, EPOLLIN, () => {});
    signalEventFd(event.fd);
    const outcome = await watcher.settle().catch(String);
    check(outcome).to.match(/has not come to rest/);
    watch.close();
    await watcher.close();
  });
});
