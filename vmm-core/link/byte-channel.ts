/**
 * Where a serial port's or console's bytes go to and come from: a terminal, pipe, pty, file, or the client of a socket.
 *
 * Descriptors may be shared with other processes (a user's terminal), so they stay blocking; a write happens only after the
 * kernel said that it will not wait, in pieces small enough for that promise to hold. Nobody waits for a slow reader but the
 * guest: what cannot be written now is not taken from its device.
 */
import { EAGAIN, retryInterrupted } from '#shared/sys/errno.ts';
import { ClientListener } from '#shared/sys/client-listener.ts';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT } from '#shared/sys/epoll.ts';
import { type NativeBuffer, allocate, syscall } from '#shared/sys/ffi.ts';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import type { Watcher, Watch } from '#shared/sys/watcher.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { Backlog } from './backlog.ts';

/** A terminal says "writable" when this much fits (the kernel's WAKEUP_CHARS); pipes and sockets promise more. */
const WRITE_PIECE = 256;
const READ_PIECE = 4096;
/** What is kept for a pty or socket without a client; the oldest goes first. */
const BACKLOG = 64 * 1024;
/** Pieces before everybody else has had a turn: a guest may write as fast as it is read. */
const PIECES_AT_ONCE = 256;

/** The device's side of a channel. */
export interface ByteDevice {
  /** Moves up to `target.length` bytes that the guest wrote; returns how many. */
  takeOutput(target: Uint8Array): number;
  /** How many input bytes the device can take now. */
  inputRoom(): number;
  /** Gives the device at most `inputRoom()` bytes. */
  pushInput(bytes: Uint8Array): void;
}

export interface ByteChannelOptions {
  readonly input?: OwnedFd | undefined;
  readonly output?: OwnedFd | undefined;
  /** Excludes the other two. */
  readonly listener?: OwnedFd | undefined;
  /** Keep the newest output instead of making the guest wait. */
  readonly neverStall: boolean;
}

/** Moves bytes between one device and its descriptors, on the watcher's thread. */
export class ByteChannel implements Disposable {
  readonly #watcher: Watcher;
  readonly #device: ByteDevice;
  readonly #taken = new Uint8Array(WRITE_PIECE);
  readonly #in = allocate(READ_PIECE);
  readonly #output: Sink;
  readonly #listening: ClientListener | undefined;
  #input: Source | undefined;
  /** Bytes of `#taken` that wait to be written. */
  #pending = 0;
  /** The device takes input: not before `resumeInput`. */
  #isReading = false;
  #nextTurn: NodeJS.Immediate | undefined;

  constructor(watcher: Watcher, device: ByteDevice, options: ByteChannelOptions) {
    const { input, output, listener, neverStall } = options;
    this.#watcher = watcher;
    this.#device = device;
    this.#output = new Sink(watcher, neverStall || listener !== undefined, {
      writable: () => this.flushOutput(),
      hungUp: () => this.#dropClientThatLeft(),
    });
    if (output !== undefined) this.#output.attach(output);
    if (input !== undefined) this.#input = this.#sourceFor(input);
    this.#listening = listener && new ClientListener(watcher, listener, { client: (client) => this.#serve(client) });
  }

  /** Writes what the guest has written, as far as nobody would have to wait. Call it when the device says that there is some. */
  flushOutput(): void {
    if (this.#flush() === 'more') this.#nextTurn ??= setImmediate(() => this.#takeTurn());
  }

  /** Reads from now on; and on, after the device has room again. What comes before the first call waits where it comes from. */
  resumeInput(): void {
    this.#isReading = true;
    this.#input?.resume();
  }

  /** Tries to write everything that is left, waiting at most `timeoutMs`: the guest's last words before the end. */
  drain(timeoutMs: number): void {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const outcome = this.#flush();
      const left = deadline - performance.now();
      if (outcome === 'done' || left <= 0) return;
      if (outcome === 'blocked' && !this.#output.waitWritable(left)) return;
    }
  }

  [Symbol.dispose](): void {
    clearImmediate(this.#nextTurn);
    this.#listening?.close();
    this.#input?.close();
    this.#output.detach();
  }

  #takeTurn(): void {
    this.#nextTurn = undefined;
    this.flushOutput();
  }

  /** `blocked`: the reader is to be waited for. `more`: the turn is over. */
  #flush(): 'done' | 'blocked' | 'more' {
    this.#output.flushBacklog();
    for (let pieces = 0; pieces < PIECES_AT_ONCE; pieces++) {
      if (this.#pending === 0) this.#pending = this.#device.takeOutput(this.#taken);
      if (this.#pending === 0) return 'done';
      const written = this.#output.write(this.#taken.subarray(0, this.#pending));
      if (written === 0) return 'blocked';
      this.#taken.copyWithin(0, written, this.#pending);
      this.#pending -= written;
    }
    return 'more';
  }

  #sourceFor(fd: OwnedFd): Source {
    return new Source(this.#watcher, fd, {
      room: () => Math.min(this.#device.inputRoom(), READ_PIECE),
      buffer: this.#in,
      push: (bytes) => this.#device.pushInput(bytes),
      full: () => this.#dropClientThatLeft(),
      ended: () => this.#inputEnded(),
    });
  }

  /** One client at a time: the next is accepted when this one has left. */
  #serve(client: OwnedFd): void {
    // Each side watches and owns a descriptor of its own.
    const second = client.duplicate();
    if (!second.ok) {
      client.close();
      return this.#listening?.backOff();
    }
    this.#listening?.pause();
    this.#output.attach(client);
    this.#input = this.#sourceFor(second.value);
    if (this.#isReading) this.#input.resume();
    this.flushOutput();
  }

  /** What it typed and the guest has no room for is lost: the next client may have to wait for ever otherwise. */
  #dropClientThatLeft(): void {
    if (this.#listening !== undefined && this.#isReading && this.#output.isHungUp) this.#input?.leave();
  }

  #inputEnded(): void {
    this.#input = undefined;
    if (this.#listening === undefined) return;
    this.#output.detach();
    this.#listening.resume();
  }
}

interface SinkEvents {
  writable(): void;
  /** Nobody reads any more. */
  hungUp(): void;
}

/** The writing side. Without a descriptor, bytes are dropped, or kept for a client to come. */
class Sink {
  readonly #watcher: Watcher;
  readonly #events: SinkEvents;
  readonly #keeps: boolean;
  readonly #piece = allocate(WRITE_PIECE);
  #fd: OwnedFd | undefined;
  #watch: Watch | undefined;
  readonly #backlog = new Backlog(BACKLOG);

  constructor(watcher: Watcher, keeps: boolean, events: SinkEvents) {
    this.#watcher = watcher;
    this.#keeps = keeps;
    this.#events = events;
  }

  /** The reader has left; the descriptor is still here. */
  get isHungUp(): boolean {
    return this.#fd !== undefined && this.#watch === undefined;
  }

  attach(fd: OwnedFd): void {
    this.#fd = fd;
    this.#attend(fd.fd);
  }

  detach(): void {
    this.#unwatch();
    this.#fd?.close();
    this.#fd = undefined;
  }

  /** Bytes of `data` written, kept or dropped; 0: wait, `writable` will be called. */
  write(data: Uint8Array): number {
    if (!this.flushBacklog()) return this.#keeps ? this.#keep(data) : 0;
    if (this.#fd === undefined) return this.#keeps ? this.#keep(data) : data.length;
    const written = this.#put(this.#fd.fd, data);
    return written === 0 && this.#keeps ? this.#keep(data) : written;
  }

  /** True once nothing older is left to write. */
  flushBacklog(): boolean {
    while (this.#backlog.length > 0 && this.#fd !== undefined) {
      const written = this.#put(this.#fd.fd, this.#backlog.oldest(WRITE_PIECE));
      if (written === 0) return false;
      this.#backlog.drop(written);
    }
    return this.#backlog.length === 0;
  }

  /** Blocks until the descriptor takes bytes, for `timeoutMs` at most. */
  waitWritable(timeoutMs: number): boolean {
    return this.#fd !== undefined && (pollNow(this.#fd.fd, EPOLLOUT, Math.ceil(timeoutMs)) & EPOLLOUT) !== 0;
  }

  /** At most WRITE_PIECE bytes, if the kernel promises not to wait; else 0, with the watch armed. */
  #put(fd: Fd, data: Uint8Array): number {
    const length = Math.min(data.length, WRITE_PIECE);
    if ((pollNow(fd, EPOLLOUT) & (EPOLLOUT | EPOLLHUP | EPOLLERR)) === 0) return this.#wait();
    this.#piece.bytes.set(data.subarray(0, length));
    const written = retryInterrupted(() => syscall(SYS.write, fd, this.#piece.address, length));
    if (written === -EAGAIN) return this.#wait();
    // The reader is gone (EPIPE, EIO) or the disk is full: dropped, as a serial line without a cable does.
    return written <= 0 ? length : written;
  }

  #attend(fd: Fd): void {
    this.#watch = this.#watcher.tryWatch(fd, EPOLLOUT, (events) => this.#ready(events));
  }

  #ready(events: number): void {
    if ((events & (EPOLLHUP | EPOLLERR)) === 0) {
      this.#watch?.modify(0);
    } else {
      this.#unwatch();
      this.#events.hungUp();
    }
    this.#events.writable();
  }

  /** epoll reports a hang-up whether asked or not: a watch kept would spin. Writes then fail at once, and wait for nothing. */
  #unwatch(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  #wait(): 0 {
    if (this.#watch !== undefined) this.#watch.modify(EPOLLOUT);
    // A pipe's reader left, and there is another one now.
    else if (this.#fd !== undefined) this.#attend(this.#fd.fd);
    return 0;
  }

  #keep(bytes: Uint8Array): number {
    this.#backlog.add(bytes);
    return bytes.length;
  }
}

interface Reader {
  room(): number;
  readonly buffer: NativeBuffer;
  push(bytes: Uint8Array): void;
  /** There was no room: nothing is read before `resume`. */
  full(): void;
  ended(): void;
}

/** The reading side: reads while the device has room. */
class Source {
  readonly #fd: OwnedFd;
  readonly #reader: Reader;
  readonly #watcher: Watcher;
  /** There while there is room: a level-triggered one would spin without, and a hang-up is told of whether asked for or not. */
  #watch: Watch | undefined;
  #closed = false;

  constructor(watcher: Watcher, fd: OwnedFd, reader: Reader) {
    this.#fd = fd;
    this.#reader = reader;
    this.#watcher = watcher;
  }

  resume(): void {
    if (this.#closed || this.#watch !== undefined) return;
    this.#watch = this.#watcher.tryWatch(this.#fd.fd, EPOLLIN, () => this.#read());
    // What cannot be watched (files, /dev/null) is read until it ends, whenever there is room.
    if (this.#watch === undefined) this.#read();
  }

  /** Ends, unless it is still being read. */
  leave(): void {
    if (this.#watch === undefined) this.#end();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch();
    this.#fd.close();
  }

  #read(): void {
    for (;;) {
      const room = this.#reader.room();
      if (room === 0) {
        this.#unwatch();
        return this.#reader.full();
      }
      if (!this.#isReadable()) return;
      const got = syscall(SYS.read, this.#fd.fd, this.#reader.buffer.address, room);
      if (got > 0) this.#reader.push(this.#reader.buffer.bytes.subarray(0, got));
      else if (got !== -EAGAIN) this.#end();
      if (got <= 0 || this.#watch !== undefined) return;
    }
  }

  /** Others may have the descriptor too, and have taken what the watch told of: to read then is to wait for ever. */
  #isReadable(): boolean {
    return this.#watch === undefined || pollNow(this.#fd.fd, EPOLLIN) !== 0;
  }

  #unwatch(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  #end(): void {
    this.close();
    this.#reader.ended();
  }
}
