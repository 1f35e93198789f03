import { expect as check } from 'chai';
import { expect } from '../lang/result.ts';
import { allocate } from '../sys/ffi.ts';
import { createEventFd, drainEventFd, signalEventFd } from '../sys/eventfd.ts';
import { UnixSocket } from '../sys/unix-socket.ts';
import { coreLauncherChannel, deviceLauncherChannel, startSocketPair } from './start-channel.ts';

describe('StartChannel', () => {
  it('carries a message with its descriptors', () => {
    const [left, right] = expect(startSocketPair(), 'pair');
    using channel = coreLauncherChannel(left);
    using peer = new UnixSocket(right);
    using event = expect(createEventFd(), 'event');
    check(channel.send({ createVm: { id: 'vm', memorySize: 6 * 2 ** 30, kvm: 1 } }, [event.fd]).ok).to.equal(true);
    const buffer = allocate(4096);
    const received = expect(peer.receive(buffer, 0, 4096), 'receive');
    // Field 1 (create_vm): id "vm", memory_size 6 GiB as a varint, kvm 1.
    check(Buffer.from(buffer.bytes.slice(0, received.length)).toString('hex')).to.equal('0a0c0a02766d2080808080185801');
    const [fd] = received.fds;
    check(fd).to.not.equal(undefined);
    if (fd !== undefined) signalEventFd(fd.fd);
    fd?.close();
    check(drainEventFd(event.fd)).to.equal(1);
  });

  it('tells an end that closed from one that has nothing to say', () => {
    const [left, right] = expect(startSocketPair(), 'pair');
    using channel = deviceLauncherChannel(left);
    check(expect(channel.tryReceive(), 'nothing there')).to.equal(undefined);
    right.close();
    const closed = channel.receive();
    check(closed.ok ? '' : closed.error.code).to.equal('CLOSED');
  });

  it('refuses bytes that are no message', () => {
    const [left, right] = expect(startSocketPair(), 'pair');
    using channel = coreLauncherChannel(left);
    using peer = new UnixSocket(right);
    const buffer = allocate(2);
    buffer.bytes.set([0x0a, 0x7f]);
    expect(peer.send(buffer, 0, 2), 'send');
    const got = channel.receive();
    check(got.ok ? '' : got.error.code).to.equal('MALFORMED');
  });
});
