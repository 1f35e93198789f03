/**
 * MSI-X (PCI Local Bus 3.0, 6.8.2): a function's table of interrupt messages and its pending bits.
 *
 * Each vector has an eventfd. While the vector may be delivered, its GSI has a route with the table entry's message and the eventfd is
 * an irqfd: whoever signals it interrupts the guest without us. While it is masked the irqfd is taken away, and the eventfd's
 * counter is the pending bit. All calls come under the device's lock.
 *
 * This process itself writes to none of these eventfds: a device process has them too, and could fill one and make it a blocking one.
 * Its own interrupts go to KVM as messages, and while the vector is masked into a pending bit of their own.
 */
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import type { MsiMessage, VmIoctls } from '../bus/vm-ioctls.ts';
import { allOnes } from '../bus/bus.ts';
import { MSI_FIRST_GSI, MSI_LAST_GSI } from '../memory/layout.ts';
import type { GsiAllocator } from '../platform/gsi-allocator.ts';
import type { ConfigSpace } from './config-space.ts';

export const PCI_CAP_ID_MSIX = 0x11;
export const MSIX_MAX_VECTORS = 2048;
const ENABLE = 0x8000;
const MASK_ALL = 0x4000;
/** Offset of the control word in the capability. */
const CONTROL = 2;
const VECTOR_MASKED = 1;
const ENTRY_SIZE = 16;

// Words of a vector: the four of its table entry, then our own.
const ADDRESS_LOW = 0;
const ADDRESS_HIGH = 1;
const DATA = 2;
const VECTOR_CONTROL = 3;
/** 0: none yet. */
const GSI = 4;
const FLAGS = 5;
const VECTOR_WORDS = 6;
const CONNECTED = 1;
/** This process has raised the vector while it was not connected; in a saved machine also: a signal waited in the eventfd. */
const PENDING = 2;
const CONTROL_WORD = 0;
const VECTORS = 2;

/** Words of the arena that `vectors` of them take. */
export function msixWords(vectors: number): number {
  return VECTORS + vectors * VECTOR_WORDS;
}

export interface MsixWiring {
  readonly gsis: GsiAllocator;
  readonly ioctls: VmIoctls;
}

export class Msix {
  readonly #words: Int32Array;
  readonly #fds: readonly number[];
  readonly #gsis: GsiAllocator;
  readonly #ioctls: VmIoctls;
  readonly #message = { addressLow: 0, addressHigh: 0, data: 0 };

  /** `words` are `msixWords(fds.length)` of the device's own; `fds` the eventfd of each vector. */
  constructor(words: Int32Array, fds: readonly number[], wiring: MsixWiring) {
    this.#words = words;
    this.#fds = fds;
    this.#gsis = wiring.gsis;
    this.#ioctls = wiring.ioctls;
  }

  /** Adds the capability to `config`, table and pending bits in BAR 0; returns the offset of its control word. */
  addCapability(config: ConfigSpace, tableOffset: number, pendingOffset: number): number {
    const body = new DataView(new ArrayBuffer(10));
    body.setUint16(0, this.#fds.length - 1, true);
    body.setUint32(2, tableOffset, true);
    body.setUint32(6, pendingOffset, true);
    const writable = [{ offset: CONTROL + 1, mask: (ENABLE | MASK_ALL) >> 8 }];
    return config.addCapability(PCI_CAP_ID_MSIX, new Uint8Array(body.buffer), writable) + CONTROL;
  }

  /** Power-on values: off, every vector masked. */
  reset(): void {
    this.setControl(0);
    for (let vector = 0; vector < this.#fds.length; vector++) {
      for (const word of [ADDRESS_LOW, ADDRESS_HIGH, DATA]) this.#set(vector, word, 0);
      this.#set(vector, VECTOR_CONTROL, VECTOR_MASKED);
      this.#set(vector, FLAGS, 0);
    }
  }

  /** Interrupts the driver, or notes that it shall be when it unmasks `vector`. */
  raise(vector: number): void {
    if (vector >= this.#fds.length) return;
    const flags = this.#get(vector, FLAGS);
    if ((flags & CONNECTED) === 0) this.#set(vector, FLAGS, flags | PENDING);
    else this.#ioctls.deliver(this.#messageOf(vector));
  }

  /** The guest wrote the capability's control word. */
  setControl(control: number): void {
    if (Atomics.exchange(this.#words, CONTROL_WORD, control) === control) return;
    for (let vector = 0; vector < this.#fds.length; vector++) this.#follow(vector);
  }

  readTable(offset: number, size: number): number {
    const vector = Math.floor(offset / ENTRY_SIZE);
    if (size !== 4 || offset % 4 !== 0 || vector >= this.#fds.length) return allOnes(size);
    return this.#get(vector, (offset % ENTRY_SIZE) / 4);
  }

  writeTable(offset: number, size: number, value: number): void {
    const vector = Math.floor(offset / ENTRY_SIZE);
    if (size !== 4 || offset % 4 !== 0 || vector >= this.#fds.length) return;
    const word = (offset % ENTRY_SIZE) / 4;
    this.#set(vector, word, word === VECTOR_CONTROL ? value & VECTOR_MASKED : word === ADDRESS_LOW ? value & ~3 : value);
    this.#follow(vector);
  }

  /** The pending bits of 32 vectors. */
  readPending(offset: number, size: number): number {
    if (size !== 4 || offset % 4 !== 0) return allOnes(size);
    let bits = 0;
    for (let bit = 0; bit < 32; bit++) {
      if (this.#isPending(offset * 8 + bit)) bits |= 1 << bit;
    }
    return bits;
  }

  /** Before the arena is saved: notes the signals that wait in eventfds, which end with this process. */
  saving(): void {
    for (let vector = 0; vector < this.#fds.length; vector++) {
      const flags = this.#get(vector, FLAGS) & ~PENDING;
      this.#set(vector, FLAGS, this.#isPending(vector) ? flags | PENDING : flags);
    }
  }

  /** After a restore, once the routes are: connects the vectors that were; what waited still does, or interrupts. */
  restored(): void {
    for (const vector of this.#fds.keys()) {
      this.#set(vector, FLAGS, this.#get(vector, FLAGS) & PENDING);
      this.#follow(vector);
    }
  }

  /** What of the words cannot have been saved, once they are restored. */
  fault(): string | undefined {
    for (let vector = 0; vector < this.#fds.length; vector++) {
      const gsi = this.#get(vector, GSI);
      if (gsi !== 0 && (gsi < MSI_FIRST_GSI || gsi > MSI_LAST_GSI)) return `MSI-X vector ${vector} has the GSI ${gsi}`;
    }
    return undefined;
  }

  /** Makes KVM's side of `vector` what its entry and the control word say. */
  #follow(vector: number): void {
    const fd = this.#fds[vector];
    if (fd === undefined) return;
    const flags = this.#get(vector, FLAGS);
    const isConnected = (flags & CONNECTED) !== 0;
    if (!this.#isDelivered(vector)) {
      if (!isConnected) return;
      this.#ioctls.deassignIrqfd(fd, this.#get(vector, GSI));
      this.#set(vector, FLAGS, flags & ~CONNECTED);
      return;
    }
    const gsi = this.#gsiOf(vector);
    // More vectors than KVM has routes for: this one stays pending, as if masked.
    if (gsi === undefined) return;
    const message = this.#messageOf(vector);
    this.#ioctls.setRoute(gsi, message);
    if (isConnected) return;
    // KVM would inject what waits in the eventfd by itself, but leave its counter standing: it would count again after the next masking.
    const wasSignalled = drainEventFd(fd) > 0;
    this.#ioctls.assignIrqfd(fd, gsi);
    this.#set(vector, FLAGS, CONNECTED);
    if (wasSignalled || (flags & PENDING) !== 0) this.#ioctls.deliver(message);
  }

  /** As the guest wrote it. Good until the next call. */
  #messageOf(vector: number): MsiMessage {
    this.#message.addressLow = this.#get(vector, ADDRESS_LOW) >>> 0;
    this.#message.addressHigh = this.#get(vector, ADDRESS_HIGH) >>> 0;
    this.#message.data = this.#get(vector, DATA) >>> 0;
    return this.#message;
  }

  #isDelivered(vector: number): boolean {
    const control = Atomics.load(this.#words, CONTROL_WORD) & (ENABLE | MASK_ALL);
    return control === ENABLE && (this.#get(vector, VECTOR_CONTROL) & VECTOR_MASKED) === 0;
  }

  #gsiOf(vector: number): number | undefined {
    const known = this.#get(vector, GSI);
    if (known !== 0) return known;
    const gsi = this.#gsis.allocate();
    if (gsi !== undefined) this.#set(vector, GSI, gsi);
    return gsi;
  }

  #isPending(vector: number): boolean {
    const fd = this.#fds[vector];
    if (fd === undefined) return false;
    const flags = this.#get(vector, FLAGS);
    if ((flags & CONNECTED) !== 0) return false;
    return (flags & PENDING) !== 0 || (pollNow(asFd(fd), EPOLLIN) & EPOLLIN) !== 0;
  }

  #get(vector: number, word: number): number {
    return Atomics.load(this.#words, VECTORS + vector * VECTOR_WORDS + word);
  }

  #set(vector: number, word: number, value: number): void {
    Atomics.store(this.#words, VECTORS + vector * VECTOR_WORDS + word, value);
  }
}
