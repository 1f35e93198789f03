import { MessageChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { expect as must, ok } from '#shared/lang/result.ts';
import { createEventFd } from '#shared/sys/eventfd.ts';
import { makeStatistics } from '../stats/statistics.ts';
import type { Command, Order } from './commands.ts';
import { RemoteControl } from './remote-control.ts';

describe('RemoteControl', () => {
  it('has a disk go on whose requests do not end in time', async () => {
    const { port1, port2 } = new MessageChannel();
    const wake = must(createEventFd(), 'eventfd');
    const orders: Order[] = [];
    const state = {
      size: 512,
      hasFrontEnd: true,
      queues: [],
      isDrained: false,
      limits: {},
      limitsGroup: '',
      engine: 'io_uring' as const,
      writesThrough: false,
    };
    // A data thread whose requests never end.
    port1.on('message', ({ id, order }: Command) => {
      orders.push(order);
      if (order.kind !== 'hold') port1.postMessage({ id, outcome: ok(state) });
    });
    const identity = { id: '', kind: 'block', programVersion: '', features: [], imagePath: '', imageType: 'raw', readOnly: false };
    const control = new RemoteControl({ identity, port: port2, wakeFd: wake.fd, statistics: makeStatistics() });
    const drained = await control.drain(20);
    expect(drained.ok ? {} : drained.error).to.deep.include({ status: 'DEADLINE_EXCEEDED', reason: 'DRAIN_TIMEOUT' });
    expect(orders).to.deep.equal([{ kind: 'hold' }, { kind: 'abandon', hold: 1 }]);
    expect(must(await control.describe(), 'describe')).to.deep.equal(state);
    port1.close();
    wake.close();
  });
});
