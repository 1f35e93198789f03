/**
 * The KVM calls that follow register writes. They are made on the thread of the vCPU that wrote, and are the whole of what buses
 * and devices know of KVM. What KVM refuses, and no guest can cause, throws.
 */
export interface VmIoctls {
  /** From now on a signal of `fd` raises `gsi`, which has its route already. */
  assignIrqfd(fd: number, gsi: number): void;
  /** Waits for injections underway; later signals stay in the eventfd's counter. */
  deassignIrqfd(fd: number, gsi: number): void;
  /** From now on guest writes of `length` bytes at `address` signal `fd`; 0: writes of every size. False: KVM has no room, the write exits. */
  assignIoeventfd(address: number, length: 0 | 4, fd: number): boolean;
  deassignIoeventfd(address: number, length: 0 | 4, fd: number): void;
  /** Makes `gsi` deliver the message. Costs no call where it does already. */
  setRoute(gsi: number, message: MsiMessage): void;
  /** Delivers the message once, as a route to it would, by no eventfd. One that no processor takes is lost. */
  deliver(message: MsiMessage): void;
}

/** A message-signalled interrupt: where it is written and what. All u32. */
export interface MsiMessage {
  readonly addressLow: number;
  readonly addressHigh: number;
  readonly data: number;
}
