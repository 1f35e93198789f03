/** A hostile back end [evil-backend]: whatever it answers, or does not, the front end ends up with a typed error and holds nothing. */
import { expect as check } from 'chai';
import { expect } from '../../lang/result.ts';
import { resources } from '../../testing/raw-front-end.ts';
import { eventFd } from '../../testing/session-pair.ts';
import { EPOLLIN } from '../../sys/epoll.ts';
import { allocate } from '../../sys/ffi.ts';
import type { Fd, OwnedFd } from '../../sys/owned-fd.ts';
import { Watcher, type Watch } from '../../sys/watcher.ts';
import { SOCK_STREAM, UnixSocket, socketPair } from '../../sys/unix-socket.ts';
import { Channel, type Message, closeAll, encodeFrame } from '../channel.ts';
import { NOTHING, encodeConfigAccess, encodeInflight, encodeU64, encodeVringState } from '../message.ts';
import { MAX_PAYLOAD, VHOST_USER as R, VHOST_USER_BACKEND, VHOST_USER_NEED_REPLY, VHOST_USER_REPLY } from '../spec.ts';
import { FRONTEND_PROTOCOL_FEATURES, Frontend, type FrontendError, type Reply } from './index.ts';

/** What to send, and with which descriptors, when a request comes; nothing: stay silent. */
interface Sent {
  readonly bytes: Uint8Array;
  readonly fds?: readonly Fd[];
}
type Script = (request: number, evil: EvilBackEnd) => Sent | undefined;

/** Answers as a well-behaved back end would, but for what `script` says otherwise. */
class EvilBackEnd implements AsyncDisposable {
  readonly watcher = new Watcher();
  readonly frontend: Frontend;
  readonly socket: UnixSocket;
  /** The back end's end of its own channel, once it was given. */
  backendSocket: UnixSocket | undefined;
  lost: FrontendError[] = [];
  configChanges = 0;
  readonly #channel: Channel;
  readonly #watch: Watch;
  readonly #script: Script;
  #isGone = false;

  constructor(script: Script, replyTimeoutMs = 5000) {
    const [left, right] = expect(socketPair(SOCK_STREAM), 'socket pair');
    this.#script = script;
    this.socket = new UnixSocket(right);
    this.#channel = new Channel(this.socket);
    this.#watch = this.watcher.watch(right.fd, EPOLLIN, () => this.#answerAll());
    this.frontend = new Frontend(new UnixSocket(left), this.watcher, {
      wantedFeatures: 0n,
      wantedProtocolFeatures: FRONTEND_PROTOCOL_FEATURES,
      replyTimeoutMs,
    });
    this.frontend.onLost = (why) => this.lost.push(why);
    this.frontend.onConfigChange = () => void this.configChanges++;
  }

  write(bytes: Uint8Array, fds: readonly Fd[] = [], socket = this.socket): void {
    const buffer = allocate(bytes.length);
    buffer.bytes.set(bytes);
    socket.send(buffer, 0, bytes.length, fds);
  }

  hangUp(): void {
    this.#isGone = true;
    this.#watch.close();
    this.#channel.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.frontend.close();
    this.hangUp();
    this.backendSocket?.close();
    await this.watcher.close();
  }

  #answerAll(): void {
    for (let count = 0; count < 64 && !this.#isGone; count++) {
      const reception = this.#channel.receive();
      if (reception.kind === 'closed' || reception.kind === 'failed') this.#watch.close();
      if (reception.kind !== 'message') return;
      if (reception.message.request === R.SET_BACKEND_REQ_FD) this.#take(reception.message.fds.shift());
      closeAll(reception.message.fds);
      const sent = this.#script(reception.message.request, this) ?? goodAnswer(reception.message);
      if (sent !== undefined && sent.bytes.length > 0) this.write(sent.bytes, sent.fds);
    }
  }

  #take(fd: OwnedFd | undefined): void {
    if (fd !== undefined) this.backendSocket = new UnixSocket(fd);
  }
}

const SILENCE: Sent = { bytes: new Uint8Array() };

function goodAnswer({ request, needsReply, payload }: Message): Sent | undefined {
  if (request === R.GET_FEATURES) return reply(request, encodeU64(1n << 30n));
  if (request === R.GET_PROTOCOL_FEATURES) return reply(request, encodeU64(FRONTEND_PROTOCOL_FEATURES));
  if (request === R.GET_QUEUE_NUM || request === R.GET_STATUS) return reply(request, encodeU64(1n));
  if (request === R.GET_MAX_MEM_SLOTS) return reply(request, encodeU64(8n));
  if (request === R.GET_CONFIG) return reply(request, payload);
  if (request === R.GET_VRING_BASE) return reply(request, encodeVringState({ index: 0, num: 3 }));
  return needsReply ? reply(request, encodeU64(0n)) : undefined;
}

function reply(request: number, payload: DataView, flags: number = VHOST_USER_REPLY): Sent {
  return { bytes: encodeFrame(request, flags, payload).bytes };
}

/** One frame with a word of its header replaced. */
function header(request: number, word: 0 | 1 | 2, value: number): Sent {
  const frame = encodeFrame(request, VHOST_USER_REPLY, encodeU64(0n));
  frame.view.setUint32(word * 4, value, true);
  return { bytes: frame.bytes };
}

function told(error: FrontendError | undefined): string {
  if (error === undefined) return 'no error';
  return 'cause' in error ? `${error.code}/${error.cause.code}` : error.code;
}

async function errorOf(call: Reply<unknown>): Promise<string> {
  const result = await call;
  return told(result.ok ? undefined : result.error);
}

describe('a front end and an evil back end', () => {
  const answers: readonly (readonly [string, Sent | 'hang up', string])[] = [
    ['the answer to another request', reply(R.GET_QUEUE_NUM, encodeU64(0n)), 'UNEXPECTED_MESSAGE'],
    ['a request', reply(R.GET_FEATURES, encodeU64(0n), 0), 'UNEXPECTED_MESSAGE'],
    ['too short', reply(R.GET_FEATURES, new DataView(new ArrayBuffer(4))), 'BAD_REPLY/WRONG_SIZE'],
    ['empty', reply(R.GET_FEATURES, NOTHING), 'BAD_REPLY/WRONG_SIZE'],
    ['too long', reply(R.GET_FEATURES, new DataView(new ArrayBuffer(MAX_PAYLOAD))), 'BAD_REPLY/WRONG_SIZE'],
    ['of another version', header(R.GET_FEATURES, 1, 6), 'CHANNEL/BAD_VERSION'],
    ['with unknown flags', header(R.GET_FEATURES, 1, 0x105), 'CHANNEL/UNKNOWN_FLAGS'],
    ['of 4 GiB', header(R.GET_FEATURES, 2, 0xffff_ffff), 'CHANNEL/MESSAGE_TOO_LONG'],
    ['the end', 'hang up', 'PEER_CLOSED'],
  ];
  for (const [name, answer, expected] of answers) {
    it(`is answered ${name} -> ${expected}`, async () => {
      const before = resources();
      {
        await using evil = new EvilBackEnd((request, self) => {
          if (request !== R.GET_FEATURES) return undefined;
          if (answer !== 'hang up') return answer;
          self.hangUp();
          return SILENCE;
        });
        check(await errorOf(evil.frontend.negotiate())).to.equal(expected);
        check(evil.lost.map(told)).to.deep.equal([expected]);
        check(await errorOf(evil.frontend.getStatus())).to.equal('NOT_NEGOTIATED');
        check(await errorOf(evil.frontend.ackFeatures(0n))).to.equal(expected);
      }
      check(resources()).to.deep.equal(before);
    });
  }

  it('is answered twice -> UNEXPECTED_MESSAGE', async () => {
    await using evil = new EvilBackEnd((request) => {
      const once = encodeFrame(R.GET_FEATURES, VHOST_USER_REPLY, encodeU64(1n << 30n)).bytes;
      return request === R.GET_FEATURES ? { bytes: Uint8Array.of(...once, ...once) } : undefined;
    });
    check(await errorOf(evil.frontend.negotiate())).to.equal('UNEXPECTED_MESSAGE');
  });

  it('is never answered -> TIMEOUT, for all open calls', async () => {
    // From the first on: a back end in this thread may be slower than so short a deadline.
    await using evil = new EvilBackEnd(() => SILENCE, 50);
    const [first, second] = await Promise.all([errorOf(evil.frontend.negotiate()), errorOf(evil.frontend.negotiate())]);
    check(first).to.equal('TIMEOUT');
    check(second).to.equal('TIMEOUT');
    check(evil.lost.map(told)).to.deep.equal(['TIMEOUT']);
  });

  it('has answered while this thread was busy past the deadline -> the answer', async () => {
    const timeoutMs = 1000;
    await using evil = new EvilBackEnd((request) => (request === R.GET_STATUS ? SILENCE : undefined), timeoutMs);
    expect(await evil.frontend.negotiate(), 'negotiate');
    const asked = evil.frontend.getStatus();
    evil.write(reply(R.GET_STATUS, encodeU64(7n)).bytes);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs * 1.5);
    check(expect(await asked, 'status')).to.equal(7);
    check(evil.lost).to.deep.equal([]);
  });

  it('gets half an answer -> TIMEOUT', async () => {
    const half = encodeFrame(R.GET_FEATURES, VHOST_USER_REPLY, encodeU64(0n)).bytes.slice(0, 15);
    await using evil = new EvilBackEnd((request) => (request === R.GET_FEATURES ? { bytes: half } : undefined), 50);
    check(await errorOf(evil.frontend.negotiate())).to.equal('TIMEOUT');
  });

  it('closes descriptors that no answer has', async () => {
    using event = eventFd();
    const before = resources();
    {
      await using evil = new EvilBackEnd((request) =>
        request === R.GET_FEATURES ? { ...reply(request, encodeU64(0n)), fds: [event.fd, event.fd] } : undefined,
      );
      check(await errorOf(evil.frontend.negotiate())).to.equal('WRONG_DESCRIPTORS');
    }
    check(resources()).to.deep.equal(before);
  });

  const lies: readonly (readonly [string, number, DataView, (frontend: Frontend) => Reply<unknown>, string])[] = [
    ['no queues', R.GET_QUEUE_NUM, encodeU64(0n), (f) => f.negotiate(), 'WRONG_ANSWER'],
    ['2^64-1 queues', R.GET_QUEUE_NUM, encodeU64(2n ** 64n - 1n), (f) => f.negotiate(), 'WRONG_ANSWER'],
    ['no memory slots', R.GET_MAX_MEM_SLOTS, encodeU64(0n), (f) => f.negotiate(), 'WRONG_ANSWER'],
    ['a status of nine bits', R.GET_STATUS, encodeU64(0x100n), (f) => f.getStatus(), 'WRONG_ANSWER'],
    ['the base of another ring', R.GET_VRING_BASE, encodeVringState({ index: 1, num: 0 }), (f) => f.stopRing(0), 'WRONG_ANSWER'],
    ['a base that no ring has', R.GET_VRING_BASE, encodeVringState({ index: 0, num: 0x10000 }), (f) => f.stopRing(0), 'WRONG_ANSWER'],
    [
      'config of another place',
      R.GET_CONFIG,
      encodeConfigAccess({ offset: 4, bytes: new Uint8Array(8) }),
      (f) => f.readConfig(0, 8),
      'WRONG_ANSWER',
    ],
    ['less config', R.GET_CONFIG, encodeConfigAccess({ offset: 0, bytes: new Uint8Array(4) }), (f) => f.readConfig(0, 8), 'WRONG_ANSWER'],
    ['config that is longer than it says', R.GET_CONFIG, new DataView(new ArrayBuffer(40)), (f) => f.readConfig(0, 8), 'BAD_REPLY/EMPTY'],
    [
      'an area without a file',
      R.GET_INFLIGHT_FD,
      encodeInflight({ size: 4096, fileOffset: 0, queueCount: 1, queueSize: 16 }),
      (f) => f.getInflight(1, 16),
      'WRONG_DESCRIPTORS',
    ],
    ['an acknowledgement of four bytes', R.SET_STATUS, new DataView(new ArrayBuffer(4)), (f) => f.setStatus(1), 'BAD_REPLY/WRONG_SIZE'],
  ];
  for (const [name, request, payload, call, expected] of lies) {
    it(`is told of ${name} -> ${expected}`, async () => {
      await using evil = new EvilBackEnd((asked) => (asked === request ? reply(request, payload) : undefined));
      const negotiated = await errorOf(evil.frontend.negotiate());
      check(negotiated === 'no error' ? await errorOf(call(evil.frontend)) : negotiated).to.equal(expected);
      check(evil.lost.map(told)).to.deep.equal([expected]);
    });
  }

  it('is refused, and goes on', async () => {
    await using evil = new EvilBackEnd((request) => (request === R.SET_STATUS ? reply(request, encodeU64(7n)) : undefined));
    expect(await evil.frontend.negotiate(), 'negotiate');
    const refused = await evil.frontend.setStatus(1);
    check(refused.ok ? undefined : refused.error).to.deep.equal({ code: 'REFUSED', request: R.SET_STATUS, status: 7n });
    check(await errorOf(evil.frontend.getStatus())).to.equal('no error');
    check(evil.lost).to.deep.equal([]);
  });

  it('keeps many calls under way without waiting, in order', async () => {
    const seen: number[] = [];
    await using evil = new EvilBackEnd((request) => void seen.push(request));
    expect(await evil.frontend.negotiate(), 'negotiate');
    seen.length = 0;
    const calls = Array.from({ length: 500 }, (_, index) =>
      index % 2 === 0 ? errorOf(evil.frontend.getStatus()) : errorOf(evil.frontend.ackFeatures(0n)),
    );
    check(new Set(await Promise.all(calls))).to.deep.equal(new Set(['no error']));
    check(seen).to.deep.equal(Array.from({ length: 500 }, (_, index) => (index % 2 === 0 ? R.GET_STATUS : R.SET_FEATURES)));
  });

  it('takes a flood of config changes for one, and answers those that want an answer', async () => {
    await using evil = new EvilBackEnd(() => undefined);
    expect(await evil.frontend.negotiate(), 'negotiate');
    const change = encodeFrame(VHOST_USER_BACKEND.CONFIG_CHANGE_MSG, VHOST_USER_NEED_REPLY, NOTHING).bytes;
    for (let count = 0; count < 10; count++) evil.write(change, [], evil.backendSocket);
    expect(await evil.frontend.getStatus(), 'a turn of the watcher');
    expect(await evil.frontend.getStatus(), 'another');
    check(evil.configChanges).to.equal(1);
    const { backendSocket } = evil;
    if (backendSocket === undefined) throw new Error('no back end channel was given');
    const got = expect(backendSocket.receive(allocate(4096), 0, 4096), 'replies');
    check(got.length).to.equal(10 * 20);
  });

  it('loses a back end that asks for what was not negotiated -> UNEXPECTED_BACKEND_REQUEST', async () => {
    await using evil = new EvilBackEnd(() => undefined);
    expect(await evil.frontend.negotiate(), 'negotiate');
    evil.write(encodeFrame(VHOST_USER_BACKEND.IOTLB_MSG, 0, NOTHING).bytes, [], evil.backendSocket);
    await errorOf(evil.frontend.getStatus());
    await errorOf(evil.frontend.getStatus());
    check(evil.lost.map(told)).to.deep.equal(['UNEXPECTED_BACKEND_REQUEST']);
  });

  it('does without protocol features where there are none', async () => {
    await using evil = new EvilBackEnd((request) => (request === R.GET_FEATURES ? reply(request, encodeU64(0n)) : undefined));
    const offered = expect(await evil.frontend.negotiate(), 'negotiate');
    check(offered.protocolFeatures).to.equal(0n);
    check(await errorOf(evil.frontend.readConfig(0, 4))).to.equal('NOT_NEGOTIATED');
    check(await errorOf(evil.frontend.enableRing(0, true))).to.equal('no error');
    check(await errorOf(evil.frontend.setLogging(true, []))).to.equal('NOT_NEGOTIATED');
  });
});
