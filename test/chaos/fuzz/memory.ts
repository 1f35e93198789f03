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
import { BYSTANDER, FILE_SIZE, GUARD, LOG, REGIONS, QUEUES } from './layout.ts';
import type { FdName } from './steps.ts';

const PAGE = 0x1000;
const HOSTILE_SIZE = 0x8000;

/** What is not of these is guarded. */
const GUARDED = [REGIONS.m0, REGIONS.m1, REGIONS.m2, { offset: FILE_SIZE, size: 0 }];

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
  /** No table of memory has named what is no region's. */
  isGuarded = true;
  isLogGuarded = true;
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
    if (!this.isLogGuarded) this.#log.bytes.fill(0);
    this.isLogGuarded = true;
    const beside = [this.#log.bytes.subarray(0, LOG.offset), this.#log.bytes.subarray(LOG.offset + LOG.size)];
    if (beside.some((bytes) => bytes.some((byte) => byte !== 0))) return 'bytes beside the dirty log were changed';
    const bystander = this.#bystander.bytes.findIndex((byte) => byte !== GUARD);
    if (bystander >= 0) return `the region that nobody named was changed at ${bystander}`;
    if (!this.isGuarded) return this.#guard();
    let end = 0;
    for (const { offset, size } of GUARDED) {
      const at = this.guest.bytes.subarray(end, offset).findIndex((byte) => byte !== GUARD);
      if (at >= 0) return `memory outside of all regions was changed at offset ${end + at}: ${this.guest.bytes[end + at]}`;
      end = offset + size;
    }
    return undefined;
  }

  /** Guards that a table of memory named: they are guards again. */
  #guard(): undefined {
    this.isGuarded = true;
    let end = 0;
    for (const { offset, size } of GUARDED) {
      this.guest.bytes.fill(GUARD, end, offset);
      end = offset + size;
    }
    return undefined;
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
