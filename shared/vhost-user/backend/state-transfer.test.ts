/** A device's own state over a pipe: both our ends, and a front end that sends, byte for byte, what it should not. */
import { openSync } from 'node:fs';
import { expect as check } from 'chai';
import { expect, type Result } from '../../lang/result.ts';
import { allocate } from '../../sys/ffi.ts';
import { type Fd, OwnedFd } from '../../sys/owned-fd.ts';
import { createPipe, readPipe, writePipe } from '../../sys/pipe.ts';
import { CopyDevice } from '../../testing/copy-device.ts';
import { RawFrontEnd, resources } from '../../testing/raw-front-end.ts';
import { SessionPair, SharedRegion, eventFd } from '../../testing/session-pair.ts';
import type { FrontendError } from '../errors.ts';
import { NOTHING, encodeSingleRegion, encodeStateTransfer, encodeVringAddresses, encodeVringFile, encodeVringState } from '../message.ts';
import { VHOST_USER as R } from '../spec.ts';
import { DEVICE_PROTOCOL_FEATURES, SESSION_PROTOCOL_FEATURES } from './index.ts';

const ALL = DEVICE_PROTOCOL_FEATURES | SESSION_PROTOCOL_FEATURES;
const SAVE = 0;
const LOAD = 1;
const DONE = 0x100;
const REFUSED = 0x101;
const CONFIG_SIZE = 16;

/** A front end with a pipe, of which one end is the back end's. */
class Sender implements Disposable {
  readonly front = new RawFrontEnd(new CopyDevice());
  readonly ours: OwnedFd;
  readonly #theirs: OwnedFd;
  readonly #isSaving: boolean;

  constructor(direction: number) {
    const [read, write] = expect(createPipe(), 'pipe');
    this.#isSaving = direction === SAVE;
    [this.ours, this.#theirs] = this.#isSaving ? [read, write] : [write, read];
    this.front.negotiate(ALL);
  }

  /** The request's answer. Their end is theirs alone afterwards. */
  begin(direction = this.#isSaving ? SAVE : LOAD, phase = 0, fds: readonly Fd[] = [this.#theirs.fd]): number | string {
    this.front.send(R.SET_DEVICE_STATE_FD, encodeStateTransfer({ direction, phase }), fds);
    this.#theirs.close();
    return this.#answer();
  }

  write(bytes: Uint8Array): number {
    const buffer = allocate(Math.max(1, bytes.length));
    buffer.bytes.set(bytes);
    const written = writePipe(this.ours.fd, buffer, 0, bytes.length);
    return written.ok ? written.value : -written.error.errno;
  }

  check(): number | string {
    this.front.send(R.CHECK_DEVICE_STATE);
    return this.#answer();
  }

  [Symbol.dispose](): void {
    this.front[Symbol.dispose]();
    this.ours.close();
    this.#theirs.close();
  }

  #answer(): number | string {
    const reply = this.front.reply();
    return reply === undefined ? 'none' : Number(reply.view.getBigUint64(0, true));
  }
}

function codeOf(result: Result<unknown, FrontendError>): string {
  return result.ok ? 'no error' : result.error.code === 'REFUSED' ? `REFUSED ${result.error.request}` : result.error.code;
}

const STATE = Uint8Array.from({ length: CONFIG_SIZE }, (_, index) => 100 + index);

describe('a back end session: device state', () => {
  it('is saved whole by the time of the answer, and its end is closed', () => {
    using sender = new Sender(SAVE);
    check(sender.begin()).to.equal(DONE);
    const bytes = allocate(100);
    check(expect(readPipe(sender.ours.fd, bytes, 0, 100), 'read')).to.equal(CONFIG_SIZE);
    check(bytes.bytes.subarray(0, CONFIG_SIZE)).to.deep.equal(sender.front.device.config);
    check(expect(readPipe(sender.ours.fd, bytes, 0, 100), 'end')).to.equal(0);
    check(sender.check()).to.equal(0);
    check(sender.check(), 'a second time').to.equal(1);
  });

  it('is loaded in pieces', () => {
    using sender = new Sender(LOAD);
    check(sender.begin()).to.equal(DONE);
    for (const byte of STATE) {
      sender.write(Uint8Array.of(byte));
      sender.front.session.transfer.readable();
    }
    sender.ours.close();
    check(sender.check()).to.equal(0);
    check(sender.front.device.config).to.deep.equal(STATE);
  });

  it('is judged once, at the check', () => {
    using sender = new Sender(LOAD);
    sender.begin();
    sender.write(STATE);
    sender.ours.close();
    sender.front.session.transfer.readable();
    check(sender.front.session.transfer.pipe).to.equal(undefined);
    check(sender.check()).to.equal(0);
  });

  const wrong: readonly (readonly [string, (sender: Sender) => void])[] = [
    ['no byte', (sender) => sender.ours.close()],
    ['a byte too few', (sender) => sendAll(sender, STATE.subarray(1))],
    ['a byte too many', (sender) => sendAll(sender, Uint8Array.of(...STATE, 0))],
    ['more than any device has', (sender) => sendAll(sender, new Uint8Array(4097))],
    ['an end that does not come', (sender) => void sender.write(STATE)],
  ];
  for (const [name, send] of wrong) {
    it(`${name} -> refused, and the device is what it was`, () => {
      using sender = new Sender(LOAD);
      const before = sender.front.device.config.slice();
      check(sender.begin()).to.equal(DONE);
      send(sender);
      check(sender.check()).to.equal(1);
      check(sender.front.device.config).to.deep.equal(before);
    });
  }

  it('a front end with more to say than a pipe holds is not kept waiting', () => {
    using sender = new Sender(LOAD);
    sender.begin();
    const EAGAIN = -11;
    const EPIPE = -32;
    let written = 0;
    while ((written = sender.write(new Uint8Array(60_000))) > 0);
    check(written).to.equal(EAGAIN);
    sender.front.session.transfer.readable();
    check(sender.write(new Uint8Array(1))).to.equal(EPIPE);
    check(sender.check()).to.equal(1);
  });

  const refusals: readonly (readonly [string, (sender: Sender, other: Fd) => number | string])[] = [
    ['no descriptor', (sender) => sender.begin(LOAD, 0, [])],
    ['two descriptors', (sender, other) => sender.begin(LOAD, 0, [other, other])],
    ['an eventfd', (sender, other) => sender.begin(LOAD, 0, [other])],
    ['another phase', (sender) => sender.begin(LOAD, 1)],
    ['another direction', (sender) => sender.begin(2)],
    ['the end of a pipe that can only be read, to save', (sender) => sender.begin(SAVE)],
  ];
  for (const [name, begin] of refusals) {
    it(`${name} -> refused at once`, () => {
      using sender = new Sender(LOAD);
      using other = eventFd();
      check(begin(sender, other.fd)).to.equal(REFUSED);
      check(sender.check()).to.equal(1);
    });
  }

  it('a pipe that is full -> refused, without waiting', () => {
    using sender = new Sender(SAVE);
    const [read, write] = expect(createPipe(), 'pipe');
    const buffer = allocate(65_536);
    while (writePipe(write.fd, buffer, 0, 65_536).ok);
    // A descriptor of its own that would wait.
    using blocking = new OwnedFd(openSync(`/proc/self/fd/${write.fd}`, 'w'));
    check(sender.begin(SAVE, 0, [blocking.fd])).to.equal(REFUSED);
    read.close();
    write.close();
  });

  it('a ring that runs -> refused', () => {
    using region = new SharedRegion(0, 0x1_0000);
    using sender = new Sender(SAVE);
    const { front } = sender;
    const { guestStart, size, frontendStart } = region.region;
    front.ask(R.ADD_MEM_REG, encodeSingleRegion({ guestStart, size, frontendStart, fileOffset: 0 }), [region.file.fd]);
    front.ask(R.SET_VRING_NUM, encodeVringState({ index: 0, num: 16 }));
    const parts = { descriptor: region.at(0), available: region.at(0x1000), used: region.at(0x2000) };
    front.ask(R.SET_VRING_ADDR, encodeVringAddresses({ index: 0, flags: 0, ...parts }));
    front.ask(R.SET_VRING_KICK, encodeVringFile({ index: 0, hasDescriptor: false }));
    check(front.device.runningRings).to.equal(1);
    check(sender.begin()).to.equal(REFUSED);
    front.send(R.GET_VRING_BASE, encodeVringState({ index: 0, num: 0 }));
    front.reply();
  });

  it('leaves nothing behind, begun again and again or ended in the middle', () => {
    const round = (): void => {
      for (let count = 0; count < 50; count++) {
        using sender = new Sender(count % 2);
        sender.begin();
        const [read, write] = expect(createPipe(), 'pipe');
        sender.front.send(R.SET_DEVICE_STATE_FD, encodeStateTransfer({ direction: LOAD, phase: 0 }), [read.fd]);
        sender.front.send(R.CHECK_DEVICE_STATE, NOTHING, [write.fd]);
        read.close();
        write.close();
      }
    };
    round();
    const before = resources();
    round();
    check(resources()).to.deep.equal(before);
  });
});

describe('device state, both ends', () => {
  it('goes from one device to another', async () => {
    await using source = new SessionPair();
    await using target = new SessionPair();
    expect(await source.frontend.negotiate(), 'negotiate');
    expect(await target.frontend.negotiate(), 'negotiate');
    source.device.config.set(STATE);
    const state = expect(await source.frontend.saveState(), 'save');
    check(state).to.deep.equal(STATE);
    expect(await target.frontend.loadState(state), 'load');
    check(target.device.config).to.deep.equal(STATE);
  });

  it('is refused where it is none of the device -> REFUSED, and the session goes on', async () => {
    await using pair = new SessionPair();
    expect(await pair.frontend.negotiate(), 'negotiate');
    check(codeOf(await pair.frontend.loadState(new Uint8Array(5)))).to.equal(`REFUSED ${R.CHECK_DEVICE_STATE}`);
    expect(await pair.frontend.loadState(STATE), 'load');
  });

  it('without the protocol feature -> NOT_NEGOTIATED', async () => {
    await using pair = new SessionPair({ wantedProtocolFeatures: SESSION_PROTOCOL_FEATURES });
    expect(await pair.frontend.negotiate(), 'negotiate');
    check(codeOf(await pair.frontend.saveState())).to.equal('NOT_NEGOTIATED');
    check(codeOf(await pair.frontend.loadState(STATE))).to.equal('NOT_NEGOTIATED');
  });
});

function sendAll(sender: Sender, bytes: Uint8Array): void {
  sender.write(bytes);
  sender.ours.close();
}
