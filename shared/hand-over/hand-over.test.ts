/** Both ends of a hand-over on a real socket; what one process says at the wrong time, the other one tells. */
import { expect as check } from 'chai';
import { expect } from '../lang/result.ts';
import { CopyDevice } from '../testing/copy-device.ts';
import { RawFrontEnd, resources } from '../testing/raw-front-end.ts';
import { SharedRegion, eventFd } from '../testing/session-pair.ts';
import { type FromSuccessor, type ToSuccessor, predecessorEnd, successorEnd } from '../rpc/hand-over-channel.ts';
import { fileStatus } from '../sys/file-status.ts';
import type { OwnedFd } from '../sys/owned-fd.ts';
import { SOCK_SEQPACKET, socketPair } from '../sys/unix-socket.ts';
import { DEVICE_PROTOCOL_FEATURES, SESSION_PROTOCOL_FEATURES, Session } from '../vhost-user/backend/index.ts';
import { encodeFrame } from '../vhost-user/channel.ts';
import {
  NOTHING,
  encodeInflight,
  encodeLog,
  encodeSingleRegion,
  encodeU64,
  encodeVringAddresses,
  encodeVringFile,
  encodeVringState,
} from '../vhost-user/message.ts';
import { VHOST_F_LOG_ALL, VHOST_USER as R, VHOST_USER_F_PROTOCOL_FEATURES, VHOST_VRING_F_LOG } from '../vhost-user/spec.ts';
import { DescriptorList, Descriptors, Predecessor, Successor, readSession, sessionMessage } from './index.ts';

const SIZE = 0x10000;

function ends(): [OwnedFd, OwnedFd] {
  return expect(socketPair(SOCK_SEQPACKET), 'socket pair');
}

/** A successor that has said all that it will say before it is asked. */
function scripted(...said: readonly FromSuccessor[]): Predecessor {
  const [left, right] = ends();
  using other = successorEnd(right);
  for (const message of said) expect(other.send(message), 'send');
  return new Predecessor(left, { kind: 'block' });
}

/** The same of a predecessor. */
function heard(...said: readonly ToSuccessor[]): Successor {
  const [left, right] = ends();
  using other = predecessorEnd(left);
  for (const message of said) expect(other.send(message), 'send');
  return new Successor(right);
}

describe('a hand-over', () => {
  it('brings more descriptors than go beside one packet, in their order', () => {
    const before = resources();
    const [left, right] = ends();
    const predecessor = new Predecessor(left, { kind: 'block', arguments: ['--x'], directory: '/d' });
    const successor = new Successor(right);
    check(expect(successor.greeted('block'), 'greeting')).to.deep.equal({ arguments: ['--x'], directory: '/d' });
    check(predecessor.readiness()).to.equal('waiting');
    const files = Array.from({ length: 150 }, (_, index) => new SharedRegion(0, (index + 1) * 4096));
    // Both are one thread here: the answer is there before the question.
    using other = successorEnd(expect(right.duplicate(), 'duplicate'));
    expect(other.send({ serving: { pid: 7 } }), 'answer');
    const fds = files.map(({ file }) => file.fd);
    check(predecessor.give({ listener: 3 }, fds)).to.deep.equal({ ok: true, value: 7 });
    const { message, descriptors } = expect(successor.takeOver(), 'take over');
    check(message.listener).to.equal(3);
    const sizes = files.map((_, index) => {
      const fd = descriptors.take(index + 1);
      const status = fd && fileStatus(fd.fd);
      return status?.ok === true ? status.value.size : 0;
    });
    check(sizes).to.deep.equal(files.map((_, index) => (index + 1) * 4096));
    check(descriptors.take(1)).to.equal(undefined);
    check(descriptors.take(151)).to.equal(undefined);
    descriptors.close();
    for (const file of files) file[Symbol.dispose]();
    check(successor.serves()).to.equal(true);
    predecessor.close();
    other.close();
    check(resources()).to.deep.equal(before);
  });

  const readiness: readonly (readonly [string, Predecessor, unknown])[] = [
    ['is ready', scripted({ ready: {} }), 'ready'],
    ['refuses', scripted({ refused: { message: 'no' } }), { refused: 'no' }],
    ['has ended', scripted(), { refused: 'the process that was to take over has ended' }],
    ['serves unasked', scripted({ serving: {} }), { refused: 'the process that is to take over does not keep to the protocol' }],
  ];
  for (const [name, predecessor, expected] of readiness) {
    it(`to a process that ${name} -> ${JSON.stringify(expected)}`, () => {
      check(predecessor.readiness()).to.deep.equal(expected);
      predecessor.close();
    });
  }

  it('to a process that refuses what it is given, or ends -> why', () => {
    const [left, right] = ends();
    const predecessor = new Predecessor(left, { kind: 'block' });
    using other = successorEnd(right);
    expect(other.send({ refused: { message: 'locked' } }), 'answer');
    check(predecessor.give({}, [])).to.deep.equal({ ok: false, error: 'locked' });
    predecessor.close();
    const given = scripted().give({}, []);
    check(given.ok ? '' : given.error).to.match(/^the process that was to take over is gone/);
  });

  it('that was given up -> the other process knows that it does not serve', () => {
    const [left, right] = ends();
    const predecessor = new Predecessor(left, { kind: 'block' });
    const successor = new Successor(right);
    predecessor.close();
    check(successor.serves()).to.equal(false);
    // Nobody is there to be told why.
    successor.refuse('too late');
  });

  const refusals: readonly (readonly [string, readonly ToSuccessor[], RegExp])[] = [
    ['nothing', [], /goes on, or has ended/],
    ['of another kind', [{ greeting: { version: 1, kind: 'net' } }], /is no block device/],
    ['of another version', [{ greeting: { version: 2, kind: 'block' } }], /version 2; this program knows version 1/],
    ['that is none', [{ takeOver: { version: 1 } }], /is no block device/],
  ];
  for (const [name, said, expected] of refusals) {
    it(`with a greeting ${name} -> refused`, () => {
      const successor = heard(...said);
      const greeted = successor.greeted('block');
      check(greeted.ok ? '' : greeted.error).to.match(expected);
      successor.serves();
    });
  }

  it('with a state of another version -> refused, and no descriptor of it is left', () => {
    const before = resources();
    const [left, right] = ends();
    using other = predecessorEnd(left);
    const file = eventFd();
    expect(other.send({ descriptors: {} }, [file.fd, file.fd]), 'descriptors');
    expect(other.send({ takeOver: { version: 9, session: { socket: 1 } } }, [file.fd]), 'state');
    file.close();
    const successor = new Successor(right);
    const taken = successor.takeOver();
    check(taken.ok ? '' : taken.error).to.match(/version 9; this program knows version 1/);
    successor.serves();
    other.close();
    check(resources()).to.deep.equal(before);
  });
});

describe('a session as a message', () => {
  /** A session with all that one can have, and a part of a message. */
  function fullSession(): { readonly front: RawFrontEnd; readonly region: SharedRegion } {
    const front = new RawFrontEnd();
    const region = new SharedRegion(0, SIZE);
    for (const ring of [0x1000, 0x2000]) region.view.setUint16(ring + 2, 9, true);
    front.negotiate(SESSION_PROTOCOL_FEATURES | DEVICE_PROTOCOL_FEATURES);
    const { guestStart, size, frontendStart } = region.region;
    const [kick, call, error] = [eventFd(), eventFd(), eventFd()] as const;
    const [descriptor, available, used] = [region.at(0), region.at(0x1000), region.at(0x2000)];
    const flag = { index: 1, hasDescriptor: true };
    const requests: readonly (readonly [number, DataView, readonly OwnedFd[]])[] = [
      [R.ADD_MEM_REG, encodeSingleRegion({ guestStart, size, frontendStart, fileOffset: 0 }), [region.file]],
      [R.GET_INFLIGHT_FD, encodeInflight({ size: 0, fileOffset: 0, queueCount: 2, queueSize: 16 }, 24), []],
      [R.SET_VRING_NUM, encodeVringState({ index: 1, num: 16 }), []],
      [R.SET_FEATURES, encodeU64(front.device.features | VHOST_USER_F_PROTOCOL_FEATURES | VHOST_F_LOG_ALL), []],
      [R.SET_LOG_BASE, encodeLog({ size: 0x1000, fileOffset: 0x20 }), [region.file]],
      [R.SET_LOG_FD, NOTHING, [error]],
      [R.SET_VRING_ADDR, encodeVringAddresses({ index: 1, flags: VHOST_VRING_F_LOG, descriptor, available, used, log: 0x9000 }), []],
      [R.SET_VRING_BASE, encodeVringState({ index: 1, num: 9 }), []],
      [R.SET_VRING_CALL, encodeVringFile(flag), [call]],
      [R.SET_VRING_ERR, encodeVringFile(flag), [error]],
      [R.SET_VRING_KICK, encodeVringFile(flag), [kick]],
      [R.SET_VRING_ENABLE, encodeVringState({ index: 1, num: 1 }), []],
    ];
    for (const [request, payload, fds] of requests)
      check(
        front.send(
          request,
          payload,
          fds.map(({ fd }) => fd),
        ),
      ).to.equal('open');
    for (const fd of [kick, call, error]) fd.close();
    front.write(encodeFrame(R.SET_OWNER, 0, NOTHING).bytes.slice(0, 7));
    check(front.session.readable()).to.equal('open');
    return { front, region };
  }

  it('goes there and back', () => {
    const { front, region } = fullSession();
    const state = front.session.handOver();
    const list = new DescriptorList();
    const message = sessionMessage(state, list);
    const [left, right] = ends();
    using sender = predecessorEnd(left);
    using receiver = successorEnd(right);
    expect(sender.send({ takeOver: { session: message } }, list.fds), 'send');
    const received = expect(receiver.receive(), 'receive');
    const read = expect(readSession(received.message.takeOver?.session ?? {}, new Descriptors(received.fds)), 'session');
    const plain = (value: object): unknown =>
      JSON.parse(
        JSON.stringify(value, (key, inner: unknown) =>
          ['socket', 'file', 'kick', 'call', 'err', 'fds'].includes(key)
            ? inner !== undefined
            : typeof inner === 'bigint'
              ? `${inner}`
              : inner,
        ),
      );
    check(plain(read)).to.deep.equal(plain({ ...state, inflight: { description: state.inflight?.description, file: true } }));
    const device = new CopyDevice();
    using adopted = expect(Session.adopt(read, device), 'adopt');
    front.session.close();
    expect(adopted.resume(), 'resume');
    check(device.starts.map(({ index, base, size, enabled, usedLog }) => [index, base, size, enabled, usedLog])).to.deep.equal([
      [1, 9, 16, true, 0x9000],
    ]);
    check(device.log?.length).to.equal(0x1000);
    front[Symbol.dispose]();
    region[Symbol.dispose]();
  });

  it('with its parts missing, or twice the same descriptor -> what is wrong', () => {
    const { front, region } = fullSession();
    const state = front.session.handOver();
    const list = new DescriptorList();
    const message = sessionMessage(state, list);
    const copies = (): Descriptors => new Descriptors(list.fds.map(() => eventFd()));
    const broken: readonly (readonly [object, string])[] = [
      [{ socket: 0 }, 'it has no socket'],
      [{ regions: [{ guestStart: 0, size: 4096, file: 1 }] }, 'a region of it lacks its file, or lies where none can'],
      [{ regions: [{ size: 0, file: 2 }] }, 'a region of it lacks its file, or lies where none can'],
      [{ inflight: { size: 4096 } }, 'its in-flight area lacks its file'],
      [{ log: { size: 4096 } }, 'its dirty log lacks its file'],
      [{ backendChannel: {} }, 'its back-end channel lacks its socket'],
      [{ begun: new Uint8Array(5000) }, 'the message under way is none'],
      [{ begunDescriptors: [99] }, 'the message under way is none'],
    ];
    for (const [change, line] of broken) {
      const descriptors = copies();
      const read = readSession({ ...message, ...change }, descriptors);
      check(read.ok ? '' : read.error).to.equal(line);
      descriptors.close();
    }
    front[Symbol.dispose]();
    region[Symbol.dispose]();
  });
});
