/**
 * The machine as every thread of the core makes it, from one plan and one SharedArrayBuffer: the same registers, served by
 * whichever thread is asked for them.
 */
import { asFd } from '#shared/sys/owned-fd.ts';
import { KvmIoctls } from './bus/kvm-ioctls.ts';
import { GsiRoutes } from './kvm/gsi-routes.ts';
import { Vm } from './kvm/vm.ts';
import { Platform, type PlatformPlan } from './platform/platform.ts';
import { StateArena } from './state/arena.ts';
import { Effects } from './state/effects.ts';
import type { ExitTarget } from './vcpu/run-loop.ts';

/** Plain data. Descriptors are numbers of this process, owned by the main thread. */
export interface MachinePlan {
  readonly vmFd: number;
  /** The eventfd that effects signal. */
  readonly wakeFd: number;
  /** Words in the effects slice: one for the power control, one for the serial port, one for each device. */
  readonly effectCount: number;
  /** GSIs that may be routed: the IOAPIC's pins and the devices' MSIs. */
  readonly gsiCount: number;
  readonly platform: PlatformPlan;
}

export interface Machine {
  readonly arena: StateArena;
  readonly effects: Effects;
  readonly routes: GsiRoutes;
  readonly platform: Platform;
}

export function buildMachine(plan: MachinePlan, buffer: SharedArrayBuffer): Machine {
  const vm = new Vm(asFd(plan.vmFd));
  const arena = new StateArena(buffer);
  const effects = new Effects(arena.slice('effects', 1, plan.effectCount * Int32Array.BYTES_PER_ELEMENT), plan.wakeFd);
  const routes = new GsiRoutes(vm, arena, plan.gsiCount);
  const platform = new Platform(plan.platform, arena, effects, new KvmIoctls(vm, routes));
  return { arena, effects, routes, platform };
}

/**
 * What a vCPU's exits reach. A write that asks for a reset or for power-off keeps its vCPU from the next instruction: the guest
 * must not run on into whatever follows.
 */
export function exitTarget({ platform }: Machine, hold: () => void): ExitTarget {
  const { pio, mmio, power, ioapic } = platform;
  return {
    pio: {
      read: (port, size) => pio.read(port, size),
      write(port, size, value) {
        pio.write(port, size, value);
        if (power.isHeld) hold();
      },
    },
    mmio,
    ioapicEoi: (vector) => ioapic.endOfInterrupt(vector),
  };
}
