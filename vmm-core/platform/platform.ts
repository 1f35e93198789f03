/**
 * The machine's devices and buses, all of them, as every thread of the core makes them from one plan and one arena. The order of
 * construction is the arena's layout: it does not depend on the thread.
 */
import { MmioBus } from '../bus/mmio-bus.ts';
import { PioBus } from '../bus/pio-bus.ts';
import type { VmIoctls } from '../bus/vm-ioctls.ts';
import {
  ACPI_PM_TIMER_PORT,
  ACPI_SHUTDOWN_PORT,
  type AddressRange,
  CMOS_PORT,
  CMOS_PORT_COUNT,
  COM1_GSI,
  COM1_PORT,
  COM1_PORT_COUNT,
  DEBUG_PORT,
  GED_GSI,
  I8042_PORT,
  I8042_PORT_COUNT,
  IOAPIC_ADDRESS,
  IOAPIC_PIN_COUNT,
  IOAPIC_SIZE,
  PCI_CONFIG_PORT,
  PCI_CONFIG_PORT_COUNT,
  PCI_ECAM,
  PCI_ECAM_SEGMENT_SIZE,
} from '../memory/layout.ts';
import { HOST_BRIDGE_SLOT, hostBridge } from '../pci/host-bridge.ts';
import type { PciFunction } from '../pci/pci-function.ts';
import { PciRoot } from '../pci/pci-root.ts';
import type { StateArena } from '../state/arena.ts';
import type { Effects } from '../state/effects.ts';
import { VirtioPciDevice, type VirtioPciPlan } from '../virtio-pci/virtio-pci-device.ts';
import { Cmos } from './cmos.ts';
import { DebugPort } from './debug-port.ts';
import { GenericEventDevice } from './ged.ts';
import { GsiAllocator } from './gsi-allocator.ts';
import { Ioapic } from './ioapic.ts';
import { PmTimer } from './pm-timer.ts';
import { AcpiPowerPort, I8042Stub, PowerControl } from './power.ts';
import { SerialPort } from './serial.ts';

/** Ports of the sleep register that answer; the others of its block are nobody's. */
const ACPI_SHUTDOWN_PORT_COUNT = 4;
const PM_TIMER_PORT_COUNT = 4;

/** JSON-able. Descriptors are numbers of this process, owned by whoever planned. */
export interface PlatformPlan {
  readonly ramBelow4G: number;
  readonly ramAbove4G: number;
  readonly gedRegister: number;
  readonly pciWindow32: AddressRange;
  readonly pciWindow64: AddressRange;
  /** Effect word of the power control. */
  readonly powerEffectIndex: number;
  /** Absent: no serial port. */
  readonly serial?: { readonly effectIndex: number; readonly discardOutput: boolean; readonly pinFd: number };
  /** The eventfd of the generic event device's pin. */
  readonly gedPinFd: number;
  readonly devices: readonly VirtioPciPlan[];
}

export class Platform {
  readonly pio = new PioBus();
  readonly mmio = new MmioBus();
  readonly ioapic: Ioapic;
  readonly power: PowerControl;
  readonly serial: SerialPort | undefined;
  readonly debugPort: DebugPort;
  readonly ged: GenericEventDevice;
  /** In the order of the plan. */
  readonly devices: readonly VirtioPciDevice[];
  readonly #cmos: Cmos;
  readonly #pmTimer: PmTimer;
  readonly #pci: PciRoot;
  readonly #bridge: PciFunction;

  constructor(plan: PlatformPlan, arena: StateArena, effects: Effects, ioctls: VmIoctls) {
    const pinFds: (number | undefined)[] = Array.from({ length: IOAPIC_PIN_COUNT });
    pinFds[COM1_GSI] = plan.serial?.pinFd;
    pinFds[GED_GSI] = plan.gedPinFd;
    this.ioapic = new Ioapic({ pinFds }, arena, ioctls);
    this.power = new PowerControl(plan.powerEffectIndex, arena, effects);
    this.#cmos = new Cmos(plan, arena, this.power);
    this.#pmTimer = new PmTimer(arena);
    this.debugPort = new DebugPort(arena);
    this.ged = new GenericEventDevice(arena, this.ioapic.line(GED_GSI));
    if (plan.serial !== undefined) {
      this.serial = new SerialPort({ name: 'com1', ...plan.serial }, arena, effects, this.ioapic.line(COM1_GSI));
    }
    this.#pci = new PciRoot({ window32: plan.pciWindow32, window64: plan.pciWindow64 }, arena);
    this.#bridge = hostBridge(arena);
    this.#pci.add(HOST_BRIDGE_SLOT, this.#bridge);
    const wiring = { gsis: new GsiAllocator(arena), ioctls };
    this.devices = plan.devices.map((device) => new VirtioPciDevice(device, arena, effects, wiring));
    for (const device of this.devices) this.#pci.add(device.plan.slot, device.function);
    this.#fillPorts();
    this.#fillMmio(plan);
  }

  /** Power-on values of every device; by one thread, before the first vCPU runs. */
  reset(): void {
    this.power.release();
    this.ioapic.reset();
    this.#cmos.reset();
    this.#pmTimer.reset();
    this.serial?.reset();
    this.#bridge.reset();
    for (const device of this.devices) device.reset();
    this.#pci.reset();
  }

  /** Before the arena is saved: every vCPU paused, every queue stopped. */
  saving(): void {
    this.ioapic.saving();
    for (const device of this.devices) device.saving();
  }

  /**
   * What no machine can have saved, of what the arena was restored with: the name of the part, and what is wrong. Whatever is not
   * named here a guest could have written itself, or KVM judges it.
   */
  fault(): string | undefined {
    for (const part of [this.power, this.#pci, ...this.devices, ...(this.serial === undefined ? [] : [this.serial])]) {
      const fault = part.fault();
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** After the arena was restored and the saved routes were given to KVM; by one thread, before the first vCPU runs. */
  restored(): void {
    this.ioapic.restored();
    this.#pmTimer.restored();
    this.#pci.restored();
    for (const device of this.devices) device.restored();
    this.serial?.restored();
    this.ged.restored();
    this.power.restored();
  }

  #fillPorts(): void {
    this.pio.add(I8042_PORT, I8042_PORT_COUNT, new I8042Stub(this.power));
    this.pio.add(CMOS_PORT, CMOS_PORT_COUNT, this.#cmos);
    this.pio.add(DEBUG_PORT, 1, this.debugPort);
    if (this.serial !== undefined) this.pio.add(COM1_PORT, COM1_PORT_COUNT, this.serial);
    this.pio.add(ACPI_SHUTDOWN_PORT, ACPI_SHUTDOWN_PORT_COUNT, new AcpiPowerPort(this.power));
    this.pio.add(ACPI_PM_TIMER_PORT, PM_TIMER_PORT_COUNT, this.#pmTimer);
    this.pio.add(PCI_CONFIG_PORT, PCI_CONFIG_PORT_COUNT, this.#pci.ports);
  }

  #fillMmio(plan: PlatformPlan): void {
    this.mmio.add(IOAPIC_ADDRESS, IOAPIC_SIZE, this.ioapic);
    this.mmio.add(PCI_ECAM.start, PCI_ECAM_SEGMENT_SIZE, this.#pci.ecam);
    for (const index of [0, 1] as const) {
      const { start, size, handler } = this.#pci.bars.window(index);
      this.mmio.add(start, size, handler);
    }
    this.mmio.add(plan.gedRegister, 1, this.ged);
  }
}
