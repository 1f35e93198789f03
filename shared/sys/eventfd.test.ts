import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { expect as must } from '../lang/result.ts';
import { createEventFd, drainEventFd, signalEventFd } from './eventfd.ts';

/** A program of its own, because a read that waits would wait for ever. */
const DRAIN_BLOCKING = `
  import { createEventFd, drainEventFd, signalEventFd } from '${new URL('eventfd.ts', import.meta.url).href}';
  import { syscall } from '${new URL('ffi.ts', import.meta.url).href}';
  import { SYS } from '${new URL('syscall-numbers.ts', import.meta.url).href}';
  const F_SETFL = 4;
  const made = createEventFd();
  if (!made.ok || syscall(SYS.fcntl, made.value.fd, F_SETFL, 0) !== 0) throw new Error('no blocking eventfd');
  const { fd } = made.value;
  signalEventFd(fd);
  console.log(drainEventFd(fd), drainEventFd(fd));
`;

describe('eventfd', () => {
  it('counts signals until they are taken', () => {
    using made = must(createEventFd(), 'test');
    expect(drainEventFd(made.fd)).to.equal(0);
    signalEventFd(made.fd);
    signalEventFd(made.fd);
    expect([drainEventFd(made.fd), drainEventFd(made.fd)]).to.deep.equal([2, 0]);
  });

  it('is drained without waiting, also where a peer has made it a blocking one', () => {
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', DRAIN_BLOCKING], { encoding: 'utf8', timeout: 20_000 });
    expect(printed).to.equal('1 0\n');
  }).timeout(30_000);
});
