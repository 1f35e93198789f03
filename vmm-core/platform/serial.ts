/**
 * A 16550A UART (National PC16550D data sheet) whose line is infinitely fast: a byte written is sent at once, into a ring that the link
 * thread empties; a byte typed waits in another ring, as if on the wire, until the guest reads it. So there are no overruns and no
 * line errors. A full output ring shows as a transmitter that is not empty; the guest then waits, as it would for real hardware.
 *
 * The vCPUs call `read` and `write`; the main thread calls `takeOutput` and `pushInput`.
 */
import { type IoHandler, allOnes } from '../bus/bus.ts';
import type { StateArena } from '../state/arena.ts';
import type { Effects } from '../state/effects.ts';
import type { Lock } from '../state/lock.ts';
import { ByteRing } from './byte-ring.ts';
import type { InterruptLine } from './ioapic.ts';

/** What the main thread finds in the port's effect word. */
export const SERIAL_EFFECT = {
  /** The output ring holds bytes. */
  output: 1,
  /** The input ring, which had refused bytes, has room again. */
  inputRoom: 2,
} as const;

export const SERIAL_OUTPUT_CAPACITY = 64 * 1024;
export const SERIAL_INPUT_CAPACITY = 4096;

// Registers by offset; the first two are the divisor latch while LCR_DLAB is set.
const DATA = 0;
const IER = 1;
const IIR_FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

const IER_RECEIVED = 1;
const IER_TRANSMITTER_EMPTY = 2;
const IER_MODEM = 8;
const IER_WRITABLE = 0x0f;

const IIR_NONE = 0x01;
const IIR_MODEM = 0x00;
const IIR_TRANSMITTER_EMPTY = 0x02;
const IIR_RECEIVED = 0x04;
const IIR_TIMEOUT = 0x0c;
const IIR_FIFO = 0xc0;

const FCR_ENABLE = 1;
/** Trigger level, DMA mode and enable; the two bits between clear a FIFO and read as nothing. */
const FCR_KEPT = 0xc9;
const FIFO_SIZE = 16;
/** Bytes at which the receiver interrupts, by the two high bits of FCR. */
const RECEIVE_TRIGGER = [1, 4, 8, 14] as const;

const LCR_DLAB = 0x80;
const MCR_WRITABLE = 0x1f;
const MCR_LOOP = 0x10;
const LSR_DATA_READY = 0x01;
const LSR_TRANSMITTER_EMPTY = 0x60;
/** CTS, DSR and DCD: somebody is at the other end. */
const MSR_CONNECTED = 0xb0;
const MSR_RING = 0x40;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** 9600 baud at 1.8432 MHz. */
const DEFAULT_DIVISOR = 12;

// Words of the slice; the rings' bytes follow.
const W = { lock: 0, output: 1, input: 3, loop: 5, ier: 7, fcr: 8, lcr: 9, mcr: 10, msr: 11, scr: 12, divisor: 13, flags: 14 } as const;
const RING_BYTES = 64;
const LOOP_BYTES = RING_BYTES;
const INPUT_BYTES = LOOP_BYTES + FIFO_SIZE;
const OUTPUT_BYTES = INPUT_BYTES + SERIAL_INPUT_CAPACITY;

// Bits of the flags word.
/** The transmitter became empty and the guest has not been told. */
const TRANSMITTER_EVENT = 1;
/** The interrupt line is high. */
const LINE = 2;
/** The guest has found the transmitter full. */
const OUTPUT_BLOCKED = 4;
/** The main thread has bytes that did not fit. */
const INPUT_BLOCKED = 8;

export interface SerialOptions {
  /** Unique: names the slice. */
  readonly name: string;
  /** The port's word in `Effects`. */
  readonly effectIndex: number;
  /** Where nobody reads: bytes go nowhere and wake nobody. */
  readonly discardOutput?: boolean;
}

export class SerialPort implements IoHandler {
  readonly #words: Int32Array;
  readonly #lock: Lock;
  readonly #output: ByteRing;
  readonly #input: ByteRing;
  readonly #loop: ByteRing;
  readonly #options: SerialOptions;
  readonly #effects: Effects;
  readonly #interrupt: InterruptLine;

  constructor(options: SerialOptions, arena: StateArena, effects: Effects, interrupt: InterruptLine) {
    const slice = arena.slice(options.name, 1, OUTPUT_BYTES + SERIAL_OUTPUT_CAPACITY);
    this.#words = slice.words;
    this.#lock = arena.lock(slice.words, W.lock);
    this.#loop = new ByteRing(slice.words, W.loop, slice.bytes.subarray(LOOP_BYTES, INPUT_BYTES));
    this.#input = new ByteRing(slice.words, W.input, slice.bytes.subarray(INPUT_BYTES, OUTPUT_BYTES));
    this.#output = new ByteRing(slice.words, W.output, slice.bytes.subarray(OUTPUT_BYTES));
    this.#options = options;
    this.#effects = effects;
    this.#interrupt = interrupt;
  }

  /** Power-on values; by one thread, before the first vCPU runs. */
  reset(): void {
    this.#lock.acquire();
    for (const word of [W.ier, W.fcr, W.lcr, W.mcr, W.scr]) this.#set(word, 0);
    this.#set(W.msr, MSR_CONNECTED);
    this.#set(W.divisor, DEFAULT_DIVISOR);
    this.#set(W.flags, TRANSMITTER_EVENT);
    for (const ring of [this.#output, this.#input, this.#loop]) ring.reset();
    this.#lock.release();
    // Whoever stopped reading the source because the ring was full would wait for a guest that is gone.
    this.#effects.raise(this.#options.effectIndex, SERIAL_EFFECT.inputRoom);
  }

  /** What of its registers cannot have been saved, once they are restored. */
  fault(): string | undefined {
    const isOverfull = [this.#output, this.#input, this.#loop].some((ring) => ring.isOverfull);
    return isOverfull ? `${this.#options.name}: more bytes wait than there is room for` : undefined;
  }

  /** After a restore: bytes that the saved machine had not sent wake the main thread of this one. */
  restored(): void {
    if (this.#output.count > 0) this.#effects.raise(this.#options.effectIndex, SERIAL_EFFECT.output);
    this.#effects.raise(this.#options.effectIndex, SERIAL_EFFECT.inputRoom);
  }

  read(offset: number, size: number): number {
    if (size !== 1) return allOnes(size);
    // Guests poll this register for every byte: it is answered without the lock.
    if (offset === LSR) return this.#lineStatus();
    this.#lock.acquire();
    const value = this.#readRegister(offset);
    this.#updateLine();
    this.#lock.release();
    return value;
  }

  write(offset: number, size: number, value: number): void {
    if (size !== 1) return;
    this.#lock.acquire();
    this.#writeRegister(offset, value);
    this.#updateLine();
    this.#lock.release();
  }

  /** Main thread: moves what the guest has sent into `target`; returns how many bytes, 0 when there are no more. */
  takeOutput(target: Uint8Array): number {
    const length = this.#output.takeAll(target);
    if (length > 0 && (this.#get(W.flags) & OUTPUT_BLOCKED) !== 0) this.#transmitterFreed();
    return length;
  }

  /** Main thread: how many typed bytes fit. Where that is 0, stop reading the source until `SERIAL_EFFECT.inputRoom`. */
  inputRoom(): number {
    this.#lock.acquire();
    const room = SERIAL_INPUT_CAPACITY - this.#input.count;
    if (room === 0) this.#setFlags(INPUT_BLOCKED);
    this.#lock.release();
    return room;
  }

  /**
   * Main thread: hands typed bytes to the guest, at most `inputRoom()` of them: what does not fit is lost, as on a wire. A line feed
   * by itself is somebody's Enter key and becomes the carriage return that terminals send.
   */
  pushInput(bytes: Uint8Array): void {
    this.#lock.acquire();
    if (bytes.length === 1 && bytes[0] === LINE_FEED) this.#input.push(CARRIAGE_RETURN);
    else this.#input.pushAll(bytes);
    this.#updateLine();
    this.#lock.release();
  }

  #lineStatus(): number {
    const receiver = this.#receiver().count > 0 ? LSR_DATA_READY : 0;
    if (!this.#output.isFull || this.#options.discardOutput === true) return receiver | LSR_TRANSMITTER_EMPTY;
    // The main thread may empty the ring between the look and the flag: then nobody would clear it, and it is only a wasted check.
    Atomics.or(this.#words, W.flags, OUTPUT_BLOCKED);
    return receiver | (this.#output.isFull ? 0 : LSR_TRANSMITTER_EMPTY);
  }

  #readRegister(offset: number): number {
    switch (offset) {
      case DATA:
        return this.#latched() ? this.#get(W.divisor) & 0xff : this.#receive();
      case IER:
        return this.#latched() ? this.#get(W.divisor) >> 8 : this.#get(W.ier);
      case IIR_FCR:
        return this.#identifyInterrupt();
      case LCR:
        return this.#get(W.lcr);
      case MCR:
        return this.#get(W.mcr);
      case MSR: {
        const value = this.#get(W.msr);
        this.#set(W.msr, value & 0xf0);
        return value;
      }
      case SCR:
        return this.#get(W.scr);
      default:
        return 0xff;
    }
  }

  #writeRegister(offset: number, value: number): void {
    switch (offset) {
      case DATA:
        if (this.#latched()) this.#set(W.divisor, (this.#get(W.divisor) & 0xff00) | value);
        else this.#transmit(value);
        break;
      case IER:
        if (this.#latched()) this.#set(W.divisor, (this.#get(W.divisor) & 0xff) | (value << 8));
        else this.#enableInterrupts(value & IER_WRITABLE);
        break;
      case IIR_FCR:
        this.#controlFifo(value);
        break;
      case LCR:
        this.#set(W.lcr, value);
        break;
      case MCR:
        this.#controlModem(value & MCR_WRITABLE);
        break;
      case SCR:
        this.#set(W.scr, value);
        break;
      default:
        // LSR and MSR are read-only outside of a factory test.
        break;
    }
  }

  #receive(): number {
    const byte = this.#receiver().take();
    if ((this.#get(W.flags) & INPUT_BLOCKED) !== 0 && this.#input.count <= SERIAL_INPUT_CAPACITY / 2) {
      this.#clearFlags(INPUT_BLOCKED);
      this.#effects.raise(this.#options.effectIndex, SERIAL_EFFECT.inputRoom);
    }
    return byte < 0 ? 0 : byte;
  }

  #transmit(byte: number): void {
    if ((this.#get(W.mcr) & MCR_LOOP) !== 0) this.#loop.push(byte);
    else if (this.#options.discardOutput !== true && this.#output.push(byte))
      this.#effects.raise(this.#options.effectIndex, SERIAL_EFFECT.output);
    if ((this.#lineStatus() & LSR_TRANSMITTER_EMPTY) !== 0) this.#setFlags(TRANSMITTER_EVENT);
    else this.#clearFlags(TRANSMITTER_EVENT);
  }

  #enableInterrupts(value: number): void {
    const before = this.#get(W.ier);
    this.#set(W.ier, value);
    // Enabling the interrupt of a transmitter that is empty already interrupts: that is how drivers start sending.
    const enabled = (value & ~before & IER_TRANSMITTER_EMPTY) !== 0;
    if (enabled && (this.#lineStatus() & LSR_TRANSMITTER_EMPTY) !== 0) this.#setFlags(TRANSMITTER_EVENT);
  }

  #controlFifo(value: number): void {
    // There is nothing to clear: what was sent is gone, and what was typed is on the wire, not in the receiver, until it is read.
    this.#set(W.fcr, (value & FCR_ENABLE) === 0 ? 0 : value & FCR_KEPT);
  }

  #controlModem(value: number): void {
    this.#set(W.mcr, value);
    const looped = (value & MCR_LOOP) !== 0;
    if (!looped) this.#loop.drop(FIFO_SIZE);
    // In loopback the four outputs DTR, RTS, OUT1 and OUT2 are the inputs DSR, CTS, RI and DCD.
    const lines = looped ? ((value & 1) << 5) | ((value & 2) << 3) | ((value & 4) << 4) | ((value & 8) << 4) : MSR_CONNECTED;
    const before = this.#get(W.msr);
    const changed = (before ^ lines) & 0xf0;
    // The ring indicator counts when it ends, the others when they change.
    const deltas = (changed >> 4) & ~(lines & MSR_RING ? 4 : 0);
    this.#set(W.msr, lines | (before & 0x0f) | deltas);
  }

  #identifyInterrupt(): number {
    const source = this.#interruptSource();
    if (source === IIR_TRANSMITTER_EMPTY) this.#clearFlags(TRANSMITTER_EVENT);
    return source | ((this.#get(W.fcr) & FCR_ENABLE) !== 0 ? IIR_FIFO : 0);
  }

  /** The pending interrupt of the highest priority that is enabled. */
  #interruptSource(): number {
    const enabled = this.#get(W.ier);
    const received = this.#receiver().count;
    if ((enabled & IER_RECEIVED) !== 0 && received > 0) {
      const fcr = this.#get(W.fcr);
      const trigger = (fcr & FCR_ENABLE) !== 0 ? (RECEIVE_TRIGGER[fcr >> 6] ?? 1) : 1;
      // Fewer bytes than that interrupt after four idle character times, which on this line is at once.
      return received >= trigger ? IIR_RECEIVED : IIR_TIMEOUT;
    }
    if ((enabled & IER_TRANSMITTER_EMPTY) !== 0 && (this.#get(W.flags) & TRANSMITTER_EVENT) !== 0) return IIR_TRANSMITTER_EMPTY;
    if ((enabled & IER_MODEM) !== 0 && (this.#get(W.msr) & 0x0f) !== 0) return IIR_MODEM;
    return IIR_NONE;
  }

  /** The IOAPIC sees the line's rising edges: drivers serve until IIR says that nothing is left, which lowers it. */
  #updateLine(): void {
    const high = this.#interruptSource() !== IIR_NONE;
    if (high === ((this.#get(W.flags) & LINE) !== 0)) return;
    if (high) {
      this.#setFlags(LINE);
      this.#interrupt.raise();
    } else {
      this.#clearFlags(LINE);
    }
  }

  #transmitterFreed(): void {
    this.#lock.acquire();
    this.#clearFlags(OUTPUT_BLOCKED);
    this.#setFlags(TRANSMITTER_EVENT);
    this.#updateLine();
    this.#lock.release();
  }

  #receiver(): ByteRing {
    return (this.#get(W.mcr) & MCR_LOOP) !== 0 ? this.#loop : this.#input;
  }

  #latched(): boolean {
    return (this.#get(W.lcr) & LCR_DLAB) !== 0;
  }

  #get(word: number): number {
    return Atomics.load(this.#words, word);
  }

  #set(word: number, value: number): void {
    Atomics.store(this.#words, word, value);
  }

  #setFlags(bits: number): void {
    Atomics.or(this.#words, W.flags, bits);
  }

  #clearFlags(bits: number): void {
    Atomics.and(this.#words, W.flags, ~bits);
  }
}
