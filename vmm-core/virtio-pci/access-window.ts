/**
 * The window in PCI configuration space through which a driver without memory access reaches BAR 0 (virtio 1.2, 4.1.4.9): it names a
 * part in the capability, and reads or writes that in the capability's data.
 */
import { type ConfigSpace, touches } from '../pci/config-space.ts';
import { CAP_BAR, CAP_EXTRA, CAP_OFFSET, CAP_REGION_LENGTH } from './capabilities.ts';
import { VIRTIO_BAR_SIZE } from './spec.ts';

/** The part of BAR 0 that the window shows. */
export interface AccessedPart {
  readonly offset: number;
  /** 1, 2 or 4. */
  readonly length: number;
}

export class AccessWindow {
  readonly #config: ConfigSpace;
  readonly #at: number;

  /** `at`: where the capability is. */
  constructor(config: ConfigSpace, at: number) {
    this.#config = config;
    this.#at = at;
  }

  /** What an access to the configuration space reaches through the window; undefined: nothing, or nothing that can be accessed. */
  partOf(offset: number, size: number): AccessedPart | undefined {
    if (!touches(offset, size, this.#at + CAP_EXTRA, 4)) return undefined;
    const { view } = this.#config;
    const length = view.getUint32(this.#at + CAP_REGION_LENGTH, true);
    const start = view.getUint32(this.#at + CAP_OFFSET, true);
    const isUsable = view.getUint8(this.#at + CAP_BAR) === 0 && (length === 1 || length === 2 || length === 4);
    return isUsable && start % length === 0 && start + length <= VIRTIO_BAR_SIZE ? { offset: start, length } : undefined;
  }

  /** What the driver has written there. */
  data({ length }: AccessedPart): number {
    const value = this.#config.view.getUint32(this.#at + CAP_EXTRA, true);
    return length === 4 ? value : value % 2 ** (8 * length);
  }

  /** What the driver is to read there. */
  show(value: number): void {
    this.#config.view.setUint32(this.#at + CAP_EXTRA, value, true);
  }
}
