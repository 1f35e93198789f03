/**
 * The I/O APIC (82093AA; ICH's 24 pins) beside KVM's local APICs ("split irqchip"): each pin becomes a message-signalled interrupt.
 *
 * Pin n is GSI n. An unmasked pin has a route (its redirection entry as a message) and its eventfd as an irqfd, so `raise` is one
 * signal from any thread; masking takes the irqfd away and signals wait in the eventfd's counter. Level-triggered pins keep
 * remote IRR here: KVM reports the end of their interrupts (KVM_EXIT_IOAPIC_EOI), and the run loop calls `endOfInterrupt`.
 */
import type { MsiMessage, VmIoctls } from '../bus/vm-ioctls.ts';
import { type IoHandler, allOnes } from '../bus/bus.ts';
import { IOAPIC_PIN_COUNT, LAPIC_ADDRESS } from '../memory/layout.ts';
import type { StateArena } from '../state/arena.ts';
import type { Lock } from '../state/lock.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { signalEventFd } from '#shared/sys/eventfd.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { connectIrqfd } from './irqfd.ts';

// Memory-mapped registers, and those behind IOREGSEL.
const IOREGSEL = 0x00;
const IOWIN = 0x10;
const IOAPICID = 0;
const IOAPICVER = 1;
const IOAPICARB = 2;
const REDIRECTION_TABLE = 0x10;

const VERSION = 0x0017_0011;
const ID_MASK = 0x0f00_0000;

// Low half of a redirection entry.
const VECTOR = 0xff;
const DELIVERY_MODE = 0x700;
const DESTINATION_LOGICAL = 1 << 11;
const REMOTE_IRR = 1 << 14;
const LEVEL = 1 << 15;
const MASKED = 1 << 16;
/** Everything but delivery status and remote IRR, which are the IOAPIC's own. */
const LOW_WRITABLE = 0x1_afff;
/** High half: destination, and the seven further bits of the extended destination id below it. */
const HIGH_WRITABLE = 0xfffe_0000;

const MSI_DESTINATION_LOGICAL = 1 << 2;
const MSI_LEVEL = 1 << 15;
const MSI_ASSERT = 1 << 14;

// Words of the slice. The bit maps have one bit for each pin.
const LOCK = 0;
const SELECT = 1;
const ID = 2;
/** Level-triggered lines that are asserted. */
const LINES = 3;
/** Pins whose eventfd is an irqfd. */
const CONNECTED = 4;
/** Saved machines only: pins with a signal that waited in the eventfd. */
const PENDING = 5;
const ENTRIES = 6;

/** An interrupt input, as the device at its end sees it. */
export interface InterruptLine {
  /** A rising edge. Any thread; one system call. */
  raise(): void;
}

export interface IoapicOptions {
  /** The eventfd of each pin that has a device, by pin. */
  readonly pinFds: readonly (number | undefined)[];
}

export class Ioapic implements IoHandler {
  readonly #words: Int32Array;
  readonly #lock: Lock;
  readonly #pinFds: readonly (number | undefined)[];
  readonly #ioctls: VmIoctls;
  readonly #message = { addressLow: 0, addressHigh: 0, data: 0 } satisfies MsiMessage;

  constructor(options: IoapicOptions, arena: StateArena, ioctls: VmIoctls) {
    const slice = arena.slice('ioapic', 1, (ENTRIES + IOAPIC_PIN_COUNT * 2) * 4);
    this.#words = slice.words;
    this.#lock = arena.lock(slice.words, LOCK);
    this.#pinFds = options.pinFds;
    this.#ioctls = ioctls;
  }

  /** Power-on values; by one thread, before the first vCPU runs. */
  reset(): void {
    this.#lock.acquire();
    for (let pin = 0; pin < IOAPIC_PIN_COUNT; pin++) {
      this.#setEntry(pin, MASKED, 0);
      this.#follow(pin);
    }
    for (const word of [SELECT, ID, LINES, PENDING]) Atomics.store(this.#words, word, 0);
    this.#lock.release();
  }

  read(offset: number, size: number): number {
    if (size !== 4 || (offset !== IOREGSEL && offset !== IOWIN)) return allOnes(size);
    if (offset === IOREGSEL) return Atomics.load(this.#words, SELECT);
    return this.#readSelected(Atomics.load(this.#words, SELECT));
  }

  write(offset: number, size: number, value: number): void {
    if (size !== 4) return;
    this.#lock.acquire();
    if (offset === IOREGSEL) Atomics.store(this.#words, SELECT, value & 0xff);
    else if (offset === IOWIN) this.#writeSelected(Atomics.load(this.#words, SELECT), value);
    this.#lock.release();
  }

  /** The line into `pin`, for the device that drives it. */
  line(pin: number): InterruptLine {
    return { raise: () => this.raise(pin) };
  }

  /** A rising edge on `pin`. On a level-triggered pin: one interrupt, unless one is still in service. */
  raise(pin: number): void {
    if ((this.#low(pin) & LEVEL) === 0) {
      this.#signal(pin);
      return;
    }
    this.#lock.acquire();
    this.#deliverLevel(pin);
    this.#lock.release();
  }

  /** Drives the level of a level-triggered `pin`: it interrupts again after each end of interrupt while asserted. */
  setLevel(pin: number, asserted: boolean): void {
    this.#lock.acquire();
    const lines = Atomics.load(this.#words, LINES);
    Atomics.store(this.#words, LINES, asserted ? lines | (1 << pin) : lines & ~(1 << pin));
    this.#serveLevel(pin);
    this.#lock.release();
  }

  /** A local APIC has finished the level-triggered interrupt `vector` (KVM_EXIT_IOAPIC_EOI). */
  endOfInterrupt(vector: number): void {
    this.#lock.acquire();
    for (let pin = 0; pin < IOAPIC_PIN_COUNT; pin++) {
      const low = this.#low(pin);
      if ((low & LEVEL) === 0 || (low & REMOTE_IRR) === 0 || (low & VECTOR) !== vector) continue;
      this.#setEntry(pin, low & ~REMOTE_IRR, this.#high(pin));
      this.#serveLevel(pin);
    }
    this.#lock.release();
  }

  /** Before the arena is saved, all vCPUs paused: notes the signals that wait in eventfds, which end with this process. */
  saving(): void {
    let pending = 0;
    for (const [pin, fd] of this.#pinFds.entries()) {
      if (fd === undefined || (Atomics.load(this.#words, CONNECTED) & (1 << pin)) !== 0) continue;
      if ((pollNow(asFd(fd), EPOLLIN) & EPOLLIN) !== 0) pending |= 1 << pin;
    }
    Atomics.store(this.#words, PENDING, pending);
  }

  /** After a restore, once the routes are: connects the unmasked pins of the new VM; by one thread. */
  restored(): void {
    this.#lock.acquire();
    const connected = Atomics.exchange(this.#words, CONNECTED, 0);
    const pending = Atomics.exchange(this.#words, PENDING, 0);
    for (let pin = 0; pin < IOAPIC_PIN_COUNT; pin++) {
      if ((pending & (1 << pin)) !== 0) this.#signal(pin);
      if ((connected & (1 << pin)) !== 0) this.#follow(pin);
    }
    this.#lock.release();
  }

  #readSelected(register: number): number {
    if (register === IOAPICID) return Atomics.load(this.#words, ID);
    if (register === IOAPICVER) return VERSION;
    if (register === IOAPICARB) return Atomics.load(this.#words, ID);
    const pin = (register - REDIRECTION_TABLE) >> 1;
    if (pin < 0 || pin >= IOAPIC_PIN_COUNT) return 0xffff_ffff;
    return (register & 1) === 0 ? this.#low(pin) : this.#high(pin);
  }

  #writeSelected(register: number, value: number): void {
    if (register === IOAPICID) Atomics.store(this.#words, ID, value & ID_MASK);
    const pin = (register - REDIRECTION_TABLE) >> 1;
    if (pin < 0 || pin >= IOAPIC_PIN_COUNT) return;
    if ((register & 1) === 0) {
      // An entry that becomes edge-triggered forgets its remote IRR: drivers use that to end an interrupt by hand.
      const kept = (value & LEVEL) === 0 ? 0 : this.#low(pin) & REMOTE_IRR;
      this.#setEntry(pin, (value & LOW_WRITABLE) | kept, this.#high(pin));
    } else {
      this.#setEntry(pin, this.#low(pin), value & HIGH_WRITABLE);
    }
    this.#follow(pin);
    this.#serveLevel(pin);
  }

  /** Makes KVM's side of `pin` what its entry says. */
  #follow(pin: number): void {
    const fd = this.#pinFds[pin];
    if (fd === undefined) return;
    const connected = Atomics.load(this.#words, CONNECTED);
    const bit = 1 << pin;
    if ((this.#low(pin) & MASKED) !== 0) {
      if ((connected & bit) === 0) return;
      this.#ioctls.deassignIrqfd(fd, pin);
      Atomics.store(this.#words, CONNECTED, connected & ~bit);
      return;
    }
    this.#ioctls.setRoute(pin, this.#messageOf(pin));
    if ((connected & bit) !== 0) return;
    connectIrqfd(this.#ioctls, fd, pin);
    Atomics.store(this.#words, CONNECTED, connected | bit);
  }

  #serveLevel(pin: number): void {
    const low = this.#low(pin);
    if ((low & LEVEL) !== 0 && (low & MASKED) === 0 && (Atomics.load(this.#words, LINES) & (1 << pin)) !== 0) this.#deliverLevel(pin);
  }

  #deliverLevel(pin: number): void {
    const low = this.#low(pin);
    if ((low & REMOTE_IRR) !== 0) return;
    // A masked pin has not been accepted by any local APIC: its signal waits, and counts as none in service.
    if ((low & MASKED) === 0) this.#setEntry(pin, low | REMOTE_IRR, this.#high(pin));
    this.#signal(pin);
  }

  #signal(pin: number): void {
    const fd = this.#pinFds[pin];
    if (fd !== undefined) signalEventFd(fd);
  }

  /** The entry as the message that a local APIC understands (Intel SDM 3A, 11.11). */
  #messageOf(pin: number): MsiMessage {
    const low = this.#low(pin);
    const high = this.#high(pin);
    const destination = ((high >>> 24) << 12) | (((high >>> 17) & 0x7f) << 5);
    const logical = (low & DESTINATION_LOGICAL) !== 0 ? MSI_DESTINATION_LOGICAL : 0;
    this.#message.addressLow = (LAPIC_ADDRESS | destination | logical) >>> 0;
    this.#message.data = (low & (VECTOR | DELIVERY_MODE)) | ((low & LEVEL) !== 0 ? MSI_LEVEL | MSI_ASSERT : 0);
    return this.#message;
  }

  #low(pin: number): number {
    return Atomics.load(this.#words, ENTRIES + pin * 2);
  }

  #high(pin: number): number {
    return Atomics.load(this.#words, ENTRIES + pin * 2 + 1);
  }

  #setEntry(pin: number, low: number, high: number): void {
    Atomics.store(this.#words, ENTRIES + pin * 2, low);
    Atomics.store(this.#words, ENTRIES + pin * 2 + 1, high);
  }
}
