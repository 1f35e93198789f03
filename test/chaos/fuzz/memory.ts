/** The guest's memory with its guards, and everything else that goes along with messages as a descriptor. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '#shared/lang/result.ts';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import { syscall } from '#shared/sys/ffi.ts';
import { Mapping } from '#shared/sys/mapping.ts';
import { createSealedMemfd } from '#shared/sys/memfd.ts';
import { type Fd, OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { createPipe } from '#shared/sys/pipe.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { SOCK_STREAM, socketPair } from '#shared/sys/unix-socket.ts';
import { eventFd } from '#shared/testing/session-pair.ts';
import { GUARDED_FILES, type GuardedFile } from './given-away.ts';
import { BYSTANDER, FILE_SIZE, GUARD, LOG, QUEUES, REGIONS, type Region } from './layout.ts';
import type { FdName } from './steps.ts';

const PAGE = 0x1000;
const HOSTILE_SIZE = 0x8000;

const CLEAN: Readonly<Record<GuardedFile, number>> = { guest: GUARD, bystander: GUARD, log: 0 };

/** A shared file with a view of it. */
class Shared {
  readonly file: OwnedFd;
  readonly mapping: Mapping;
  readonly bytes: Buffer;

  constructor(name: string, size: number) {
    this.file = expect(createSealedMemfd({ name, size }), name);
    this.mapping = expect(Mapping.map({ length: size, fd: this.file.fd }), name);
    this.bytes = Buffer.from(this.mapping.view());
  }

  close(): void {
    this.mapping.unmap();
    this.file.close();
  }
}

export class FuzzedMemory implements Disposable {
  readonly guest = new Shared('guest', FILE_SIZE);
  readonly hostile = new Shared('hostile', HOSTILE_SIZE);
  readonly #bystander = new Shared('bystander', BYSTANDER.size);
  readonly #log = new Shared('log', LOG.file);
  /** Files that no message has given away. */
  readonly guarded = new Set<GuardedFile>(GUARDED_FILES);
  readonly #others: Shared[] = [this.guest, this.hostile, this.#bystander, this.#log];
  readonly #fds = new Map<FdName, Fd>();
  readonly #owned: OwnedFd[] = [];
  readonly #plain: number[] = [];

  constructor(folder: string) {
    this.guest.bytes.fill(GUARD);
    this.#bystander.bytes.fill(GUARD);
    this.#fds.set('guest', this.guest.file.fd).set('hostile', this.hostile.file.fd).set('bystander', this.#bystander.file.fd);
    this.#fds.set('log', this.#log.file.fd);
    this.#fds.set('inflight', this.hostile.file.fd);
    for (const [name, size] of [
      ['short', PAGE],
      ['loose', FILE_SIZE],
    ] as const) {
      const shared = new Shared(name, size);
      this.#others.push(shared);
      this.#fds.set(name, shared.file.fd);
    }
    const eventful = Array.from({ length: QUEUES }, (_, index) => [`kick${index}`, `call${index}`, `err${index}`]).flat();
    for (const name of ['event', ...eventful]) this.#own(name as FdName, eventFd());
    this.#own('blocking', new OwnedFd(syscall(SYS.eventfd2, 0, 0)));
    this.#makePipe();
    const [one, other] = expect(socketPair(SOCK_STREAM), 'socket pair');
    this.#own('socket', one);
    this.#owned.push(other);
    this.#open(folder);
  }

  fd(name: FdName): Fd {
    const fd = this.#fds.get(name);
    if (fd === undefined) throw new Error(`no descriptor "${name}"`);
    return fd;
  }

  /** What `name` stands for from now on; who gives it keeps it. */
  lend(name: FdName, fd: Fd): void {
    this.#fds.set(name, fd);
  }

  /** Whether it was signalled since the last look. */
  signalled(name: FdName): boolean {
    return drainEventFd(this.fd(name)) > 0;
  }

  /** The first byte that no region has, or that no request named, and that changed; undefined: all is well. */
  damage(): string | undefined {
    for (const [name, parts] of this.#guards()) {
      const clean = CLEAN[name];
      if (!this.guarded.has(name)) for (const { bytes } of parts) bytes.fill(clean);
      this.guarded.add(name);
      for (const { bytes, start } of parts) {
        const at = bytes.findIndex((byte) => byte !== clean);
        if (at >= 0) return `bytes of "${name}" that nobody named were changed at ${start + at}: ${bytes[at]}`;
      }
    }
    return undefined;
  }

  /** Parts of files that are nothing to a device; the bystander is known to it, and named by no request. */
  #guards(): readonly (readonly [GuardedFile, readonly { readonly bytes: Buffer; readonly start: number }[]])[] {
    const beside = (bytes: Buffer, used: readonly Pick<Region, 'offset' | 'size'>[]) =>
      [...used, { offset: bytes.length, size: 0 }].map(({ offset }, index) => {
        const before = used[index - 1];
        const start = before === undefined ? 0 : before.offset + before.size;
        return { bytes: bytes.subarray(start, offset), start };
      });
    return [
      ['guest', beside(this.guest.bytes, [REGIONS.m0, REGIONS.m1, REGIONS.m2])],
      ['log', beside(this.#log.bytes, [LOG])],
      ['bystander', beside(this.#bystander.bytes, [])],
    ];
  }

  [Symbol.dispose](): void {
    for (const shared of this.#others) shared.close();
    for (const fd of this.#owned) fd.close();
    for (const fd of this.#plain) closeSync(fd);
  }

  #own(name: FdName, fd: OwnedFd): void {
    this.#owned.push(fd);
    this.#fds.set(name, fd.fd);
  }

  #makePipe(): void {
    const [end, start] = expect(createPipe(), 'pipe');
    this.#owned.push(end);
    this.#own('pipe', start);
    // A device's state to load, of which more could come; and where one is saved to, until it is full.
    const [state, rest] = expect(createPipe(), 'pipe');
    this.#own('state', state);
    writeSync(rest.fd, Buffer.alloc(5000, 0x11));
    const [saved, target] = expect(createPipe(), 'pipe');
    this.#own('saved', target);
    this.#owned.push(rest, saved);
  }

  #open(folder: string): void {
    const path = join(folder, 'file');
    writeFileSync(path, Buffer.alloc(0x1_0000, 1));
    mkdirSync(join(folder, 'folder'));
    for (const [name, place] of [
      ['file', path],
      ['folder', join(folder, 'folder')],
      ['null', '/dev/null'],
    ] as const) {
      const fd = openSync(place, 'r');
      this.#plain.push(fd);
      this.#fds.set(name, asFd(fd));
    }
  }
}
