/** All rings of a session, with what they share: memory, features, the in-flight area. */
import { type Result, err, ok } from '../../lang/result.ts';
import { GuestMemory } from '../../memory/index.ts';
import type { Fd, OwnedFd } from '../../sys/owned-fd.ts';
import { VIRTIO_F_RING_EVENT_IDX, VIRTIO_F_RING_INDIRECT_DESC } from '../../virtio/spec.ts';
import type { RequestError } from '../errors.ts';
import type { VhostUserDevice } from './device.ts';
import type { InflightArea } from './inflight.ts';
import type { MemoryChange } from './memory-table.ts';
import type { RingState } from './session-state.ts';
import { Vring, type VringDescriptor } from './vring.ts';

/** Told of what nobody asked to be told of: a ring that the device would not start. */
export type Trace = (event: string, facts: Readonly<Record<string, unknown>>) => void;

export class Rings {
  readonly #device: VhostUserDevice;
  readonly #vrings: readonly Vring[];
  readonly #trace: Trace;
  #memory = new GuestMemory([]);
  #generation = 0;
  #features = 0n;
  #inflight: InflightArea | undefined;

  constructor(device: VhostUserDevice, trace: Trace) {
    this.#device = device;
    this.#trace = trace;
    this.#vrings = Array.from({ length: device.queueCount }, (_, index) => new Vring(index, device));
  }

  get anyRunning(): boolean {
    return this.#vrings.some((vring) => vring.isRunning);
  }

  get memory(): GuestMemory {
    return this.#memory;
  }

  at(index: number): Result<Vring, RequestError> {
    const vring = this.#vrings[index];
    return vring === undefined ? err({ code: 'NO_SUCH_RING', index, rings: this.#vrings.length }) : ok(vring);
  }

  setFeatures(acked: bigint): void {
    this.#features = acked;
  }

  enableAll(): void {
    for (const vring of this.#vrings) vring.setEnabled(true);
  }

  /** The area stays the session's; it is changed while no ring runs. */
  setInflight(area: InflightArea | undefined): void {
    this.#inflight = area;
  }

  /** Takes `fd` over. A kick may make the ring start, with the error that stood in the way. */
  setDescriptor(vring: Vring, which: VringDescriptor, fd: OwnedFd | undefined): Result<void, RequestError> {
    const interrupted = which === 'err' && vring.isRunning;
    if (interrupted) vring.suspend();
    vring.setDescriptor(which, fd);
    return interrupted || which === 'kick' ? this.startIfReady(vring) : ok();
  }

  /** A ring that the device refuses is no fault of the request's: the error descriptor tells of it. */
  startIfReady(vring: Vring): Result<void, RequestError> {
    if (!vring.isReady) return ok();
    const inflight = this.#inflight === undefined ? ok(undefined) : this.#inflight.slice(vring.index, vring.size);
    if (!inflight.ok) return inflight;
    const started = vring.start({
      memory: this.#memory,
      eventIdx: (this.#features & VIRTIO_F_RING_EVENT_IDX) !== 0n,
      indirect: (this.#features & VIRTIO_F_RING_INDIRECT_DESC) !== 0n,
      inflight: inflight.value,
    });
    if (!started.ok) return started;
    if (started.value !== undefined) this.#trace('ring refused by the device', { ring: vring.index, error: started.value });
    return ok();
  }

  /**
   * Moves the device over to a changed memory table. Rings that run are stopped for it, so that no request of theirs uses
   * the old one. Refused, with nothing changed, where one of them would fall out of the new table.
   */
  moveTo(change: MemoryChange): Result<void, RequestError> {
    const running = this.#vrings.filter((vring) => vring.isRunning);
    for (const vring of running) {
      const place = vring.locateIn(change.memory);
      if (!place.ok) {
        change.abandon();
        return place;
      }
    }
    for (const vring of running) vring.suspend();
    this.#setMemory(change.memory);
    change.commit();
    for (const vring of running) {
      const restarted = this.startIfReady(vring);
      if (!restarted.ok) return restarted;
    }
    return ok();
  }

  /** Stops those that run for a moment; all of them as plain data. */
  suspend(): readonly RingState<Fd>[] {
    for (const vring of this.#vrings) vring.suspend();
    return this.#vrings.map((vring) => vring.state);
  }

  /** Those that were suspended, or adopted, run. */
  resume(): Result<void, RequestError> {
    for (const vring of this.#vrings) {
      const started = this.startIfReady(vring);
      if (!started.ok) return started;
    }
    return ok();
  }

  /** Configures the rings as a predecessor had them: each by the steps of a front end. They start with `resume`. */
  adopt(states: readonly RingState<OwnedFd>[]): Result<void, RequestError> {
    for (const [index, state] of states.entries()) {
      const vring = this.at(index);
      if (!vring.ok) return vring;
      const adopted = this.#adoptRing(vring.value, state);
      if (!adopted.ok) return adopted;
    }
    return ok();
  }

  #adoptRing(vring: Vring, { size, addresses, base, ...state }: RingState<OwnedFd>): Result<void, RequestError> {
    const sized = size === undefined ? ok() : vring.setSize(size);
    if (!sized.ok) return sized;
    const placed = addresses === undefined ? ok() : vring.setAddresses(addresses, this.#memory);
    if (!placed.ok) return placed;
    const based = vring.setBase(base);
    if (!based.ok) return based;
    vring.setEnabled(state.enabled);
    if (state.call !== undefined) vring.setDescriptor('call', state.call);
    if (state.err !== undefined) vring.setDescriptor('err', state.err);
    if (state.kickArrived) vring.setDescriptor('kick', state.kick);
    return ok();
  }

  /** Stops and unconfigures every ring. */
  reset(): void {
    for (const vring of this.#vrings) vring.reset();
    this.#features = 0n;
  }

  /** Also closes their descriptors, and takes the memory from the device. */
  close(): void {
    this.reset();
    for (const vring of this.#vrings) vring.close();
    this.#inflight = undefined;
    this.#setMemory(new GuestMemory([]));
  }

  #setMemory(memory: GuestMemory): void {
    this.#generation += 1;
    this.#memory = memory;
    this.#device.setMemory(memory, this.#generation);
  }
}
