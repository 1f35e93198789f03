/**
 * The KVM calls that follow register writes. They are made on the thread of the vCPU that wrote, and are the whole of what buses
 * and devices know of KVM. Each returns 0, or `-errno`.
 */
export interface VmIoctls {
  /** KVM_IRQFD: from now on a signal of `fd` raises `gsi`, which should have its route already. */
  assignIrqfd(fd: number, gsi: number): number;
  /** KVM_IRQFD with KVM_IRQFD_FLAG_DEASSIGN: waits for injections underway; later signals stay in the eventfd's counter. */
  deassignIrqfd(fd: number, gsi: number): number;
  /** KVM_IOEVENTFD in MMIO space without data match. `length` 0 takes writes of every size (KVM_CAP_IOEVENTFD_ANY_LENGTH). */
  assignIoeventfd(address: number, length: number, fd: number): number;
  deassignIoeventfd(address: number, length: number, fd: number): number;
  /**
   * KVM_SET_GSI_ROUTING: replaces all routes by `count` MSI routes of ROUTE_WORDS words each at the start of `routes`. A GSI that is
   * not among them goes nowhere.
   */
  setRoutes(routes: Uint32Array, count: number): number;
}

/** One route: gsi, address bits 31..0, address bits 63..32, data. */
export const ROUTE_WORDS = 4;
