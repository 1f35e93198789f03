/** Where PCI devices are put: slots, and BARs from the top of the windows down. Pure: part of planning a machine. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { AddressRange } from '../memory/layout.ts';
import { HOST_BRIDGE_SLOT } from './host-bridge.ts';
import { PCI_SLOTS } from './pci-root.ts';

/** A device that wants a place. Order is creation order: it decides automatic slots. */
export interface PlacementRequest {
  readonly name: string;
  /** The slot that the user named (`pci_device_id`). */
  readonly slot?: number;
  readonly bar: BarRequest;
}

export interface BarRequest {
  readonly bits: 32 | 64;
  /** Bytes, powers of two. */
  readonly size: number;
  readonly alignment: number;
}

export interface Placement {
  readonly slot: number;
  readonly barAddress: number;
}

export type PlacementError =
  | { readonly code: 'PCI_SLOT_OUT_OF_RANGE'; readonly name: string; readonly slot: number; readonly message: string }
  | { readonly code: 'PCI_SLOT_TAKEN'; readonly name: string; readonly slot: number; readonly by: string; readonly message: string }
  | { readonly code: 'PCI_SLOTS_EXHAUSTED'; readonly name: string; readonly message: string }
  | { readonly code: 'PCI_WINDOW_EXHAUSTED'; readonly name: string; readonly bits: number; readonly message: string };

export interface PlacementWindows {
  readonly window32: AddressRange;
  readonly window64: AddressRange;
}

/** A place for every request, in their order. Slots that were named are kept before any is given. */
export function placeDevices(requests: readonly PlacementRequest[], windows: PlacementWindows): Result<Placement[], PlacementError> {
  const slots = chooseSlots(requests);
  if (!slots.ok) return slots;
  let end32 = windows.window32.start + windows.window32.size;
  let end64 = windows.window64.start + windows.window64.size;
  const placements: Placement[] = [];
  for (const [index, { name, bar }] of requests.entries()) {
    const { start } = bar.bits === 32 ? windows.window32 : windows.window64;
    const end = bar.bits === 32 ? end32 : end64;
    const barAddress = Math.floor((end - bar.size) / bar.alignment) * bar.alignment;
    if (barAddress < start) {
      const message = `no room for ${name}'s registers in the ${bar.bits}-bit PCI window`;
      return err({ code: 'PCI_WINDOW_EXHAUSTED', name, bits: bar.bits, message });
    }
    if (bar.bits === 32) end32 = barAddress;
    else end64 = barAddress;
    placements.push({ slot: slots.value[index] ?? 0, barAddress });
  }
  return ok(placements);
}

function chooseSlots(requests: readonly PlacementRequest[]): Result<number[], PlacementError> {
  const owners = new Map<number, string>([[HOST_BRIDGE_SLOT, 'the host bridge']]);
  for (const { name, slot } of requests) {
    if (slot === undefined) continue;
    if (!Number.isInteger(slot) || slot < 0 || slot >= PCI_SLOTS) {
      const message = `${name}: there is no PCI slot ${slot}; slots are 1 to ${PCI_SLOTS - 1}`;
      return err({ code: 'PCI_SLOT_OUT_OF_RANGE', name, slot, message });
    }
    const by = owners.get(slot);
    if (by !== undefined) return err({ code: 'PCI_SLOT_TAKEN', name, slot, by, message: `${name}: PCI slot ${slot} belongs to ${by}` });
    owners.set(slot, name);
  }
  const slots: number[] = [];
  for (const request of requests) {
    const slot = request.slot ?? lowestFree(owners);
    if (slot === undefined) {
      const message = `device ${request.name}: no PCI slot is left; beside the host bridge a machine has room for ${PCI_SLOTS - 1} devices`;
      return err({ code: 'PCI_SLOTS_EXHAUSTED', name: request.name, message });
    }
    owners.set(slot, request.name);
    slots.push(slot);
  }
  return ok(slots);
}

function lowestFree(owners: ReadonlyMap<number, string>): number | undefined {
  for (let slot = 0; slot < PCI_SLOTS; slot++) {
    if (!owners.has(slot)) return slot;
  }
  return undefined;
}
