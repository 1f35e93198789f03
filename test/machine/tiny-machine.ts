/** A virtual machine of a few hundred bytes of code on real KVM, put together from the core's own parts. */
import { expect } from '#shared/lang/result.ts';
import { viewAt } from '#shared/sys/ffi.ts';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import { bootDescriptorTables, initialRegisters, initialSystemRegisters } from '../../vmm-core/boot/initial-state.ts';
import { apicIdOf, guestCpuid } from '../../vmm-core/kvm/cpuid.ts';
import { Kvm } from '../../vmm-core/kvm/kvm.ts';
import { Vcpu } from '../../vmm-core/kvm/vcpu.ts';
import { Vm } from '../../vmm-core/kvm/vm.ts';
import { GuestRam } from '../../vmm-core/memory/backing.ts';
import { restoreRam, saveRam } from '../../vmm-core/memory/contents.ts';
import { KVM_IDENTITY_MAP_ADDRESS, KVM_TSS_ADDRESS, MIB } from '../../vmm-core/memory/layout.ts';
import { MemorySlots } from '../../vmm-core/memory/slots.ts';
import { configureVcpu, setBootRegisters } from '../../vmm-core/vcpu/boot-state.ts';
import { VcpuThreads } from '../../vmm-core/vcpu/control.ts';
import { type SavedVcpu, restoreVcpu, saveVcpu, stateFormat } from '../../vmm-core/vcpu/state.ts';
import type { FatalReport } from '../../vmm-core/vcpu/thread.ts';
import { AccessLog } from './access-log.ts';

export const CODE_ADDRESS = 0x10_0000;
const RAM_SIZE = 4 * MIB;

export interface TinyMachineOptions {
  /** What stands at `CODE_ADDRESS`, where vCPU 0 starts in flat 32-bit protected mode. */
  readonly code?: readonly number[];
  /** Further bytes by their address. */
  readonly at?: Readonly<Record<number, readonly number[]>>;
  readonly vcpus?: number;
  /** Leave memory and registers as KVM makes them: a saved machine will be put in. */
  readonly blank?: boolean;
}

export interface TinyWorker {
  readonly entry: URL;
  readonly data: Readonly<Record<string, unknown>>;
  /** What the worker posts. */
  readonly onMessage: (message: unknown) => void;
}

export class TinyMachine {
  readonly kvm: Kvm;
  readonly vm: Vm;
  readonly vcpus: readonly Vcpu[];
  readonly ram: GuestRam;
  readonly memory: Uint8Array;
  readonly log = new AccessLog();
  readonly fatal: Promise<FatalReport>;
  #threads: VcpuThreads | undefined;
  #reportFatal: (report: FatalReport) => void = () => {};
  readonly #owned: (OwnedFd | Kvm)[] = [];

  constructor(options: TinyMachineOptions = {}) {
    this.kvm = this.#own(expect(Kvm.open(), 'test'));
    this.vm = new Vm(this.#own(expect(this.kvm.createVm(), 'test')).fd);
    expect(this.vm.setTssAddress(KVM_TSS_ADDRESS), 'test');
    expect(this.vm.setIdentityMapAddress(KVM_IDENTITY_MAP_ADDRESS), 'test');
    expect(this.vm.enableSplitIrqchip(), 'test');
    this.ram = expect(GuestRam.create([{ start: 0, size: RAM_SIZE }]), 'test');
    const slots = new MemorySlots(this.vm);
    for (const range of this.ram.ranges) expect(slots.add(range), 'test');
    this.memory = new Uint8Array(viewAt(this.ram.ranges[0]?.hostAddress ?? 0, RAM_SIZE));
    const count = options.vcpus ?? 1;
    this.vcpus = Array.from({ length: count }, (_, index) => new Vcpu(this.#own(expect(this.vm.createVcpu(index), 'test')).fd, index));
    if (options.blank !== true) {
      this.#configure(count);
      this.#load(options);
    }
    this.fatal = new Promise((resolve) => void (this.#reportFatal = resolve));
  }

  /** The vCPU that starts by itself. */
  get boot(): Vcpu {
    const [first] = this.vcpus;
    if (first === undefined) throw new Error('the machine has no vCPU');
    return first;
  }

  get threads(): VcpuThreads {
    if (this.#threads === undefined) throw new Error('the machine was not started');
    return this.#threads;
  }

  /** Starts the vCPU threads: running, or paused; with another worker than the one that fills `log`, where one is given. */
  start(first: 'run' | 'pause' = 'run', worker?: TinyWorker): void {
    this.#threads = new VcpuThreads({
      entry: worker?.entry ?? new URL('./tiny-vcpu.fixture.ts', import.meta.url),
      runSize: this.kvm.runSize,
      vcpuFds: this.vcpus.map(({ fd }) => fd),
      first: this.vcpus.map(() => first),
      data: { log: this.log.buffer, ...worker?.data },
      onFatal: (report) => (worker === undefined ? this.#reportFatal(report) : worker.onMessage(report)),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#threads !== undefined) expect(await this.#threads.stopAll(), 'test');
    for (const owned of this.#owned.reverse()) owned.close();
    this.ram.close();
  }

  /** The paused machine as JSON-able data, its memory in `file`. */
  async save(file: Fd): Promise<SavedVcpu[]> {
    expect(await saveRam(this.ram.ranges, file), 'test');
    const format = expect(stateFormat(this.kvm), 'test');
    return this.vcpus.map((vcpu) => expect(saveVcpu(vcpu, format), 'test'));
  }

  async restore(saved: readonly SavedVcpu[], file: Fd): Promise<void> {
    expect(await restoreRam(this.ram.ranges, file), 'test');
    const format = expect(stateFormat(this.kvm), 'test');
    for (const [index, vcpu] of this.vcpus.entries()) {
      const state = saved[index];
      if (state !== undefined) expect(restoreVcpu(vcpu, state, format), 'test');
    }
  }

  #configure(count: number): void {
    const supported = expect(this.kvm.supportedCpuid(), 'test');
    const topology = { threadsPerCore: 1, coresPerDie: count, diesPerPackage: 1 };
    for (const vcpu of this.vcpus) {
      const apicId = apicIdOf(topology, vcpu.id);
      const options = { topology, apicId, physicalBits: 40, tscKhz: undefined, nested: false, brand: 'tiny' };
      expect(configureVcpu(vcpu, guestCpuid(supported, options)), 'test');
    }
    const boot = { registers: initialRegisters('linux32', CODE_ADDRESS), systemRegisters: initialSystemRegisters() };
    expect(setBootRegisters(this.boot, boot), 'test');
  }

  #load({ code = [], at = {} }: TinyMachineOptions): void {
    for (const { address, bytes } of bootDescriptorTables()) this.memory.set(bytes, address);
    this.memory.set(code, CODE_ADDRESS);
    for (const [address, bytes] of Object.entries(at)) this.memory.set(bytes, Number(address));
  }

  #own<T extends OwnedFd | Kvm>(owned: T): T {
    this.#owned.push(owned);
    return owned;
  }
}

/** Why tiny machines cannot run here, or undefined where they can. */
export function whyNoKvm(): string | undefined {
  const kvm = Kvm.open();
  if (!kvm.ok) return kvm.error.message;
  kvm.value.close();
  return undefined;
}

/** Skips every test of a suite, with the reason on its line, where /dev/kvm cannot be used. */
export function needsKvm(suite: Mocha.Suite): void {
  const reason = whyNoKvm();
  if (reason === undefined) return;
  suite.title += ` (skipped: ${reason})`;
  suite.pending = true;
}
