/** A virtual machine of KVM's that never runs: interrupts sent to it are seen in its local APIC. */
import { expect } from '#shared/lang/result.ts';
import { createEventFd } from '#shared/sys/eventfd.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { GsiRoutes } from '../../kvm/gsi-routes.ts';
import { Kvm } from '../../kvm/kvm.ts';
import { Vcpu } from '../../kvm/vcpu.ts';
import { Vm } from '../../kvm/vm.ts';
import { StateArena } from '../../state/arena.ts';
import { KvmIoctls } from '../kvm-ioctls.ts';

const SPURIOUS_VECTOR = 0xf0;
const APIC_ENABLED = 0x1ff;
const INTERRUPT_REQUEST = 0x200;

export class InterruptTarget implements Disposable {
  readonly vm: Vm;
  readonly routes: GsiRoutes;
  readonly ioctls: KvmIoctls;
  readonly #vcpu: Vcpu;
  readonly #owned: Disposable[] = [];

  /** Routes lie in an arena of their own unless one is given. Fails where /dev/kvm cannot be used: see `available`. */
  constructor(arena = new StateArena(new SharedArrayBuffer(0x2_0000))) {
    const kvm = this.#own(expect(Kvm.open(), 'test'));
    this.vm = new Vm(this.#own(expect(kvm.createVm(), 'test')).fd);
    expect(this.vm.enableSplitIrqchip(), 'test');
    // As for machines with many CPUs: KVM then refuses tables with messages that it cannot make sense of.
    expect(this.vm.enableX2ApicIds(), 'test');
    const vcpuFd: OwnedFd = this.#own(expect(this.vm.createVcpu(0), 'test'));
    this.#vcpu = new Vcpu(vcpuFd.fd, 0);
    this.routes = new GsiRoutes(this.vm, arena, 4096);
    this.ioctls = new KvmIoctls(this.vm, this.routes);
    this.takeInterrupts();
  }

  static get available(): boolean {
    const kvm = Kvm.open();
    if (kvm.ok) kvm.value.close();
    return kvm.ok;
  }

  /** An eventfd that lives as long as this machine. */
  eventFd(): number {
    return this.#own(expect(createEventFd(), 'test')).fd;
  }

  /** The vectors that wait in the local APIC, which then forgets them. */
  takeInterrupts(): number[] {
    const apic = expect(this.#vcpu.read('lapic'), 'test');
    const vectors: number[] = [];
    for (let vector = 0; vector < 256; vector++) {
      const at = INTERRUPT_REQUEST + (vector >> 5) * 0x10;
      if (((apic.view.getUint32(at, true) >>> (vector & 31)) & 1) !== 0) vectors.push(vector);
    }
    for (let word = 0; word < 8; word++) apic.view.setUint32(INTERRUPT_REQUEST + word * 0x10, 0, true);
    apic.view.setUint32(SPURIOUS_VECTOR, APIC_ENABLED, true);
    expect(this.#vcpu.write('lapic', apic.bytes), 'test');
    return vectors;
  }

  [Symbol.dispose](): void {
    for (const owned of this.#owned.reverse()) owned[Symbol.dispose]();
  }

  #own<T extends Disposable>(owned: T): T {
    this.#owned.push(owned);
    return owned;
  }
}
