/**
 * A vCPU's thread: KVM_RUN and its exits, and the states that the main thread asks for.
 *
 * An exit costs no look at the control words. Whoever wants something writes the request and kicks the thread: the kick signal is
 * blocked everywhere but inside KVM_RUN, which returns EINTR then, at once if the signal came before. Nothing on the way of a port
 * or memory access allocates.
 */
import { EAGAIN, EINTR } from '#shared/sys/errno.ts';
import { ioctl } from '#shared/sys/ffi.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { consumeKick } from '#shared/sys/thread.ts';
import { type FatalExit, fatalExit } from '../kvm/exit.ts';
import { IOCTL, KVM_EXIT, KVM_EXIT_IO_OUT, KVM_RUN_OFFSET as RUN } from '../kvm/spec.ts';
import { REQUEST, STATE, WORD, enterState } from './control-words.ts';

/** An address space of the machine: sizes 1, 2 and 4; a read gives an unsigned number. */
export interface IoSpace {
  read(address: number, size: number): number;
  write(address: number, size: number, value: number): void;
}

/** What the guest reaches by leaving KVM_RUN, served on the calling thread. */
export interface ExitTarget {
  readonly pio: IoSpace;
  readonly mmio: IoSpace;
  /** The guest ended a level-triggered interrupt of the IOAPIC's. */
  ioapicEoi(vector: number): void;
}

export interface RunLoopOptions {
  readonly vcpuFd: Fd;
  /** struct kvm_run and what follows it, mapped for the life of the thread. */
  readonly run: DataView;
  readonly words: Int32Array;
  readonly target: ExitTarget;
  /** Called on this thread once the vCPU is paused because of `exit`, in its `life`; it stays so until it is asked to run. */
  readonly onFatal: (exit: FatalExit, life: number) => void;
}

const KVM_RUN = IOCTL.KVM_RUN;
const TWO_32 = 0x1_0000_0000;
/** An instruction can cause a bounded number of accesses; one that never ends is KVM's mistake. */
const MOST_COMPLETIONS = 4096;
const { KVM_EXIT_IO, KVM_EXIT_MMIO, KVM_EXIT_IOAPIC_EOI, KVM_EXIT_INTR } = KVM_EXIT;
const { exit_reason: EXIT_REASON, immediate_exit: IMMEDIATE_EXIT } = RUN;
const IO_DIRECTION = RUN['io.direction'];
const IO_SIZE = RUN['io.size'];
const IO_PORT = RUN['io.port'];
const IO_COUNT = RUN['io.count'];
const IO_DATA_OFFSET = RUN['io.data_offset'];
const MMIO_ADDRESS = RUN['mmio.phys_addr'];
const MMIO_DATA = RUN['mmio.data'];
const MMIO_LENGTH = RUN['mmio.len'];
const MMIO_IS_WRITE = RUN['mmio.is_write'];
const EOI_VECTOR = RUN['eoi.vector'];

export class RunLoop {
  readonly #fd: number;
  readonly #run: DataView;
  readonly #words: Int32Array;
  readonly #target: ExitTarget;
  readonly #onFatal: (exit: FatalExit, life: number) => void;

  constructor(options: RunLoopOptions) {
    this.#fd = options.vcpuFd;
    this.#run = options.run;
    this.#words = options.words;
    this.#target = options.target;
    this.#onFatal = options.onFatal;
  }

  /** Obeys the control words until they say stop. */
  serve(): void {
    const words = this.#words;
    for (;;) {
      const request = Atomics.load(words, WORD.request);
      if (request === REQUEST.stop) break;
      if (request === REQUEST.run) {
        enterState(words, STATE.running);
        this.#runUntilAsked();
      } else {
        enterState(words, request === REQUEST.park ? STATE.parked : STATE.paused);
        Atomics.wait(words, WORD.request, request);
      }
    }
    enterState(words, STATE.stopped);
  }

  /** Returns, with every access of the guest completed, when something else than running is asked or the guest cannot go on. */
  #runUntilAsked(): void {
    for (;;) {
      const result = ioctl(this.#fd, KVM_RUN, 0);
      if (result >= 0) {
        if (this.#dispatch()) continue;
        return this.#fail(fatalExit(this.#run));
      }
      if (result === -EINTR) {
        consumeKick();
        this.#count(WORD.interruptedExits);
        if (Atomics.load(this.#words, WORD.request) !== REQUEST.run) return this.#complete();
      } else if (result !== -EAGAIN) {
        // EAGAIN: a processor that waited for its start-up message has got it.
        return this.#fail({ kind: 'run-failed', errno: -result });
      }
    }
  }

  /** Serves the exit that lies in kvm_run; false where it is not one that the guest goes on after. */
  #dispatch(): boolean {
    const reason = this.#run.getUint32(EXIT_REASON, true);
    if (reason === KVM_EXIT_IO) {
      this.#count(WORD.pioExits);
      this.#portAccess();
    } else if (reason === KVM_EXIT_MMIO) {
      this.#count(WORD.mmioExits);
      this.#memoryAccess();
    } else if (reason === KVM_EXIT_IOAPIC_EOI) {
      this.#count(WORD.eoiExits);
      this.#target.ioapicEoi(this.#run.getUint8(EOI_VECTOR));
    } else {
      return reason === KVM_EXIT_INTR;
    }
    return true;
  }

  /**
   * An access that was answered is finished by the next KVM_RUN: enter it without running the guest, so that its registers are
   * those after the instruction. Completing one part of an instruction may bring its next part.
   */
  #complete(): void {
    this.#run.setUint8(IMMEDIATE_EXIT, 1);
    try {
      for (let parts = 0; parts < MOST_COMPLETIONS; parts++) {
        const result = ioctl(this.#fd, KVM_RUN, 0);
        if (result === -EINTR) return consumeKick();
        if (result === -EAGAIN) continue;
        if (result < 0) return this.#fail({ kind: 'run-failed', errno: -result });
        if (!this.#dispatch()) return this.#fail(fatalExit(this.#run));
      }
      throw new Error(`an instruction of the guest has more than ${MOST_COMPLETIONS} parts`);
    } finally {
      this.#run.setUint8(IMMEDIATE_EXIT, 0);
    }
  }

  /** Pauses by itself: nobody asked, so the request says it too, unless somebody asked for something else meanwhile. */
  #fail(exit: FatalExit): void {
    // Once it shows as paused the machine may be reset before it is told why.
    const life = Atomics.load(this.#words, WORD.life);
    Atomics.compareExchange(this.#words, WORD.request, REQUEST.run, REQUEST.pause);
    enterState(this.#words, STATE.paused);
    this.#onFatal(exit, life);
  }

  /** A string instruction brings `count` values of `size` bytes for one port, one behind the other. */
  #portAccess(): void {
    const run = this.#run;
    const pio = this.#target.pio;
    const size = run.getUint8(IO_SIZE);
    const port = run.getUint16(IO_PORT, true);
    const count = run.getUint32(IO_COUNT, true);
    let at = run.getUint32(IO_DATA_OFFSET, true);
    if (run.getUint8(IO_DIRECTION) === KVM_EXIT_IO_OUT) {
      for (let left = count; left > 0; left--, at += size) pio.write(port, size, this.#load(at, size));
    } else {
      for (let left = count; left > 0; left--, at += size) this.#store(at, size, pio.read(port, size));
    }
  }

  #memoryAccess(): void {
    const run = this.#run;
    const mmio = this.#target.mmio;
    const isWrite = run.getUint8(MMIO_IS_WRITE) !== 0;
    let address = run.getUint32(MMIO_ADDRESS + 4, true) * TWO_32 + run.getUint32(MMIO_ADDRESS, true);
    let left = run.getUint32(MMIO_LENGTH, true);
    let at = MMIO_DATA;
    // Up to 8 bytes, and any number of them where an access was split at a page: parts of 4, 2 and 1.
    while (left > 0) {
      const size = left >= 4 ? 4 : left >= 2 ? 2 : 1;
      if (isWrite) mmio.write(address, size, this.#load(at, size));
      else this.#store(at, size, mmio.read(address, size));
      address += size;
      at += size;
      left -= size;
    }
  }

  #load(at: number, size: number): number {
    if (size === 1) return this.#run.getUint8(at);
    return size === 2 ? this.#run.getUint16(at, true) : this.#run.getUint32(at, true);
  }

  #store(at: number, size: number, value: number): void {
    if (size === 1) this.#run.setUint8(at, value);
    else if (size === 2) this.#run.setUint16(at, value, true);
    else this.#run.setUint32(at, value, true);
  }

  #count(word: number): void {
    this.#words[word] = (this.#words[word] ?? 0) + 1;
  }
}
