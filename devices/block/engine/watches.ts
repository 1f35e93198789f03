/**
 * Polls and timeouts as io_uring has them, by epoll. A poll holds a descriptor of its own for what it watches: whoever asked may close
 * theirs, and one file may be watched twice. A poll for every event is edge-triggered: each write to an eventfd is told, read or not.
 */
import { expect } from '#shared/lang/result.ts';
import { EPOLLET, EPOLLIN, EPOLLONESHOT, Epoll } from '#shared/sys/epoll.ts';
import { ECANCELED, ENOENT, ETIME } from '#shared/sys/errno.ts';
import { IORING_CQE_F_MORE } from '#shared/sys/io-uring.ts';
import { type Fd, type OwnedFd, duplicateFd } from '#shared/sys/owned-fd.ts';
import { startTimer } from '#shared/sys/timer.ts';

/** Where completions go. */
export type Complete = (token: number, result: number, flags: number) => void;

/** Whose a poll or a timeout is. */
interface Watch {
  /** Both halves of it in one number: upper halves have less than 21 bits. */
  readonly token: number;
  readonly file: OwnedFd;
  readonly kind: 'once' | 'always' | 'timeout';
}

const WAKE_UP = 0;
const FIRST_WATCH = 1;

export class Watches {
  readonly #epoll = expect(Epoll.create(), 'epoll');
  readonly #complete: Complete;
  readonly #watches = new Map<number, Watch>();
  #next = FIRST_WATCH;

  /** `wakeFd` ends a wait, and is never read. */
  constructor(wakeFd: Fd, complete: Complete) {
    this.#complete = complete;
    expect(this.#epoll.add(wakeFd, EPOLLIN | EPOLLET, WAKE_UP), 'wake-up');
  }

  /** Completes with the events there are: once, or whenever there are some. */
  poll(fd: number, events: number, kind: 'once' | 'always', token: number): void {
    const copy = duplicateFd(fd);
    if (copy.ok) this.#add({ token, file: copy.value, kind }, events);
    else this.#complete(token, -copy.error.errno, 0);
  }

  /** Completes with ETIME after so long. */
  timeout(ms: number, token: number): void {
    const timer = startTimer(ms);
    if (timer.ok) this.#add({ token, file: timer.value, kind: 'timeout' }, EPOLLIN);
    else this.#complete(token, -timer.error.errno, 0);
  }

  /** Ends the poll with this token, which completes with ECANCELED. 0 or -ENOENT. */
  remove(token: number): number {
    for (const [id, watch] of this.#watches) {
      if (watch.token !== token || watch.kind === 'timeout') continue;
      this.#end(id, watch);
      this.#complete(token, -ECANCELED, 0);
      return 0;
    }
    return -ENOENT;
  }

  /** Completes what has happened; where it `waits`, not before something has, or a signal came. How much that was. */
  collect(waits: boolean): number {
    const count = this.#epoll.wait(waits ? -1 : 0);
    for (let index = 0; index < count; index++) {
      const id = this.#epoll.tokenAt(index);
      const watch = this.#watches.get(id);
      if (watch === undefined) continue;
      const { token, kind } = watch;
      if (kind !== 'always') this.#end(id, watch);
      this.#complete(token, kind === 'timeout' ? -ETIME : this.#epoll.eventsAt(index), kind === 'always' ? IORING_CQE_F_MORE : 0);
    }
    return count;
  }

  close(): void {
    for (const [id, watch] of this.#watches) this.#end(id, watch);
    this.#epoll.close();
  }

  #add(watch: Watch, events: number): void {
    const id = this.#next;
    const added = this.#epoll.add(watch.file.fd, events | (watch.kind === 'always' ? EPOLLET : EPOLLONESHOT), id);
    if (!added.ok) {
      watch.file.close();
      return this.#complete(watch.token, -added.error.errno, 0);
    }
    this.#watches.set(id, watch);
    // After years the numbers come round, and some are still in use.
    do this.#next = Math.max(FIRST_WATCH, (this.#next + 1) >>> 0);
    while (this.#watches.has(this.#next));
  }

  #end(id: number, { file }: Watch): void {
    this.#watches.delete(id);
    expect(this.#epoll.remove(file.fd), 'the end of a watch');
    file.close();
  }
}
