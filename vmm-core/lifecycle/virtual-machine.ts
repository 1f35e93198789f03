/**
 * One virtual machine in this process: its host objects, its registers, the threads of its vCPUs and the links of its devices. What
 * may happen when is the caller's to decide (`controller.ts`); each step here says what must hold before it.
 */
import { printable } from '#shared/lang/printable.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import { describeBootError, prepareBoot } from '../boot/index.ts';
import type { SerialLink } from '../link/serial-link.ts';
import { type Machine, type MachinePlan, buildMachine } from '../machine.ts';
import { restoreRam, saveRam } from '../memory/contents.ts';
import { setBootRegisters } from '../vcpu/boot-state.ts';
import { VcpuThreads, type VcpuWorker } from '../vcpu/control.ts';
import { type SavedVcpu, type StateFormat, resetVcpu, restoreVcpu, saveVcpu, stateFormat } from '../vcpu/state.ts';
import type { FatalReport } from '../vcpu/thread.ts';
import { bootPayload } from './boot-payload.ts';
import { makeRoomForLinux } from './early-memory.ts';
import type { MachineHost } from './machine-host.ts';
import { EFFECT_WORD, type PlannedDevice } from './machine-plan.ts';
import type { BootOrigin, MachineSpec, SavedOrigin } from './machine-spec.ts';
import { readSavedMachine, writeSavedMachine } from './saved-machine.ts';

/** Registers of all devices: the serial port's buffers and the interrupt routes take most of it. Pages that nobody touches cost nothing. */
const REGISTERS_SIZE = 4 * 2 ** 20;

/** A terminal that takes nothing for so long loses what waits for it. */
const DRAIN_MS = 500;

/** One line for the user. */
export type MachineError = string;
type Done = Result<void, MachineError>;

/** By device id: the next available index of each queue. */
type QueuePositions = Readonly<Record<string, readonly number[]>>;

export interface MachineParts {
  readonly spec: MachineSpec;
  readonly host: MachineHost;
  readonly plan: MachinePlan;
  readonly devices: readonly PlannedDevice[];
  /** Undefined: no serial port. */
  readonly serial: SerialLink | undefined;
}

export interface ThreadParts {
  readonly entry: URL;
  readonly warm: readonly VcpuWorker[];
  /** The vCPUs wait for `resume` before their first instruction. */
  readonly paused: boolean;
  readonly onFatal: (report: FatalReport) => void;
}

export class VirtualMachine {
  readonly #parts: MachineParts;
  readonly #machine: Machine;
  readonly #registers = new SharedArrayBuffer(REGISTERS_SIZE);
  readonly #format: StateFormat;
  #threads: VcpuThreads | undefined;
  /** The vCPUs before their first instruction, for a reset. */
  #powerOn: readonly SavedVcpu[] = [];
  /** Where the queues were stopped: from a save until the machine is resumed. */
  #stopped: QueuePositions | undefined;

  private constructor(parts: MachineParts, format: StateFormat) {
    this.#parts = parts;
    this.#format = format;
    this.#machine = buildMachine(parts.plan, this.#registers);
    const { platform, effects } = this.#machine;
    if (platform.serial !== undefined) parts.serial?.attach(platform.serial, () => effects.take(EFFECT_WORD.serial));
    for (const [index, device] of platform.devices.entries()) parts.devices[index]?.link.attach(device);
  }

  /** Power-on values everywhere; what it is started from comes with `load`. */
  static create(parts: MachineParts): Result<VirtualMachine, MachineError> {
    const format = stateFormat(parts.host.kvm);
    if (!format.ok) return err(format.error.message);
    const machine = new VirtualMachine(parts, format.value);
    const configured = parts.host.configureVcpus();
    return configured.ok ? ok(machine) : configured;
  }

  get platform(): Machine['platform'] {
    return this.#machine.platform;
  }

  /** Fills memory and the boot processor's registers, or everything from a saved machine. Once, before `start`. */
  async load(): Promise<Done> {
    const { origin } = this.#parts.spec;
    const saved = this.#saveVcpus();
    if (!saved.ok) return saved;
    this.#powerOn = saved.value;
    if (origin.kind === 'saved') return this.#restore(origin);
    this.#machine.platform.reset();
    return this.#boot(origin);
  }

  /** Starts the vCPUs' threads. */
  start({ entry, warm, paused, onFatal }: ThreadParts): void {
    const { host, spec, plan } = this.#parts;
    this.#threads = new VcpuThreads({
      entry,
      warm,
      runSize: host.kvm.runSize,
      vcpuFds: host.vcpus.map(({ fd }) => fd),
      first: host.vcpus.map((_, index) => (index >= spec.bootVcpus ? 'park' : paused ? 'pause' : 'run')),
      data: { plan, registers: this.#registers },
      onFatal,
    });
  }

  get threads(): VcpuThreads {
    if (this.#threads === undefined) throw new Error('the machine was not started');
    return this.#threads;
  }

  /** Hands what the registers have asked for since the last time to serial port and devices; answers `POWER_EFFECT` bits. */
  takeEffects(): number {
    const { effects } = this.#machine;
    this.#parts.serial?.look();
    for (const [index, { link }] of this.#parts.devices.entries()) {
      const bits = effects.take(EFFECT_WORD.firstDevice + index);
      if (bits !== 0) link.take(bits);
    }
    return effects.take(EFFECT_WORD.power);
  }

  /** The vCPUs leave the guest. Queues run on: what they complete waits for the guest. */
  async pause(): Promise<Done> {
    const paused = await this.threads.pauseAll();
    return paused.ok ? ok() : err(paused.error.message);
  }

  /** Queues that a save has stopped run again, and the vCPUs enter the guest. */
  async resume(): Promise<Done> {
    const started = this.#stopped === undefined ? ok() : await this.#startQueues(this.#stopped);
    if (!started.ok) return started;
    this.#stopped = undefined;
    const told = this.#tellOfPause();
    if (!told.ok) return told;
    this.threads.resumeAll();
    return ok();
  }

  /** A guest's watchdogs count the time in which it did not run, unless its clock says so. */
  #tellOfPause(): Done {
    for (const vcpu of this.#parts.host.vcpus) {
      const told = vcpu.notifyClockPaused();
      if (!told.ok) return err(told.error.message);
    }
    return ok();
  }

  /** Back before the first instruction, as after power-on. The machine is paused, and stays so. */
  async reset(): Promise<Done> {
    const { host, spec, devices } = this.#parts;
    const origin = spec.origin.kind === 'saved' ? spec.origin.boot : spec.origin;
    if (origin === undefined) return err('it was restored without a kernel to start again from');
    this.drain(DRAIN_MS);
    const stopped = await Promise.all(devices.map(({ link }) => link.reset()));
    const failed = stopped.find((result) => !result.ok);
    if (failed?.ok === false) return err(failed.error.message);
    this.#stopped = undefined;
    this.#forgetSignals();
    const emptied = host.ram.discard();
    if (!emptied.ok) return err(emptied.error.message);
    this.#machine.platform.reset();
    const restored = this.#restoreVcpus(this.#powerOn, resetVcpu);
    if (!restored.ok) return restored;
    return this.#boot(origin);
  }

  /**
   * Writes the paused machine into two empty files. Its queues stand still until it is resumed, so that its disks can be copied too,
   * and what a disk has not done is done by the one that is restored alone.
   */
  async save(state: Fd, memory: Fd): Promise<Done> {
    // What is underway between guest and link is in neither's registers.
    this.drain(DRAIN_MS);
    const stopped = await this.#stopQueues();
    return stopped.ok ? this.#write(state, memory, stopped.value) : stopped;
  }

  /**
   * Another process has come to run the device; false where there is no such one, and the socket stays the caller's. What comes of
   * it is the device's news. Not one of the things that happen one at a time: they may be waiting for it.
   */
  reconnect(id: string, socket: OwnedFd): boolean {
    const link = this.#parts.devices.find((device) => device.link.id === id)?.link;
    if (link?.reconnect === undefined) return false;
    void link.reconnect(socket);
    return true;
  }

  /** The guest's last words go out, as far as they do within so much time in all. */
  drain(timeoutMs: number): void {
    const until = performance.now() + timeoutMs;
    const left = (): number => Math.max(0, until - performance.now());
    this.takeEffects();
    this.#parts.serial?.drain(left());
    for (const { link } of this.#parts.devices) link.drain?.(left());
  }

  #boot(origin: BootOrigin): Done {
    const { host, spec, serial } = this.#parts;
    const [boot] = host.vcpus;
    if (boot === undefined) return err('the machine has no vCPU');
    const state = prepareBoot(
      {
        map: host.map,
        payload: bootPayload(origin),
        processors: { apicIds: host.apicIds, bootCount: spec.bootVcpus },
        hasSerial: serial !== undefined,
        identity: spec.identity,
      },
      host.windows(),
    );
    if (!state.ok) return err(describeBootError(state.error));
    makeRoomForLinux(host.ram, state.value);
    const set = setBootRegisters(boot, state.value);
    return set.ok ? ok() : err(set.error.message);
  }

  /** Signals and effects of the life before a reset mean nothing in the next one. */
  #forgetSignals(): void {
    const { effects } = this.#machine;
    for (let index = 0; index < effects.count; index++) effects.take(index);
    for (const { kickFds, vectorFds } of this.#parts.plan.platform.devices) {
      for (const fd of [...kickFds, ...vectorFds]) drainEventFd(fd);
    }
  }

  async #write(state: Fd, memory: Fd, queues: QueuePositions): Promise<Done> {
    const { host } = this.#parts;
    this.#machine.platform.saving();
    const vcpus = this.#saveVcpus();
    if (!vcpus.ok) return vcpus;
    const clock = host.vm.clock();
    if (!clock.ok) return err(clock.error.message);
    const slices = this.#machine.arena.save();
    const written = writeSavedMachine(state, { memorySize: host.map.ramSize, vcpus: vcpus.value, slices, clock: clock.value, queues });
    if (!written.ok) return written;
    const ram = await saveRam(host.ram.ranges, memory);
    return ram.ok ? ok() : err(ram.error.message);
  }

  async #restore({ state, memory }: SavedOrigin): Promise<Done> {
    const { host } = this.#parts;
    const saved = readSavedMachine(state.fd);
    if (!saved.ok) return saved;
    const { memorySize, vcpus, slices, clock, queues } = saved.value;
    if (memorySize !== host.map.ramSize) return err(`the saved machine has ${memorySize} bytes of memory, not ${host.map.ramSize}`);
    const ram = await restoreRam(host.ram.ranges, memory.fd);
    if (!ram.ok) return err(ram.error.message);
    const registers = this.#machine.arena.restore(slices);
    if (!registers.ok) return err(registers.error.message);
    const fault = this.#machine.platform.fault() ?? this.#faultOf(queues);
    if (fault !== undefined) return err(`the state file is damaged: ${fault}`);
    const routed = this.#machine.routes.apply();
    if (!routed.ok) return err(routed.error.message);
    const timed = host.vm.setClock(clock);
    if (!timed.ok) return err(timed.error.message);
    const restored = this.#restoreVcpus(vcpus, restoreVcpu);
    if (!restored.ok) return restored;
    this.#machine.platform.restored();
    const told = this.#tellOfPause();
    if (!told.ok) return told;
    const started = await this.#startQueues(queues);
    if (started.ok) this.#machine.effects.wake();
    return started;
  }

  /** Queues without a position would begin anew, in the middle of what their driver has asked for. */
  #faultOf(queues: QueuePositions): string | undefined {
    const { devices } = this.#parts;
    const stranger = Object.keys(queues).find((id) => !devices.some(({ link }) => link.id === id));
    if (stranger !== undefined) return `it has queues of ${printable(stranger)}, which this machine has not`;
    const wrong = devices.find(({ link }) => queues[link.id]?.length !== link.offer.queueSizes.length);
    return wrong === undefined ? undefined : `it has ${queues[wrong.link.id]?.length ?? 0} queues of ${wrong.link.id}`;
  }

  async #stopQueues(): Promise<Result<QueuePositions, MachineError>> {
    if (this.#stopped !== undefined) return ok(this.#stopped);
    const queues: Record<string, readonly number[]> = {};
    for (const { link } of this.#parts.devices) {
      const positions = await link.suspend();
      if (!positions.ok) return err(positions.error.message);
      queues[link.id] = positions.value;
    }
    this.#stopped = queues;
    return ok(queues);
  }

  async #startQueues(queues: QueuePositions): Promise<Done> {
    for (const { link } of this.#parts.devices) {
      const started = await link.resume(queues[link.id] ?? []);
      if (!started.ok) return err(started.error.message);
    }
    return ok();
  }

  #saveVcpus(): Result<readonly SavedVcpu[], MachineError> {
    const saved: SavedVcpu[] = [];
    for (const vcpu of this.#parts.host.vcpus) {
      const state = saveVcpu(vcpu, this.#format);
      if (!state.ok) return err(state.error.message);
      saved.push(state.value);
    }
    return ok(saved);
  }

  #restoreVcpus(saved: readonly SavedVcpu[], restore: typeof restoreVcpu): Done {
    const { vcpus } = this.#parts.host;
    if (saved.length !== vcpus.length) return err(`the saved machine has ${saved.length} vCPUs, not ${vcpus.length}`);
    for (const [index, vcpu] of vcpus.entries()) {
      const state = saved[index];
      if (state?.id !== vcpu.id) return err(`the state file is damaged: vCPU ${vcpu.id} is not where it belongs`);
      const restored = restore(vcpu, state, this.#format);
      if (!restored.ok) return err(restored.error.message);
    }
    return ok();
  }
}
