/** virtio-console (virtio 1.2, 5.3) with one port, the guest's hvc0: its bytes go through a byte channel. */
import { VIRTIO_ID_CONSOLE } from '#shared/virtio/spec.ts';
import { ByteChannel, type ByteChannelOptions } from '../link/byte-channel.ts';
import type { LinkContext } from '../link/device-link.ts';
import { ConsolePort } from './console-port.ts';
import { CoreDevice } from './core-device.ts';
import type { PulledQueue } from './pulled-queue.ts';
import { CONSOLE_RECEIVEQ, CONSOLE_TRANSMITQ, QUEUE_SIZE, VIRTIO_CONSOLE_F_SIZE, VirtioConsoleConfig } from './spec.ts';

/** Of a terminal, in characters; 0 where unknown. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface ConsoleOptions extends TerminalSize {
  readonly id: string;
  /** Where bytes go to and come from; undefined: output is dropped, and input never comes. */
  readonly channel: ByteChannelOptions | undefined;
}

/** A piece of the channel's costs a poll and a write, 2 us: a turn is about a millisecond. */
const TURN = 256;
const GREATEST_SIZE = 0xffff;

export class ConsoleLink extends CoreDevice {
  readonly #port: ConsolePort;
  readonly #channel: ByteChannel;
  #size: TerminalSize;

  constructor(options: ConsoleOptions, context: LinkContext) {
    const { id, columns, rows, channel } = options;
    super(
      {
        id,
        deviceType: VIRTIO_ID_CONSOLE,
        // 5.3.4: the size says something only where the feature is there, so it is there only where the size is known.
        features: columns > 0 && rows > 0 ? VIRTIO_CONSOLE_F_SIZE : 0n,
        config: [...configOf({ columns, rows })],
        queues: [
          { size: QUEUE_SIZE, buffers: 'writable', turn: TURN },
          { size: QUEUE_SIZE, buffers: 'readable', turn: TURN },
        ],
      },
      context,
    );
    this.#size = { columns, rows };
    this.#port = new ConsolePort(context.memory);
    this.#channel = new ByteChannel(context.watcher, this.#port, channel ?? { neverStall: false });
  }

  /** The terminal has another size now. Without effect where none was known at the start: the driver does not ask then. */
  resize(columns: number, rows: number): void {
    this.#size = { columns, rows };
    if (this.isRunning) this.#tellSize();
  }

  /** Writes what the guest has made available, for `timeoutMs` at most: its last words. */
  drain(timeoutMs: number): void {
    const deadline = performance.now() + timeoutMs;
    for (let left = timeoutMs; left > 0; left = deadline - performance.now()) {
      this.#port.renewOutput();
      this.#channel.drain(left);
      if (!this.#port.hasOutput) return;
    }
  }

  override close(): void {
    super.close();
    this.#channel[Symbol.dispose]();
  }

  protected override started(queues: readonly (PulledQueue | undefined)[], isNew: boolean): void {
    this.#port.start(queues[CONSOLE_RECEIVEQ], queues[CONSOLE_TRANSMITQ], isNew);
    // Linux looks at the size only when it is told to; and the terminal may have another one than when the machine was made.
    this.#tellSize();
  }

  protected override ready(queue: number): void {
    if (queue === CONSOLE_TRANSMITQ) this.#channel.flushOutput();
    else this.#channel.resumeInput();
  }

  protected override stopped(): void {
    this.#port.stop();
  }

  #tellSize(): void {
    if ((this.device.ackedFeatures & VIRTIO_CONSOLE_F_SIZE) === 0n) return;
    this.device.setConfig(configOf(this.#size));
    this.device.configChanged();
  }
}

function configOf({ columns, rows }: TerminalSize): Uint8Array {
  const config = new DataView(new ArrayBuffer(VirtioConsoleConfig.size));
  VirtioConsoleConfig.set.cols(config, 0, Math.min(columns, GREATEST_SIZE));
  VirtioConsoleConfig.set.rows(config, 0, Math.min(rows, GREATEST_SIZE));
  VirtioConsoleConfig.set.max_nr_ports(config, 0, 1);
  return new Uint8Array(config.buffer);
}
