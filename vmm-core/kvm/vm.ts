/**
 * A KVM virtual machine's ioctls. Any thread makes its own `Vm` of the descriptor's number: each has its own argument memory, and
 * KVM locks for itself. The thread that made the VM owns the descriptor.
 */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { allocate, ioctl, ioctlStruct } from '#shared/sys/ffi.ts';
import { type Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import { type KvmError, kvmCallError, kvmDone } from './error.ts';
import {
  IOCTL,
  KVM_CAP,
  KVM_CLOCK_REALTIME,
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IRQFD_FLAG_DEASSIGN,
  KVM_IRQ_ROUTING_MSI,
  KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK,
  KVM_X2APIC_API_USE_32BIT_IDS,
  KvmClockData,
  KvmEnableCap,
  KvmIoeventfd,
  KvmIrqRouting,
  KvmIrqRoutingEntry,
  KvmIrqRoutingMsi,
  KvmIrqfd,
  KvmMsi,
  KvmUserspaceMemoryRegion,
} from './spec.ts';

/** Pins of the IOAPIC that we emulate; KVM keeps the routes of these GSIs for it. */
export const IOAPIC_PINS = 24;

export interface MemorySlot {
  readonly slot: number;
  readonly guestStart: number;
  /** Bytes; 0 removes the slot. */
  readonly size: number;
  readonly hostAddress: number;
  /** KVM_MEM_*; default none. */
  readonly flags?: number;
}

/** Which guest write signals an eventfd instead of leaving KVM_RUN. */
export interface IoEvent {
  readonly space: 'pio' | 'mmio';
  readonly address: number;
  /** Width of the write in bytes; 0 matches any width (then without `match`). */
  readonly length: 0 | 1 | 2 | 4 | 8;
  /** The value that must be written; any when absent. */
  readonly match?: number;
}

/** A message-signalled interrupt: what its sender would write, and where. Unsigned 32-bit numbers. */
export interface Msi {
  readonly addressLow: number;
  readonly addressHigh: number;
  readonly data: number;
}

export interface MsiRoute extends Msi {
  readonly gsi: number;
}

/** The guest's kvmclock: nanoseconds, and where the kernel says it the host's wall clock at the same moment. */
export interface Clock {
  readonly nanoseconds: bigint;
  readonly realtimeNanoseconds: bigint | undefined;
}

export class Vm {
  readonly fd: Fd;
  readonly #irqfd = allocate(KvmIrqfd.size);
  readonly #ioeventfd = allocate(KvmIoeventfd.size);
  readonly #msi = allocate(KvmMsi.size);

  /** Borrows `fd`. */
  constructor(fd: Fd) {
    this.fd = fd;
  }

  /** Where Intel's KVM keeps the three pages it needs for real mode, in guest addresses below 4 GiB. Before the first vCPU. */
  setTssAddress(address: number): Result<void, KvmError> {
    return kvmDone('KVM_SET_TSS_ADDR', ioctl(this.fd, IOCTL.KVM_SET_TSS_ADDR, address));
  }

  /** Where Intel's KVM keeps one page of identity page tables. Before the first vCPU. */
  setIdentityMapAddress(address: number): Result<void, KvmError> {
    const argument = allocate(8);
    argument.view.setUint32(0, address, true);
    return kvmDone('KVM_SET_IDENTITY_MAP_ADDR', ioctlStruct(this.fd, IOCTL.KVM_SET_IDENTITY_MAP_ADDR, argument));
  }

  /** LAPICs in the kernel, the IOAPIC here: no PIC, no PIT. Before the first vCPU. */
  enableSplitIrqchip(): Result<void, KvmError> {
    return this.#enable('KVM_CAP_SPLIT_IRQCHIP', IOAPIC_PINS);
  }

  /** 32-bit APIC ids in MSI routes and LAPIC state, for machines with an id above 254. Before the first vCPU. */
  enableX2ApicIds(): Result<void, KvmError> {
    return this.#enable('KVM_CAP_X2APIC_API', KVM_X2APIC_API_USE_32BIT_IDS | KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK);
  }

  createVcpu(id: number): Result<OwnedFd, KvmError> {
    const fd = ioctl(this.fd, IOCTL.KVM_CREATE_VCPU, id);
    return fd < 0 ? err(kvmCallError(`KVM_CREATE_VCPU ${id}`, -fd)) : ok(new OwnedFd(fd));
  }

  setMemorySlot(slot: MemorySlot): Result<void, KvmError> {
    const { set, size } = KvmUserspaceMemoryRegion;
    const region = allocate(size);
    set.slot(region.view, 0, slot.slot);
    set.flags(region.view, 0, slot.flags ?? 0);
    set.guest_phys_addr(region.view, 0, slot.guestStart);
    set.memory_size(region.view, 0, slot.size);
    set.userspace_addr(region.view, 0, slot.hostAddress);
    const result = ioctlStruct(this.fd, IOCTL.KVM_SET_USER_MEMORY_REGION, region);
    return kvmDone(`KVM_SET_USER_MEMORY_REGION ${slot.slot}`, result);
  }

  /** Every signal of `eventFd` raises `gsi` from now on; a count that is already there raises it at once. */
  assignIrqfd(eventFd: Fd, gsi: number): Result<void, KvmError> {
    return kvmDone('KVM_IRQFD', this.#setIrqfd(eventFd, gsi, 0));
  }

  /** Signals stay in the eventfd's counter from now on: the pending bit of a masked vector. */
  deassignIrqfd(eventFd: Fd, gsi: number): Result<void, KvmError> {
    return kvmDone('KVM_IRQFD', this.#setIrqfd(eventFd, gsi, KVM_IRQFD_FLAG_DEASSIGN));
  }

  /** The guest write `event` signals `eventFd` from now on and causes no exit. */
  assignIoeventfd(eventFd: Fd, event: IoEvent): Result<void, KvmError> {
    return kvmDone('KVM_IOEVENTFD', this.#setIoeventfd(eventFd, event, 0));
  }

  /** The same eventfd and event as when it was assigned. */
  deassignIoeventfd(eventFd: Fd, event: IoEvent): Result<void, KvmError> {
    return kvmDone('KVM_IOEVENTFD', this.#setIoeventfd(eventFd, event, KVM_IOEVENTFD_FLAG_DEASSIGN));
  }

  /** Replaces the whole routing table. `GsiRoutes` keeps one for all threads. */
  setGsiRouting(routes: readonly MsiRoute[]): Result<void, KvmError> {
    const table = allocate(KvmIrqRouting.size + routes.length * KvmIrqRoutingEntry.size);
    KvmIrqRouting.set.nr(table.view, 0, routes.length);
    for (const [index, route] of routes.entries()) {
      const at = KvmIrqRouting.size + index * KvmIrqRoutingEntry.size;
      const msi = at + KvmIrqRoutingEntry.offset.u;
      KvmIrqRoutingEntry.set.gsi(table.view, at, route.gsi);
      KvmIrqRoutingEntry.set.type(table.view, at, KVM_IRQ_ROUTING_MSI);
      KvmIrqRoutingMsi.set.address_lo(table.view, msi, route.addressLow);
      KvmIrqRoutingMsi.set.address_hi(table.view, msi, route.addressHigh);
      KvmIrqRoutingMsi.set.data(table.view, msi, route.data);
    }
    return kvmDone('KVM_SET_GSI_ROUTING', ioctlStruct(this.fd, IOCTL.KVM_SET_GSI_ROUTING, table));
  }

  /** Delivers one MSI now: 1 where a vCPU took it, 0 where it was blocked, `-errno`. Hot: no allocation. */
  signalMsi(addressLow: number, addressHigh: number, data: number): number {
    const { view, address } = this.#msi;
    view.setUint32(KvmMsi.offset.address_lo, addressLow, true);
    view.setUint32(KvmMsi.offset.address_hi, addressHigh, true);
    view.setUint32(KvmMsi.offset.data, data, true);
    return ioctl(this.fd, IOCTL.KVM_SIGNAL_MSI, address);
  }

  /** Read it while every vCPU is paused. */
  clock(): Result<Clock, KvmError> {
    const data = allocate(KvmClockData.size);
    const result = ioctlStruct(this.fd, IOCTL.KVM_GET_CLOCK, data);
    if (result < 0) return err(kvmCallError('KVM_GET_CLOCK', -result));
    const { view } = data;
    const hasRealtime = (KvmClockData.get.flags(view, 0) & KVM_CLOCK_REALTIME) !== 0;
    return ok({
      nanoseconds: KvmClockData.get.clock(view, 0),
      realtimeNanoseconds: hasRealtime ? KvmClockData.get.realtime(view, 0) : undefined,
    });
  }

  /** Sets the clock; with a wall clock time KVM adds what has passed since then. */
  setClock(clock: Clock): Result<void, KvmError> {
    const data = allocate(KvmClockData.size);
    KvmClockData.set.clock(data.view, 0, clock.nanoseconds);
    if (clock.realtimeNanoseconds !== undefined) {
      KvmClockData.set.flags(data.view, 0, KVM_CLOCK_REALTIME);
      KvmClockData.set.realtime(data.view, 0, clock.realtimeNanoseconds);
    }
    return kvmDone('KVM_SET_CLOCK', ioctlStruct(this.fd, IOCTL.KVM_SET_CLOCK, data));
  }

  #setIrqfd(eventFd: Fd, gsi: number, flags: number): number {
    const { view, address } = this.#irqfd;
    view.setUint32(KvmIrqfd.offset.fd, eventFd, true);
    view.setUint32(KvmIrqfd.offset.gsi, gsi, true);
    view.setUint32(KvmIrqfd.offset.flags, flags, true);
    return ioctl(this.fd, IOCTL.KVM_IRQFD, address);
  }

  #setIoeventfd(eventFd: Fd, event: IoEvent, flags: number): number {
    const { view, address } = this.#ioeventfd;
    const pio = event.space === 'pio' ? KVM_IOEVENTFD_FLAG_PIO : 0;
    const match = event.match === undefined ? 0 : KVM_IOEVENTFD_FLAG_DATAMATCH;
    KvmIoeventfd.set.datamatch(view, 0, event.match ?? 0);
    KvmIoeventfd.set.addr(view, 0, event.address);
    KvmIoeventfd.set.len(view, 0, event.length);
    KvmIoeventfd.set.fd(view, 0, eventFd);
    KvmIoeventfd.set.flags(view, 0, flags | pio | match);
    return ioctl(this.fd, IOCTL.KVM_IOEVENTFD, address);
  }

  #enable(capability: 'KVM_CAP_SPLIT_IRQCHIP' | 'KVM_CAP_X2APIC_API', argument: number): Result<void, KvmError> {
    const request = allocate(KvmEnableCap.size);
    KvmEnableCap.set.cap(request.view, 0, KVM_CAP[capability]);
    KvmEnableCap.set.args(request.view, 0, [argument, 0, 0, 0]);
    return kvmDone(`KVM_ENABLE_CAP ${capability}`, ioctlStruct(this.fd, IOCTL.KVM_ENABLE_CAP, request));
  }
}
