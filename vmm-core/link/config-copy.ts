/** The device's configuration as the back end gave it last, and what the driver has written to it since its last reset. */
import type { BackendSession } from './backend-session.ts';
import type { VirtioPciDevice } from '../virtio-pci/virtio-pci-device.ts';

/** As many as the device keeps for us: a driver that writes on meanwhile has us called again. */
const WRITES_AT_ONCE = 64;

export type ConfigWrite = readonly [offset: number, bytes: Uint8Array];

export class ConfigCopy {
  #given: Uint8Array = new Uint8Array(0);
  readonly #written = new Map<number, Uint8Array>();

  /** Before the driver has seen it. */
  begin(config: readonly number[]): void {
    this.#given = Uint8Array.from(config);
  }

  /** What a back end that comes later must be told. */
  get written(): Iterable<ConfigWrite> {
    return this.#written;
  }

  /** Has the back end do what the driver has written; the driver sees its own writes until the back end says otherwise. */
  async replayWrites(device: VirtioPciDevice, session: BackendSession): Promise<void> {
    if (await session.writeConfig(this.#takeWrites(device))) return;
    this.forgetWrites();
    await this.read(device, session);
  }

  /** Shows the driver what the back end has, without telling it; false where that cannot be had. */
  async read(device: VirtioPciDevice, session: BackendSession): Promise<boolean> {
    const config = await session.readConfig();
    if (!config.ok) return false;
    this.#given = config.value;
    device.setConfig(config.value);
    return true;
  }

  /** Oldest first. */
  #takeWrites(device: VirtioPciDevice): readonly ConfigWrite[] {
    const writes: ConfigWrite[] = [];
    while (writes.length < WRITES_AT_ONCE) {
      const write = device.takeConfigWrite();
      if (write === undefined) break;
      this.#written.set(write.offset, write.bytes);
      writes.push([write.offset, write.bytes]);
    }
    return writes;
  }

  /** They are undone: by a reset, or because the back end refuses them. */
  forgetWrites(): void {
    this.#written.clear();
  }

  /** What a back end has that does not know of the writes yet: the driver is told where that is news. */
  compare(device: VirtioPciDevice, config: readonly number[]): void {
    const shown = Uint8Array.from(config);
    const isSame = Buffer.compare(shown, this.#given) === 0;
    this.#given = shown.slice();
    if (isSame) return;
    for (const [offset, bytes] of this.#written) shown.set(bytes, offset);
    device.setConfig(shown);
    device.configChanged();
  }
}
