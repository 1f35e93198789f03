/** Channels over descriptors that others have too: a pipe's other readers, and readers that come and go. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { createEventFd, drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { OwnedFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { QuietWatcher, until } from '#shared/testing/quiet-watcher.ts';
import { ByteChannel, type ByteDevice } from './byte-channel.ts';

const ROOM = 16;

/** Says `output`, and keeps what it hears. */
class TestDevice implements ByteDevice {
  output = Buffer.alloc(0);
  heard = '';
  /** Called before anything else when bytes come. */
  hearing = (): void => {};

  takeOutput(target: Uint8Array): number {
    const length = Math.min(target.length, this.output.length);
    target.set(this.output.subarray(0, length));
    this.output = this.output.subarray(length);
    return length;
  }

  inputRoom(): number {
    return ROOM;
  }

  pushInput(bytes: Uint8Array): void {
    this.hearing();
    this.heard += Buffer.from(bytes).toString();
  }
}

describe('ByteChannel over shared descriptors', function () {
  this.timeout(30_000);
  let folder: string;
  let watcher: QuietWatcher;
  const channels: ByteChannel[] = [];
  const owned: OwnedFd[] = [];
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shared-descriptors-'));
    watcher = new QuietWatcher();
  });

  afterEach(async () => {
    for (const channel of channels.splice(0)) channel[Symbol.dispose]();
    for (const fd of owned.splice(0)) fd.close();
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await watcher.close();
    rmSync(folder, { recursive: true });
  });

  /** A pipe with a name, to be opened at both ends. */
  function pipe(name: string): string {
    const path = join(folder, name);
    spawnSync('mkfifo', [path]);
    return path;
  }

  function open(path: string, flags: number): OwnedFd {
    const fd = new OwnedFd(openSync(path, flags));
    owned.push(fd);
    return fd;
  }

  /** Of the channel, which closes it. */
  function descriptor(path: string, flags: number): OwnedFd {
    return new OwnedFd(openSync(path, flags));
  }

  /** Where to write what `device` is to hear. */
  function typedTo(device: ByteDevice, name: string): number {
    const path = pipe(name);
    channel(device, { input: descriptor(path, constants.O_RDWR) }).resumeInput();
    return open(path, constants.O_RDWR).fd;
  }

  function channel(device: ByteDevice, ends: { readonly input?: OwnedFd; readonly output?: OwnedFd }): ByteChannel {
    const made = new ByteChannel(watcher, device, { ...ends, neverStall: false });
    channels.push(made);
    return made;
  }

  /** Has `run` run by the watcher: what becomes ready in it is told of together. Resolves when that is over. */
  async function inWatcher(run: () => void): Promise<void> {
    using signal = expect(createEventFd(), 'eventfd');
    const watch = watcher.watch(signal.fd, EPOLLIN, () => {
      drainEventFd(signal.fd);
      run();
    });
    signalEventFd(signal.fd);
    await watcher.settle();
    watch.close();
  }

  it('input that another reader took first -> is not waited for', async () => {
    const [one, other] = [new TestDevice(), new TestDevice()];
    const [first, second] = [typedTo(one, 'first'), typedTo(other, 'second')];
    one.hearing = () => void readSync(second, Buffer.alloc(1));
    // Whoever waits is woken in the end, and heard it.
    children.push(spawn('sh', ['-c', 'sleep 5; printf late >&3'], { stdio: ['ignore', 'ignore', 'ignore', second] }));
    await inWatcher(() => {
      writeSync(first, 'a');
      writeSync(second, 'b');
    });
    check([one.heard, other.heard]).to.deep.equal(['a', '']);
    writeSync(second, 'c');
    await watcher.settle();
    check(other.heard).to.equal('c');
  });

  it('a reader after one that left -> is waited for, and gets everything', async () => {
    const path = pipe('said');
    const first = open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const device = new TestDevice();
    const made = channel(device, { output: descriptor(path, constants.O_WRONLY) });
    owned.splice(owned.indexOf(first), 1);
    first.close();
    await watcher.settle();
    const next = open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    // Far more than a pipe holds.
    const said = Buffer.alloc(300_000, 'abcdefg');
    device.output = said;
    made.flushOutput();
    const piece = Buffer.alloc(65_536);
    const got: Buffer[] = [];
    let length = 0;
    await until(() => {
      if ((pollNow(next.fd, EPOLLIN) & EPOLLIN) !== 0) {
        got.push(Buffer.from(piece.subarray(0, readSync(next.fd, piece))));
        length += got.at(-1)?.length ?? 0;
      }
      return length === said.length;
    });
    check(Buffer.concat(got).equals(said)).to.equal(true);
  });
});
