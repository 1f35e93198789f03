/**
 * The front end's memory table, mapped.
 *
 * It changes while the guest runs. A change is prepared first: new regions are mapped, kept ones keep their mapping, and nothing
 * old goes away. Then the session moves the device over, and commits, which unmaps what was dropped; or abandons, which unmaps
 * what was new.
 */
import { assert } from '../../lang/assert.ts';
import { type Result, err, ok } from '../../lang/result.ts';
import { GuestMemory, type MemoryRegion, checkRegions } from '../../memory/index.ts';
import { F_SEAL_SHRINK, sealsOf } from '../../sys/memfd.ts';
import type { Mapping } from '../../sys/mapping.ts';
import type { Fd, OwnedFd } from '../../sys/owned-fd.ts';
import type { RequestError } from '../errors.ts';
import type { RegionDescription } from '../message.ts';
import { MAX_MEMORY_REGIONS } from '../spec.ts';
import { mapFile } from './map-file.ts';
import type { RegionState } from './session-state.ts';

/** A table to be. Exactly one of the two is called. */
export interface MemoryChange {
  readonly memory: GuestMemory;
  commit(): void;
  abandon(): void;
}

interface Slot {
  readonly region: MemoryRegion;
  readonly fileOffset: number;
  readonly fileIdentity: string;
  /** Open for a successor of this process, which maps it as well. */
  readonly file: OwnedFd;
  readonly mapping: Mapping;
  /** The front end's file cannot shrink. Where it can, shrinking it kills this process with SIGBUS. */
  readonly isSealed: boolean;
}

export class MemoryTable {
  #slots: readonly Slot[] = [];
  #memory = new GuestMemory([]);

  get memory(): GuestMemory {
    return this.#memory;
  }

  /** How many regions lie in files that their owner could still shrink. */
  get unsealedRegions(): number {
    return this.#slots.filter((slot) => !slot.isSealed).length;
  }

  /** Its regions, for a successor of this process; the descriptors stay the table's. */
  get state(): readonly RegionState<Fd>[] {
    return this.#slots.map(({ region: { guestStart, size, frontendStart }, fileOffset, file }) => ({
      description: { guestStart, size, frontendStart, fileOffset },
      file: file.fd,
    }));
  }

  /** SET_MEM_TABLE: one descriptor for each region, in their order. Those that it takes it removes from `fds`. */
  replace(descriptions: readonly RegionDescription[], fds: OwnedFd[]): Result<MemoryChange, RequestError> {
    if (fds.length !== descriptions.length) return err({ code: 'WRONG_DESCRIPTORS', count: fds.length, expected: descriptions.length });
    const slots: Slot[] = [];
    for (const description of descriptions) {
      const slot = takeSlot(description, fds);
      if (!slot.ok) {
        this.#dropNew(slots);
        return slot;
      }
      slots.push(this.#known(slot.value));
    }
    return this.#change(slots);
  }

  /** ADD_MEM_REG. */
  add(description: RegionDescription, fds: OwnedFd[]): Result<MemoryChange, RequestError> {
    if (fds.length !== 1) return err({ code: 'WRONG_DESCRIPTORS', count: fds.length, expected: 1 });
    if (this.#slots.length >= MAX_MEMORY_REGIONS) return err({ code: 'TOO_MANY_REGIONS', limit: MAX_MEMORY_REGIONS });
    const slot = takeSlot(description, fds);
    return slot.ok ? this.#change([...this.#slots, slot.value]) : slot;
  }

  /** REM_MEM_REG. Identified by both addresses and the size; a descriptor, which some front ends send, has no meaning. */
  remove(description: RegionDescription): Result<MemoryChange, RequestError> {
    const kept = this.#slots.filter(({ region }) => !isSame(region, description));
    if (kept.length === this.#slots.length) return err({ code: 'NO_SUCH_REGION', guestStart: description.guestStart });
    return this.#change(kept);
  }

  /** Forgets all of it. Nothing may use the memory any more. */
  clear(): void {
    for (const slot of this.#slots) drop(slot);
    this.#slots = [];
    this.#memory = new GuestMemory([]);
  }

  #change(slots: readonly Slot[]): Result<MemoryChange, RequestError> {
    const checked = checkRegions(slots.map((slot) => slot.region));
    if (!checked.ok) {
      this.#dropNew(slots);
      return checked;
    }
    const memory = new GuestMemory(slots.map((slot) => slot.region));
    return ok({
      memory,
      commit: () => {
        const kept = new Set(slots.map((slot) => slot.mapping));
        for (const slot of this.#slots) if (!kept.has(slot.mapping)) drop(slot);
        this.#slots = slots;
        this.#memory = memory;
      },
      abandon: () => this.#dropNew(slots),
    });
  }

  /** The new slot, on the mapping that the same range of the same file already has. */
  #known(slot: Slot): Slot {
    const old = this.#slots.find(
      ({ fileIdentity, fileOffset, region }) =>
        fileIdentity === slot.fileIdentity && fileOffset === slot.fileOffset && region.size === slot.region.size,
    );
    if (old === undefined) return slot;
    drop(slot);
    return { ...slot, mapping: old.mapping, file: old.file, region: { ...slot.region, hostAddress: old.region.hostAddress } };
  }

  #dropNew(slots: readonly Slot[]): void {
    const current = new Set(this.#slots.map((slot) => slot.mapping));
    for (const slot of slots) if (!current.has(slot.mapping)) drop(slot);
  }
}

function drop({ mapping, file }: Slot): void {
  mapping.unmap();
  file.close();
}

/** Maps the first of `fds`, and takes it where that succeeds. */
function takeSlot(description: RegionDescription, fds: OwnedFd[]): Result<Slot, RequestError> {
  const [file] = fds;
  assert(file !== undefined, 'as many descriptors as regions');
  const { guestStart, size, frontendStart, fileOffset } = description;
  const mapped = mapFile(file.fd, fileOffset, size);
  if (!mapped.ok) return mapped;
  fds.shift();
  const { mapping, address, status } = mapped.value;
  const isSealed = ((sealsOf(file.fd) ?? 0) & F_SEAL_SHRINK) !== 0;
  return ok({
    region: { guestStart, size, frontendStart, hostAddress: address },
    fileOffset,
    fileIdentity: status.identity,
    file,
    mapping,
    isSealed,
  });
}

function isSame(region: MemoryRegion, description: RegionDescription): boolean {
  return (
    region.guestStart === description.guestStart && region.frontendStart === description.frontendStart && region.size === description.size
  );
}
