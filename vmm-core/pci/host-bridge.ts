import type { StateArena } from '../state/arena.ts';
import { PciFunction } from './pci-function.ts';

export const HOST_BRIDGE_SLOT = 0;

/** What guests look for at 00:00.0: a bridge to the host without registers of its own. */
export function hostBridge(arena: StateArena): PciFunction {
  const ids = { vendor: 0x8086, device: 0x0d57, revision: 0, classCode: 0x06_0000, subsystemVendor: 0, subsystem: 0 };
  return new PciFunction({ name: 'host-bridge', ids, bars: [] }, arena);
}
