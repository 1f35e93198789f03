/** Orders that come while the machine is still being made: the end at once, whatever it waits for; anything else once it runs. */
import { type CoreEnd, EndedReason, type Incoming, type ToCore } from '#shared/rpc/start-channel.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { EXIT, exitNow } from '#shared/sys/process-exit.ts';
import type { Watch, Watcher } from '#shared/sys/watcher.ts';

export class EarlyOrders {
  readonly #channel: CoreEnd;
  readonly #watch: Watch;
  readonly #kept: Incoming<ToCore>[] = [];

  constructor(channel: CoreEnd, watcher: Watcher) {
    this.#channel = channel;
    this.#watch = watcher.watch(channel.fd, EPOLLIN, () => this.#read());
  }

  /** The orders to carry out now. Later ones are the caller's to read. */
  take(): readonly Incoming<ToCore>[] {
    this.#watch.close();
    return this.#kept.splice(0);
  }

  #read(): void {
    for (;;) {
      const received = this.#channel.tryReceive();
      // The launcher is gone: without it there is nobody to run for.
      if (!received.ok) return exitNow(EXIT.failed);
      if (received.value === undefined) return;
      if (received.value.message.stop) {
        this.#channel.send({ ended: { reason: EndedReason.STOPPED, message: '' } });
        return exitNow(EXIT.poweredOff);
      }
      this.#kept.push(received.value);
    }
  }
}
