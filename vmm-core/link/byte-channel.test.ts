import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { type Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { QuietWatcher, until } from '#shared/testing/quiet-watcher.ts';
import { SOCK_STREAM, connectUnix, listenUnix, socketPair } from '#shared/sys/unix-socket.ts';
import { ByteChannel, type ByteChannelOptions, type ByteDevice } from './byte-channel.ts';

/** A device that is two byte queues; input capacity bounded like a FIFO. */
class TestDevice implements ByteDevice {
  output = Buffer.alloc(0);
  input = Buffer.alloc(0);
  capacity = 16;
  /** How often it was asked for room. */
  asked = 0;

  takeOutput(target: Uint8Array): number {
    const length = Math.min(target.length, this.output.length);
    target.set(this.output.subarray(0, length));
    this.output = this.output.subarray(length);
    return length;
  }

  inputRoom(): number {
    this.asked++;
    return this.capacity - this.input.length;
  }

  pushInput(bytes: Uint8Array): void {
    check(bytes.length).to.be.at.most(this.inputRoom());
    this.input = Buffer.concat([this.input, bytes]);
  }
}

/** What can be read without waiting. */
function readNow(fd: Fd): Buffer {
  if ((pollNow(fd, EPOLLIN) & EPOLLIN) === 0) return Buffer.alloc(0);
  const piece = Buffer.alloc(65536);
  return piece.subarray(0, readSync(fd, piece));
}

describe('ByteChannel', () => {
  let folder: string;
  let watcher: QuietWatcher;
  let device: TestDevice;
  let opened: ByteChannel[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'byte-channel-'));
    watcher = new QuietWatcher();
    device = new TestDevice();
    opened = [];
  });
  afterEach(async () => {
    for (const channel of opened) channel[Symbol.dispose]();
    await watcher.close();
    rmSync(folder, { recursive: true });
  });

  function open(options: ByteChannelOptions): ByteChannel {
    const channel = new ByteChannel(watcher, device, options);
    opened.push(channel);
    return channel;
  }

  it('takes from the device only what its reader has room for, and loses nothing', async () => {
    const [ours, theirs] = expect(socketPair(SOCK_STREAM), 'pair');
    using reader = theirs;
    const channel = open({ output: ours, neverStall: false });
    const sent = Buffer.alloc(4 << 20, 'abcdefgh');
    device.output = sent;
    channel.flushOutput();
    check(device.output.length, 'a full socket leaves the rest in the device').to.be.greaterThan(0);
    const got: Buffer[] = [];
    let length = 0;
    await until(() => {
      const piece = readNow(reader.fd);
      got.push(piece);
      length += piece.length;
      return length === sent.length;
    });
    check(Buffer.concat(got).equals(sent)).to.equal(true);
  });

  it('reads no more than the device has room for, and goes on when asked', async () => {
    const [ours, theirs] = expect(socketPair(SOCK_STREAM), 'pair');
    using writer = theirs;
    const channel = open({ input: ours, neverStall: false });
    channel.resumeInput();
    writeSync(writer.fd, 'x'.repeat(40));
    let grown = false;
    await until(() => {
      if (device.input.length === 16 && !grown) {
        grown = true;
        device.capacity = 64;
        channel.resumeInput();
      }
      return device.input.length === 40;
    });
    check(grown).to.equal(true);
  });

  it('reads nothing before it is told that the device takes input, also of a file, which never waits', async () => {
    const path = join(folder, 'typed');
    writeFileSync(path, 'typed');
    const channel = open({ input: new OwnedFd(openSync(path, 'r')), neverStall: false });
    check(device.input.length).to.equal(0);
    channel.resumeInput();
    check(device.input.toString()).to.equal('typed');
  });

  it('lets others have their turn, and ends in time, where a device writes as fast as it is read', async () => {
    let sent = 0;
    device.takeOutput = (target) => {
      sent += target.length;
      return target.length;
    };
    const channel = open({ neverStall: false });
    channel.flushOutput();
    const first = sent;
    await until(() => sent > first);
    channel.drain(1);
    channel[Symbol.dispose]();
    const last = sent;
    await watcher.settle();
    check(sent).to.equal(last);
  });

  it('is not kept busy by a writer that has left, before there is room for what it wrote', async () => {
    device.capacity = 0;
    const [ours, theirs] = expect(socketPair(SOCK_STREAM), 'pair');
    const channel = open({ input: ours, neverStall: false });
    channel.resumeInput();
    writeSync(theirs.fd, 'last');
    theirs.close();
    await until(() => device.asked > 0);
    await watcher.settle();
    check(device.asked).to.equal(1);
    device.capacity = 16;
    channel.resumeInput();
    await until(() => device.input.toString() === 'last');
  });

  it('keeps the newest 64 KiB for a socket nobody has connected to', async () => {
    const listener = expect(listenUnix(join(folder, 's')), 'listen');
    const channel = open({ listener, neverStall: false });
    channel.resumeInput();
    device.output = Buffer.concat([Buffer.alloc(100_000, 'o'), Buffer.from('newest')]);
    channel.flushOutput();
    await until(() => device.output.length === 0);
    using client = expect(connectUnix(join(folder, 's')), 'connect');
    writeSync(client.fd, 'typed');
    let got = Buffer.alloc(0);
    await until(() => {
      got = Buffer.concat([got, readNow(client.fd)]);
      return device.input.toString() === 'typed' && got.length >= 65536;
    });
    check(got.length).to.equal(65536);
    check(got.subarray(-6).toString()).to.equal('newest');
  });

  it('serves a client after one that left with more typed than the guest has room for', async () => {
    const listener = expect(listenUnix(join(folder, 's'), 4), 'listen');
    const channel = open({ listener, neverStall: false });
    channel.resumeInput();
    const first = expect(connectUnix(join(folder, 's')), 'connect');
    writeSync(first.fd, 'x'.repeat(1000));
    await until(() => device.inputRoom() === 0);
    first.close();
    using second = expect(connectUnix(join(folder, 's')), 'connect');
    await until(() => {
      // What is sent while the first one's end is not noticed yet goes to nobody.
      device.output = Buffer.from('hello');
      channel.flushOutput();
      return readNow(second.fd).includes('hello');
    });
  });

  it('serves a client after the one that left', async () => {
    const listener = expect(listenUnix(join(folder, 's'), 4), 'listen');
    const channel = open({ listener, neverStall: false });
    channel.resumeInput();
    const first = expect(connectUnix(join(folder, 's')), 'connect');
    writeSync(first.fd, '1');
    first.close();
    using second = expect(connectUnix(join(folder, 's')), 'connect');
    writeSync(second.fd, '2');
    await until(() => device.input.toString() === '12');
  });

  it('writes a file, and drops what a closed pipe does not take', async () => {
    const path = join(folder, 'f');
    const file = open({
      output: new OwnedFd(openSync(path, 'w')),
      input: new OwnedFd(openSync('/dev/null', 'r')),
      neverStall: false,
    });
    device.output = Buffer.alloc(1000, 'f');
    file.flushOutput();
    check(readFileSync(path, 'utf8')).to.equal('f'.repeat(1000));
    file[Symbol.dispose]();
    const [ours, theirs] = expect(socketPair(SOCK_STREAM), 'pair');
    closeSync(theirs.take());
    const pipe = open({ output: ours, neverStall: false });
    device.output = Buffer.alloc(1000);
    pipe.flushOutput();
    check(device.output.length).to.equal(0);
  });
});
