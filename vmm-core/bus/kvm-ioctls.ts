import { expect } from '#shared/lang/result.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { type GsiRoutes, routable } from '../kvm/gsi-routes.ts';
import type { Vm } from '../kvm/vm.ts';
import type { MsiMessage, VmIoctls } from './vm-ioctls.ts';

/** A thread's KVM calls on one virtual machine. */
export class KvmIoctls implements VmIoctls {
  readonly #vm: Vm;
  readonly #routes: GsiRoutes;

  constructor(vm: Vm, routes: GsiRoutes) {
    this.#vm = vm;
    this.#routes = routes;
  }

  assignIrqfd(fd: number, gsi: number): void {
    expect(this.#vm.assignIrqfd(asFd(fd), gsi), `interrupt ${gsi}`);
  }

  deassignIrqfd(fd: number, gsi: number): void {
    expect(this.#vm.deassignIrqfd(asFd(fd), gsi), `interrupt ${gsi}`);
  }

  assignIoeventfd(address: number, length: 0 | 4, fd: number): boolean {
    return this.#vm.assignIoeventfd(asFd(fd), { space: 'mmio', address, length }).ok;
  }

  deassignIoeventfd(address: number, length: 0 | 4, fd: number): void {
    expect(this.#vm.deassignIoeventfd(asFd(fd), { space: 'mmio', address, length }), `notification at ${address}`);
  }

  setRoute(gsi: number, message: MsiMessage): void {
    expect(this.#routes.set(gsi, message), `interrupt ${gsi}`);
  }

  deliver(message: MsiMessage): void {
    const { addressLow, addressHigh, data } = routable(message);
    // KVM answers how many took it, or that nobody did: the guest chose whom it names.
    this.#vm.signalMsi(addressLow, addressHigh, data);
  }
}
