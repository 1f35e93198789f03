import koffi from 'koffi';
import { type Result, err, ok } from '../lang/result.ts';
import { EINTR, type SysError, sysError } from './errno.ts';
import { type NativeBuffer, allocate, syscall } from './ffi.ts';
import { type Fd, OwnedFd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
/** Told once, then never again until it is modified. */
export const EPOLLONESHOT = 0x4000_0000;
export const EPOLLET = 0x8000_0000;

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
/** struct epoll_event is packed on x86-64 only: events at 0, data at 4. */
const EVENT_SIZE = 12;

/** SAFETY: the kernel writes into the caller's event buffer until the call is done, on whichever thread it runs. */
const epollWait = koffi.load('libc.so.6').func('epoll_wait', 'int', ['int', 'uintptr_t', 'int', 'int']);

/** An epoll instance. `wait` blocks this thread and allocates nothing; each ready descriptor is then read by index. */
export class Epoll implements Disposable {
  readonly #epoll: OwnedFd;
  readonly #events: NativeBuffer;
  readonly #capacity: number;
  readonly #request = allocate(EVENT_SIZE);

  private constructor(epoll: OwnedFd, capacity: number) {
    this.#epoll = epoll;
    this.#capacity = capacity;
    this.#events = allocate(capacity * EVENT_SIZE);
  }

  static create(capacity = 64): Result<Epoll, SysError> {
    const fd = syscall(SYS.epoll_create1, EPOLL_CLOEXEC);
    return fd < 0 ? err(sysError('epoll_create1', -fd)) : ok(new Epoll(new OwnedFd(fd), capacity));
  }

  /** Watches `fd`; `token` (32 bits) comes back from `tokenAt`. */
  add(fd: Fd, events: number, token: number): Result<void, SysError> {
    return this.#control(EPOLL_CTL_ADD, fd, events, token);
  }

  modify(fd: Fd, events: number, token: number): Result<void, SysError> {
    return this.#control(EPOLL_CTL_MOD, fd, events, token);
  }

  remove(fd: Fd): Result<void, SysError> {
    return this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /** The number of ready descriptors, 0 after `timeoutMs` (-1 waits without end) or a signal. */
  wait(timeoutMs: number): number {
    const count = syscall(SYS.epoll_pwait, this.#epoll.fd, this.#events.address, this.#capacity, timeoutMs, 0, 8);
    if (count >= 0) return count;
    if (count === -EINTR) return 0;
    throw new Error(sysError('epoll_wait', -count).message);
  }

  /**
   * As `wait` without a deadline, on a thread of the pool: this one goes on, and gets the number in `done`. For a process that
   * lives in node's own event loop. One at a time; the events stay readable until the next wait.
   */
  waitInBackground(done: (count: number) => void): void {
    epollWait.async(this.#epoll.fd, this.#events.address, this.#capacity, -1, (_error: unknown, count: number) => done(Math.max(0, count)));
  }

  eventsAt(index: number): number {
    return this.#events.view.getUint32(index * EVENT_SIZE, true);
  }

  tokenAt(index: number): number {
    return this.#events.view.getUint32(index * EVENT_SIZE + 4, true);
  }

  close(): void {
    this.#epoll.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #control(operation: number, fd: Fd, events: number, token: number): Result<void, SysError> {
    this.#request.view.setUint32(0, events, true);
    this.#request.view.setUint32(4, token, true);
    this.#request.view.setUint32(8, 0, true);
    const result = syscall(SYS.epoll_ctl, this.#epoll.fd, operation, fd, this.#request.address);
    return result < 0 ? err(sysError(`epoll_ctl ${operation} of descriptor ${fd}`, -result)) : ok();
  }
}
