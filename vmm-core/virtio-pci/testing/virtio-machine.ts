/** A machine of one virtio device on PCI over a real VM of KVM's, driven by accesses to its buses. */
import { expect } from '#shared/lang/result.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { MmioBus } from '../../bus/mmio-bus.ts';
import { PioBus } from '../../bus/pio-bus.ts';
import { KvmIoctls } from '../../bus/kvm-ioctls.ts';
import { GsiRoutes } from '../../kvm/gsi-routes.ts';
import { Vm } from '../../kvm/vm.ts';
import { GIB, PCI_CONFIG_PORT, PCI_ECAM, PCI_WINDOW_32 } from '../../memory/layout.ts';
import { hostBridge } from '../../pci/host-bridge.ts';
import { PciRoot } from '../../pci/pci-root.ts';
import type { MsixWiring } from '../../pci/msix.ts';
import { GsiAllocator } from '../../platform/gsi-allocator.ts';
import { StateArena } from '../../state/arena.ts';
import { Effects } from '../../state/effects.ts';
import { VirtioPciDevice, type VirtioPciPlan } from '../virtio-pci-device.ts';

export const SLOT = 3;
export const BAR_ADDRESS = PCI_WINDOW_32.start + PCI_WINDOW_32.size - 0x8_0000;
export const WINDOW_64 = { start: 4 * GIB, size: 64 * GIB };
export const ECAM_DEVICE = PCI_ECAM.start + SLOT * 0x8000;
export const ARENA_SIZE = 0x3_0000;

/** A block device with two queues; whatever differs is given. */
export function blockPlan(fds: Pick<VirtioPciPlan, 'kickFds' | 'vectorFds'>, changes: Partial<VirtioPciPlan> = {}): VirtioPciPlan {
  return {
    name: 'disk0',
    slot: SLOT,
    effectIndex: 1,
    deviceType: 2,
    classCode: 0x0180,
    featuresLow: 0x8000_0200,
    featuresHigh: 1,
    queueSizes: [128, 64],
    config: [0x11, 0x22, 0x33, 0x44, 0x55, 0x66],
    writableConfig: [{ offset: 4, length: 1 }],
    bar: { bits: 32, address: BAR_ADDRESS },
    ...fds,
    ...changes,
  };
}

export class VirtioMachine {
  readonly arena: StateArena;
  readonly effects: Effects;
  readonly root: PciRoot;
  readonly device: VirtioPciDevice;
  readonly mmio = new MmioBus();
  readonly pio = new PioBus();
  readonly #routes: GsiRoutes;
  readonly #wiring: MsixWiring;
  readonly #devices: VirtioPciDevice[] = [];

  /** One thread's view of the machine: `buffer` holds ARENA_SIZE bytes, `vmFd` is borrowed. */
  constructor(buffer: SharedArrayBuffer, vmFd: number, wakeFd: number, plan: VirtioPciPlan) {
    this.arena = new StateArena(buffer);
    const vm = new Vm(asFd(vmFd));
    this.#routes = new GsiRoutes(vm, this.arena, 4096);
    const ioctls = new KvmIoctls(vm, this.#routes);
    this.effects = new Effects(this.arena.slice('effects', 1, 12), wakeFd);
    this.root = new PciRoot({ window32: PCI_WINDOW_32, window64: WINDOW_64 }, this.arena);
    const bridge = hostBridge(this.arena);
    this.#wiring = { gsis: new GsiAllocator(this.arena), ioctls };
    this.root.add(0, bridge);
    this.device = this.add(plan);
    for (const index of [0, 1] as const) {
      const { start, size, handler } = this.root.bars.window(index);
      this.mmio.add(start, size, handler);
    }
    this.mmio.add(PCI_ECAM.start, 0x10_0000, this.root.ecam);
    this.pio.add(PCI_CONFIG_PORT, 8, this.root.ports);
    this.powerOn = () => {
      bridge.reset();
      for (const device of this.#devices) device.reset();
      this.root.reset();
    };
  }

  /** Another device in another slot; before `powerOn`. */
  add(plan: VirtioPciPlan): VirtioPciDevice {
    const device = new VirtioPciDevice(plan, this.arena, this.effects, this.#wiring);
    this.root.add(plan.slot, device.function);
    this.#devices.push(device);
    return device;
  }

  /** By the thread that made the buffer. */
  readonly powerOn: () => void;

  /** After the arena was restored: in the order that a core does it. */
  restored(): void {
    expect(this.#routes.apply(), 'test');
    this.root.restored();
    this.device.restored();
  }

  config(offset: number, size: number): number {
    return this.mmio.read(ECAM_DEVICE + offset, size);
  }

  setConfig(offset: number, size: number, value: number): void {
    this.mmio.write(ECAM_DEVICE + offset, size, value);
  }

  /** BAR 0 where the machine put it. */
  read(offset: number, size: number): number {
    return this.mmio.read(BAR_ADDRESS + offset, size);
  }

  write(offset: number, size: number, value: number): void {
    this.mmio.write(BAR_ADDRESS + offset, size, value);
  }

  /** Takes the driver's steps up to FEATURES_OK, accepting everything. */
  negotiate(): void {
    for (const status of [1, 3]) this.write(0x14, 1, status);
    for (const half of [0, 1]) {
      this.write(0x00, 4, half);
      this.write(0x08, 4, half);
      this.write(0x0c, 4, this.read(0x04, 4));
    }
    this.write(0x14, 1, 0xb);
  }

  /** Sets up `queue` at addresses of its own and enables it. */
  enableQueue(queue: number, vector: number): void {
    this.write(0x16, 2, queue);
    this.write(0x1a, 2, vector);
    for (const [index, register] of [0x20, 0x28, 0x30].entries()) {
      this.write(register, 4, 0x10_0000 * (queue + 1) + index * 0x1000);
      this.write(register + 4, 4, 0);
    }
    this.write(0x1c, 2, 1);
  }

  /** Negotiates, enables both queues with vectors 1 and 2, sets DRIVER_OK. */
  activate(): void {
    this.negotiate();
    this.write(0x10, 2, 0);
    this.enableQueue(0, 1);
    this.enableQueue(1, 2);
    this.write(0x14, 1, 0xf);
  }
}
