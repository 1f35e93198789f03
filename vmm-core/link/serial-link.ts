/** Between the serial port's registers and where its bytes go and come from. */
import type { Watcher } from '#shared/sys/watcher.ts';
import { SERIAL_EFFECT, type SerialPort } from '../platform/serial.ts';
import { ByteChannel, type ByteChannelOptions } from './byte-channel.ts';

/**
 * After a look at the output the next one comes so much later: meanwhile further bytes wake nobody, and a guest that prints byte by
 * byte costs a wake-up for many of them instead of for each. A first byte goes out at once; no reader notices the delay of others.
 */
const QUIET_MS = 2;

export class SerialLink {
  readonly #watcher: Watcher;
  readonly #options: ByteChannelOptions;
  #channel: ByteChannel | undefined;
  #takeBits: () => number = () => 0;
  #quiet = false;

  constructor(watcher: Watcher, options: ByteChannelOptions) {
    this.#watcher = watcher;
    this.#options = options;
  }

  /** Nobody reads, now or later: the port need not keep what is sent. */
  get discardsOutput(): boolean {
    return this.#options.output === undefined && this.#options.listener === undefined;
  }

  /** Once, when the machine was built; `takeBits` takes the port's effect word. */
  attach(port: SerialPort, takeBits: () => number): void {
    this.#takeBits = takeBits;
    this.#channel = new ByteChannel(this.#watcher, port, this.#options);
  }

  /** Effects were raised: looks at the port's, now or soon. */
  look(): void {
    if (this.#quiet) return;
    const bits = this.#takeBits();
    if (bits === 0) return;
    if ((bits & SERIAL_EFFECT.output) !== 0) this.#channel?.flushOutput();
    if ((bits & SERIAL_EFFECT.inputRoom) !== 0) this.#channel?.resumeInput();
    this.#quiet = true;
    this.#watcher.after(QUIET_MS, () => {
      this.#quiet = false;
      this.look();
    });
  }

  /** Everything that the guest has sent goes out, as far as it can in so much time. */
  drain(timeoutMs: number): void {
    this.#channel?.drain(timeoutMs);
  }
}
