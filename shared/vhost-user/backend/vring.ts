/**
 * One ring as its front end configures it, and whether it runs.
 *
 * Stopped: SET_VRING_NUM, _ADDR, _BASE fill in the configuration. A ring starts when it has its kick (a descriptor, or the
 * word that there is none), its size and its addresses; it stops with GET_VRING_BASE. The specification starts a ring at
 * the first kick itself; like every back end in use we start it at SET_VRING_KICK, and a started ring counts as kicked.
 * Enabled or not is tracked in either state.
 */
import { assert } from '../../lang/assert.ts';
import { type Result, err, ok } from '../../lang/result.ts';
import type { GuestMemory } from '../../memory/index.ts';
import { EPOLLOUT } from '../../sys/epoll.ts';
import { signalEventFd } from '../../sys/eventfd.ts';
import { fileStatus } from '../../sys/file-status.ts';
import type { Fd, OwnedFd } from '../../sys/owned-fd.ts';
import { pollNow } from '../../sys/poll.ts';
import { type InflightRegion, availableRingSize, checkRing, descriptorTableSize, usedRingSize } from '../../virtio/index.ts';
import type { RequestError } from '../errors.ts';
import { VHOST_USER_PROTOCOL_F, VHOST_VRING_F_LOG } from '../spec.ts';
import type { VringAddresses } from '../message.ts';
import type { RingError, VhostUserDevice } from './device.ts';
import type { RingState } from './session-state.ts';

/** Where a ring's three parts lie in this process. */
export interface RingPlace {
  readonly descriptor: number;
  readonly available: number;
  readonly used: number;
}

/** What a ring needs to know of its session when it starts. */
export interface RingSurroundings {
  readonly memory: GuestMemory;
  readonly eventIdx: boolean;
  readonly indirect: boolean;
  readonly inflight: InflightRegion | undefined;
}

type RunState = { readonly state: 'stopped' } | { readonly state: 'running'; readonly place: RingPlace };

export type VringDescriptor = 'kick' | 'call' | 'err';

export class Vring {
  readonly index: number;
  readonly #device: VhostUserDevice;
  #run: RunState = { state: 'stopped' };
  #size: number | undefined;
  #addresses: VringAddresses | undefined;
  #base = 0;
  #kickArrived = false;
  #enabled = false;
  readonly #fds: { [K in VringDescriptor]: OwnedFd | undefined } = { kick: undefined, call: undefined, err: undefined };

  constructor(index: number, device: VhostUserDevice) {
    this.index = index;
    this.#device = device;
  }

  get isRunning(): boolean {
    return this.#run.state === 'running';
  }

  /** Whether everything has come that a start needs. */
  get isReady(): boolean {
    return !this.isRunning && this.#kickArrived && this.#size !== undefined && this.#addresses !== undefined;
  }

  /** 0 before SET_VRING_NUM. */
  get size(): number {
    return this.#size ?? 0;
  }

  setSize(size: number): Result<void, RequestError> {
    if (this.isRunning) return err({ code: 'RING_RUNNING', index: this.index });
    const checked = checkRing({ size, descriptor: 0, available: 0, used: 0 }, this.#device.maxQueueSize);
    if (!checked.ok) return checked;
    // Addresses were judged by the size that they came after.
    if (size !== this.#size) this.#addresses = undefined;
    this.#size = size;
    return ok();
  }

  /** A running ring's addresses may be repeated, not changed; whether and where it logs may be. */
  setAddresses(addresses: VringAddresses, memory: GuestMemory): Result<void, RequestError> {
    if (this.#size === undefined) return err({ code: 'RING_SIZE_NOT_SET', index: this.index });
    const known = (this.#device.protocolFeatures & VHOST_USER_PROTOCOL_F.LOG_SHMFD) === 0n ? 0 : VHOST_VRING_F_LOG;
    if ((addresses.flags & ~known) !== 0) return err({ code: 'RESERVED_BITS', field: 'vring address flags', value: addresses.flags });
    const place = locate(addresses, this.#size, memory);
    if (!place.ok) return place;
    if (this.#run.state === 'running' && !isSamePlace(this.#run.place, place.value))
      return err({ code: 'RING_RUNNING', index: this.index });
    const isLogMoved = addresses.log !== this.#addresses?.log;
    this.#addresses = addresses;
    if (this.isRunning && isLogMoved) this.#device.setRingLog(this.index, addresses.log);
    return ok();
  }

  setBase(base: number): Result<void, RequestError> {
    if (this.isRunning) return err({ code: 'RING_RUNNING', index: this.index });
    if (base > 0xffff) return err({ code: 'BAD_RING_BASE', base });
    this.#base = base;
    return ok();
  }

  /**
   * Takes `fd` over (undefined: there is none) and closes the one before. A running ring learns of a new kick or call; its
   * error descriptor is lent to the device for the whole run, and is changed between `suspend` and `start`.
   */
  setDescriptor(which: VringDescriptor, fd: OwnedFd | undefined): void {
    assert(which !== 'err' || !this.isRunning, 'the error descriptor of a running ring is lent');
    const old = this.#fds[which];
    this.#fds[which] = fd;
    if (which === 'kick') this.#kickArrived = true;
    if (this.isRunning && which === 'kick') this.#device.setRingKick(this.index, fd?.fd);
    if (this.isRunning && which === 'call') this.#device.setRingCall(this.index, fd?.fd);
    old?.close();
  }

  setEnabled(enabled: boolean): void {
    if (this.#enabled === enabled) return;
    this.#enabled = enabled;
    if (this.isRunning) this.#device.setRingEnabled(this.index, enabled);
  }

  /** Where this ring lies in `memory`. */
  locateIn(memory: GuestMemory): Result<RingPlace, RequestError> {
    if (this.#size === undefined || this.#addresses === undefined) return err({ code: 'RING_SIZE_NOT_SET', index: this.index });
    return locate(this.#addresses, this.#size, memory);
  }

  /** Starts a ready ring. A device that will not is told of on the error descriptor; the ring then waits for its next kick. */
  start(surroundings: RingSurroundings): Result<RingError | undefined, RequestError> {
    const place = this.locateIn(surroundings.memory);
    if (!place.ok) return place;
    const started = this.#startAt(place.value, surroundings);
    if (started.ok) {
      this.#run = { state: 'running', place: place.value };
      return ok(undefined);
    }
    this.#kickArrived = false;
    this.#signalError();
    return ok(started.error);
  }

  /** Stops the ring if it runs; the index to go on from. The kick has to come again before it starts anew. */
  stop(): number {
    this.#halt();
    this.#kickArrived = false;
    this.#fds.kick?.close();
    this.#fds.kick = undefined;
    return this.#base;
  }

  /** All that a successor of this process needs for it; of a ring that does not run. The descriptors stay the ring's. */
  get state(): RingState<Fd> {
    assert(!this.isRunning, 'a ring is handed over that runs');
    const { kick, call, err } = this.#fds;
    return {
      size: this.#size,
      addresses: this.#addresses,
      base: this.#base,
      kickArrived: this.#kickArrived,
      enabled: this.#enabled,
      kick: kick?.fd,
      call: call?.fd,
      err: err?.fd,
    };
  }

  /** Stops a running ring for a moment: `start` takes it up where it was. */
  suspend(): void {
    this.#halt();
  }

  /** Back to how it was made, but for its call and error descriptors: front ends send those once, before the first start. */
  reset(): void {
    this.stop();
    this.#size = undefined;
    this.#addresses = undefined;
    this.#base = 0;
    this.#enabled = false;
  }

  /** Resets, and closes everything. */
  close(): void {
    this.reset();
    this.#fds.call?.close();
    this.#fds.err?.close();
    this.#fds.call = undefined;
    this.#fds.err = undefined;
  }

  #halt(): void {
    if (this.#run.state === 'stopped') return;
    this.#base = this.#device.stopRing(this.index);
    this.#run = { state: 'stopped' };
  }

  /** Not where the front end let the descriptor run full: writing to it could block. */
  #signalError(): void {
    const fd = this.#fds.err?.fd;
    if (fd !== undefined && pollNow(fd, EPOLLOUT) === EPOLLOUT) signalEventFd(fd);
  }

  #startAt(place: RingPlace, { eventIdx, indirect, inflight }: RingSurroundings): Result<void, RingError> {
    return this.#device.startRing({
      ...place,
      index: this.index,
      size: this.size,
      base: this.#base,
      eventIdx,
      indirect,
      inflight,
      kickFd: this.#fds.kick?.fd,
      callFd: this.#fds.call?.fd,
      errFd: this.#fds.err?.fd,
      enabled: this.#enabled,
      usedLog: this.#addresses?.log,
    });
  }
}

/** Whether a descriptor can carry signals: an eventfd or a pipe. */
export function isSignalDescriptor(fd: Fd): boolean {
  const status = fileStatus(fd);
  return status.ok && (status.value.kind === 'anonymous' || status.value.kind === 'fifo');
}

function isSamePlace(a: RingPlace, b: RingPlace): boolean {
  return a.descriptor === b.descriptor && a.available === b.available && a.used === b.used;
}

function locate(addresses: VringAddresses, size: number, memory: GuestMemory): Result<RingPlace, RequestError> {
  const checked = checkRing({ ...addresses, size });
  if (!checked.ok) return checked;
  const descriptor = memory.frontendToHost(addresses.descriptor, descriptorTableSize(size));
  if (descriptor === 0) return err({ code: 'RING_UNMAPPED', part: 'descriptor', address: addresses.descriptor });
  const available = memory.frontendToHost(addresses.available, availableRingSize(size));
  if (available === 0) return err({ code: 'RING_UNMAPPED', part: 'available', address: addresses.available });
  const used = memory.frontendToHost(addresses.used, usedRingSize(size));
  if (used === 0) return err({ code: 'RING_UNMAPPED', part: 'used', address: addresses.used });
  return ok({ descriptor, available, used });
}
