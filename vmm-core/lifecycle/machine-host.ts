/** What a machine stands on in this process: KVM's objects, guest memory, and the eventfds between them. */
import { readFileSync } from 'node:fs';
import { type Result, err, expect, ok } from '#shared/lang/result.ts';
import { GuestMemory, frontendAddress, guestAddress } from '#shared/memory/index.ts';
import { createEventFd } from '#shared/sys/eventfd.ts';
import { viewAt } from '#shared/sys/ffi.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import type { FrontendRegion } from '#shared/vhost-user/frontend/index.ts';
import { GuestWindows } from '../boot/index.ts';
import type { CpuidEntry } from '../kvm/cpuid-entry.ts';
import { apicIdOf, guestCpuid } from '../kvm/cpuid.ts';
import type { KvmError } from '../kvm/error.ts';
import { Kvm } from '../kvm/kvm.ts';
import { Vcpu } from '../kvm/vcpu.ts';
import { Vm } from '../kvm/vm.ts';
import { GuestRam } from '../memory/backing.ts';
import { explainRefusal, refuseBeforehand } from '../memory/host-memory.ts';
import { GIB, KVM_IDENTITY_MAP_ADDRESS, KVM_TSS_ADDRESS } from '../memory/layout.ts';
import { type MemoryMap, describeMemoryMapError, planMemory } from '../memory/map.ts';
import { MemorySlots } from '../memory/slots.ts';
import { configureVcpu } from '../vcpu/boot-state.ts';
import { makeRoom } from './early-memory.ts';
import type { MachineSpec } from './machine-spec.ts';

const LEAF_ADDRESS_BITS = 0x8000_0008;
const LEAF_BRAND_FIRST = 0x8000_0002;
/** Where a processor does not say. */
const DEFAULT_PHYSICAL_BITS = 36;

/** One line for the user. */
export type HostError = string;

export class MachineHost {
  readonly kvm: Kvm;
  readonly vm: Vm;
  readonly map: MemoryMap;
  readonly ram: GuestRam;
  readonly vcpus: readonly Vcpu[];
  readonly apicIds: readonly number[];
  /** Guest memory for this process's own queues, and for those of back ends. */
  readonly memory: GuestMemory;
  readonly regions: readonly FrontendRegion[];
  readonly #cpuid: readonly CpuidEntry[];
  readonly #physicalBits: number;

  private constructor(
    parts: Pick<MachineHost, 'kvm' | 'vm' | 'map' | 'ram' | 'vcpus'>,
    cpuid: readonly CpuidEntry[],
    physicalBits: number,
  ) {
    this.kvm = parts.kvm;
    this.vm = parts.vm;
    this.map = parts.map;
    this.ram = parts.ram;
    this.vcpus = parts.vcpus;
    this.#cpuid = cpuid;
    this.#physicalBits = physicalBits;
    this.apicIds = this.vcpus.map((_, index) => apicIdOf(this.#topology, index));
    this.memory = new GuestMemory(
      this.ram.ranges.map(({ guestStart, size, hostAddress }) => ({
        guestStart: address(guestAddress(guestStart)),
        size,
        frontendStart: address(frontendAddress(hostAddress)),
        hostAddress,
      })),
    );
    this.regions = this.ram.ranges.map(({ guestStart, size, hostAddress, fd }) => ({
      guestStart: address(guestAddress(guestStart)),
      size,
      frontendStart: address(frontendAddress(hostAddress)),
      fd,
      fdOffset: 0,
    }));
  }

  /** Makes the VM, its memory and its vCPUs. What fails ends the process, so nothing is undone. */
  static create(spec: MachineSpec): Result<MachineHost, HostError> {
    const kvm = Kvm.adopt(spec.kvm);
    if (!kvm.ok) return err(kvm.error.message);
    const cpuid = kvm.value.supportedCpuid();
    if (!cpuid.ok) return err(cpuid.error.message);
    const physicalBits = physicalBitsOf(cpuid.value);
    const map = planMemory({ ramSize: spec.memorySize, physicalBits });
    if (!map.ok) return err(`--memory: ${describeMemoryMapError(map.error)}`);
    const { hugePageSize, prefault, memorySize: size } = spec;
    const wish = { size, prefault, hugePageSize };
    const refused = refuseBeforehand(wish);
    if (refused !== undefined) return err(refused);
    const ram = GuestRam.create(map.value.ram, { prefault, ...(hugePageSize === undefined ? {} : { hugePageSize }) });
    if (!ram.ok) return err(explainRefusal(wish, ram.error.message));
    const vm = makeVm(kvm.value);
    if (!vm.ok) return vm;
    const shown = showMemory(vm.value, ram.value);
    if (!shown.ok) return err(explainRefusal(wish, shown.error.message));
    const vcpus = makeVcpus(vm.value, spec.maxVcpus);
    if (!vcpus.ok) return vcpus;
    return ok(
      new MachineHost({ kvm: kvm.value, vm: vm.value, map: map.value, ram: ram.value, vcpus: vcpus.value }, cpuid.value, physicalBits),
    );
  }

  /** CPUID and what else every vCPU has before its first instruction. */
  configureVcpus(): Result<void, HostError> {
    const brand = this.#hasBrand ? '' : hostBrand();
    for (const [index, vcpu] of this.vcpus.entries()) {
      const tscKhz = vcpu.tscKhz();
      const cpuid = guestCpuid(this.#cpuid, {
        topology: this.#topology,
        apicId: this.apicIds[index] ?? 0,
        physicalBits: this.#physicalBits,
        tscKhz: tscKhz.ok ? tscKhz.value : undefined,
        nested: true,
        brand,
      });
      const configured = configureVcpu(vcpu, cpuid);
      if (!configured.ok) return err(configured.error.message);
    }
    return ok();
  }

  /** Guest memory as the boot code fills it. */
  windows(): GuestWindows {
    const pieces = this.ram.ranges.flatMap(({ guestStart, hostAddress, size }) => {
      const count = Math.ceil(size / GIB);
      return Array.from({ length: count }, (_, index) => {
        const offset = index * GIB;
        const bytes = new Uint8Array(viewAt(hostAddress + offset, Math.min(GIB, size - offset)));
        return { start: guestStart + offset, bytes };
      });
    });
    return new GuestWindows(pieces, (range) => makeRoom(this.ram, range));
  }

  /** All vCPUs are cores of one package. */
  get #topology() {
    return { threadsPerCore: 1, coresPerDie: this.vcpus.length, diesPerPackage: 1 };
  }

  get #hasBrand(): boolean {
    return this.#cpuid.some(({ leaf, eax }) => leaf === LEAF_BRAND_FIRST && eax !== 0);
  }
}

/** An eventfd that lives as long as the process. */
export function eventFd(): OwnedFd {
  return expect(createEventFd(), 'machine');
}

function makeVm(kvm: Kvm): Result<Vm, HostError> {
  const fd = kvm.createVm();
  if (!fd.ok) return err(fd.error.message);
  const vm = new Vm(fd.value.take());
  const steps = [
    () => vm.setTssAddress(KVM_TSS_ADDRESS),
    () => vm.setIdentityMapAddress(KVM_IDENTITY_MAP_ADDRESS),
    () => vm.enableSplitIrqchip(),
  ];
  for (const step of steps) {
    const done = step();
    if (!done.ok) return err(done.error.message);
  }
  return ok(vm);
}

function showMemory(vm: Vm, ram: GuestRam): Result<void, KvmError> {
  const slots = new MemorySlots(vm);
  for (const range of ram.ranges) {
    const added = slots.add(range);
    if (!added.ok) return added;
  }
  return ok();
}

function makeVcpus(vm: Vm, count: number): Result<readonly Vcpu[], HostError> {
  const vcpus: Vcpu[] = [];
  for (let index = 0; index < count; index++) {
    const fd = vm.createVcpu(index);
    if (!fd.ok) return err(`--cpus: vCPU ${index} of ${count} cannot be made (${fd.error.message}); give fewer`);
    vcpus.push(new Vcpu(fd.value.take(), index));
  }
  return ok(vcpus);
}

function physicalBitsOf(cpuid: readonly CpuidEntry[]): number {
  const leaf = cpuid.find((entry) => entry.leaf === LEAF_ADDRESS_BITS);
  return leaf === undefined ? DEFAULT_PHYSICAL_BITS : leaf.eax & 0xff;
}

function hostBrand(): string {
  return /model name\s*: (.*)/.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1] ?? '';
}

/** Addresses below 2^53 are addresses. */
function address<T>(checked: T | undefined): T {
  if (checked === undefined) throw new RangeError('a range of guest memory has no address');
  return checked;
}
