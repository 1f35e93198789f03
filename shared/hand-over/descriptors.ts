/** Descriptors beside a message, which names them by their position from 1; 0 is none. */
import type { Fd, OwnedFd } from '../sys/owned-fd.ts';

/** Those that go out. They stay their owners'. */
export class DescriptorList {
  readonly fds: Fd[] = [];

  add(fd: Fd | undefined): number {
    return fd === undefined ? 0 : this.fds.push(fd);
  }
}

/** Those that came in. */
export class Descriptors {
  readonly #fds: readonly OwnedFd[];
  readonly #isTaken: boolean[];

  constructor(fds: readonly OwnedFd[]) {
    this.#fds = fds;
    this.#isTaken = fds.map(() => false);
  }

  /** Gives one away; undefined where there is none, or not any more. */
  take(position: number | null | undefined): OwnedFd | undefined {
    const at = (position ?? 0) - 1;
    if (this.#isTaken[at] !== false) return undefined;
    this.#isTaken[at] = true;
    return this.#fds[at];
  }

  /** Closes those that came, whoever has them. */
  close(): void {
    for (const fd of this.#fds) fd.close();
  }
}
