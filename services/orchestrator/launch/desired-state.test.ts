import { expect } from 'chai';
import { WriteCache } from '#shared/rpc/start-channel.ts';
import { DesiredState } from './desired-state.ts';

describe('what of a disk was changed', () => {
  const first = { id: 'd', serial: 's', limits: { ops: { size: 1, oneTimeBurst: 0, refillMs: 1 } } };

  it('is nothing at first', () => {
    expect(new DesiredState().of('d', first)).to.deep.equal(first);
  });

  it('is the newest of each, whatever else a process says, and of one disk', () => {
    const state = new DesiredState();
    state.note('d', { limitsChanged: { ops: { size: 2, oneTimeBurst: 0, refillMs: 2 } } });
    state.note('d', { writeCacheChanged: WriteCache.THROUGH });
    state.note('d', { writeCacheChanged: WriteCache.BACK });
    state.note('d', { limitsChanged: {} });
    state.note('d', { drainedChanged: { drained: true } });
    state.note('d', { deviceSizeChanged: { size: 8192 } });
    state.note('d', { deviceSizeChanged: { size: 4096 } });
    state.note('d', { started: {} });
    state.note('other', { writeCacheChanged: WriteCache.THROUGH });
    expect(state.of('d', first)).to.deep.equal({ ...first, limits: {}, writeCache: WriteCache.BACK, drained: true, deviceSize: 4096 });
    state.note('d', { drainedChanged: {} });
    expect(state.of('d', first).drained).to.equal(false);
  });

  it('is the last program that has taken over', () => {
    const state = new DesiredState();
    expect(state.programOf('d')).to.equal(undefined);
    state.upgraded('d', '/new');
    state.upgraded('d', '');
    expect([state.programOf('d'), state.programOf('e')]).to.deep.equal(['/new', undefined]);
  });
});
