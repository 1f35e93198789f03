/**
 * What each request of a front end does: the state that it builds up, on the thread that owns the device.
 *
 * Every request goes through the same steps: is it negotiated, are its bytes sound, did the right descriptors come, does the
 * state allow it; then the device is told, and there is an answer or none. Who asked, and how it is told, is the session's.
 */
import { type Result, err, ok } from '../../lang/result.ts';
import type { Fd, OwnedFd } from '../../sys/owned-fd.ts';
import { fileStatus } from '../../sys/file-status.ts';
import type { Message } from '../channel.ts';
import type { RequestError } from '../errors.ts';
import {
  type InflightDescription,
  encodeInflight,
  encodeVringState,
  parseConfigAccess,
  parseInflight,
  parseLog,
  parseMemoryTable,
  parseNothing,
  parseSingleRegion,
  parseStateTransfer,
  parseU64,
  parseVringAddresses,
  parseVringFile,
  parseVringState,
} from '../message.ts';
import { MAX_MEMORY_REGIONS, VHOST_F_LOG_ALL, VHOST_USER, VHOST_USER_F_PROTOCOL_FEATURES } from '../spec.ts';
import { BackendChannel } from './backend-channel.ts';
import { getConfig, setConfig } from './config-access.ts';
import type { VhostUserDevice } from './device.ts';
import { DirtyLogging } from './dirty-logging.ts';
import { InflightArea } from './inflight.ts';
import { type MemoryChange, MemoryTable } from './memory-table.ts';
import { Negotiation } from './negotiation.ts';
import { DONE, type Outcome, answer, answerU64, andThen } from './outcome.ts';
import { MAY_CARRY_DESCRIPTORS } from './request-rules.ts';
import { Rings, type Trace } from './rings.ts';
import type { SessionState } from './session-state.ts';
import { StateTransfer } from './state-transfer.ts';
import { type Vring, type VringDescriptor, isSignalDescriptor } from './vring.ts';

/** The trace of memory that lacks a seal against that. */
export const UNSEALED_MEMORY = 'memory that its owner could shrink';

/** A session but for its connection. */
export type RequestsState<F> = Omit<SessionState<F>, 'socket' | 'begun'>;

export class Requests {
  readonly transfer: StateTransfer;
  readonly #device: VhostUserDevice;
  readonly #trace: Trace;
  readonly #rings: Rings;
  readonly #table = new MemoryTable();
  readonly #agreed: Negotiation;
  readonly #logging: DirtyLogging;
  #inflight: InflightArea | undefined;
  #backendChannel: BackendChannel | undefined;

  constructor(device: VhostUserDevice, trace: Trace) {
    this.#device = device;
    this.#trace = trace;
    this.#rings = new Rings(device, trace);
    this.#agreed = new Negotiation(device);
    this.#logging = new DirtyLogging(device);
    this.transfer = new StateTransfer(device, trace);
  }

  /** Whether the front end and we have agreed on a protocol feature. */
  has(protocolFeature: bigint): boolean {
    return this.#agreed.has(protocolFeature);
  }

  /** Does what a message asks for. It takes the descriptors that it keeps out of `fds`. */
  handle(message: Message): Outcome {
    const refused = this.#gate(message.request, message.fds);
    const outcome = refused === undefined ? this.#carryOut(message) : err(refused);
    this.#backendChannel?.setSuspended(!this.#rings.anyRunning);
    return outcome;
  }

  /** Ends the requests under way. Until `resume` no ring runs, and the descriptors are good until then, or until `close`. */
  suspend(): RequestsState<Fd> {
    const rings = this.#rings.suspend();
    this.#backendChannel?.setSuspended(true);
    return {
      features: this.#agreed.features,
      protocolFeatures: this.#agreed.protocolFeatures,
      status: this.#agreed.status,
      regions: this.#table.state,
      rings,
      inflight: this.#inflight,
      log: this.#logging.state,
      backendChannel: this.#backendChannel?.state,
    };
  }

  /** The rings run on, or begin to run here. */
  resume(): Result<void, RequestError> {
    const resumed = this.#rings.resume();
    this.#backendChannel?.setSuspended(!this.#rings.anyRunning);
    return resumed;
  }

  /** Every part by the step that the front end's own request would take. */
  adopt({ protocolFeatures, features, regions, inflight, log, rings, backendChannel, status }: RequestsState<OwnedFd>): Outcome {
    const tables = regions.map(({ description }) => description);
    const files = regions.map(({ file }) => file);
    const steps: readonly (() => Result<unknown, RequestError>)[] = [
      () => this.#agreed.setProtocolFeatures(protocolFeatures),
      () => (regions.length === 0 ? DONE : this.#changeMemory(this.#table.replace(tables, files))),
      () => (features === undefined ? DONE : this.#setFeatures(features)),
      () => (inflight === undefined ? DONE : this.#setInflight(inflight.description, [inflight.file])),
      () => (log === undefined ? DONE : this.#logging.setBase(log.description, [log.file], this.#rings.memory)),
      () => (log?.call === undefined ? DONE : this.#logging.setCall([log.call])),
      () => this.#rings.adopt(rings),
    ];
    for (const step of steps) {
      const done = step();
      if (!done.ok) return done;
    }
    this.#agreed.status = status;
    if (backendChannel !== undefined)
      this.#setBackendChannel(new BackendChannel(backendChannel.socket, true, backendChannel.configChanged));
    return DONE;
  }

  /** Rings stop, the device is reset, all descriptors and mappings go. */
  close(): void {
    this.#rings.close();
    this.#setBackendChannel(undefined);
    this.#device.reset();
    this.#logging.close();
    this.transfer.close();
    this.#inflight?.close();
    this.#table.clear();
  }

  /** One arm per request, in the specification's order. */
  // oxlint-disable-next-line complexity, max-lines-per-function -- a table written as a switch, one line or two an arm.
  #carryOut({ request, payload, fds }: Message): Outcome {
    switch (request) {
      case VHOST_USER.GET_FEATURES:
        return andThen(parseNothing(payload), () => answerU64(this.#agreed.offered));
      case VHOST_USER.SET_FEATURES:
        return andThen(parseU64(payload), (bits) => this.#setFeatures(bits));
      case VHOST_USER.SET_OWNER:
      // Deprecated; the specification recommends to ignore it.
      case VHOST_USER.RESET_OWNER:
        return andThen(parseNothing(payload), () => DONE);
      case VHOST_USER.SET_MEM_TABLE:
        return andThen(parseMemoryTable(payload), (regions) => this.#changeMemory(this.#table.replace(regions, fds)));
      case VHOST_USER.SET_LOG_BASE:
        // With LOG_SHMFD it is always answered.
        return andThen(parseLog(payload), (log) => andThen(this.#logging.setBase(log, fds, this.#rings.memory), () => answerU64(0n)));
      case VHOST_USER.SET_LOG_FD:
        return andThen(this.#logging.setCall(fds), () => DONE);
      case VHOST_USER.SET_VRING_NUM:
        return andThen(parseVringState(payload), ({ index, num }) => this.#ring(index, (vring) => vring.setSize(num)));
      case VHOST_USER.SET_VRING_ADDR:
        return andThen(parseVringAddresses(payload), (addresses) =>
          this.#ring(addresses.index, (vring) =>
            andThen(vring.setAddresses(addresses, this.#rings.memory), () => this.#startIfReady(vring)),
          ),
        );
      case VHOST_USER.SET_VRING_BASE:
        return andThen(parseVringState(payload), ({ index, num }) => this.#ring(index, (vring) => vring.setBase(num)));
      case VHOST_USER.GET_VRING_BASE:
        return andThen(parseVringState(payload), ({ index }) => this.#stopRing(index));
      case VHOST_USER.SET_VRING_KICK:
        return this.#setDescriptor('kick', payload, fds);
      case VHOST_USER.SET_VRING_CALL:
        return this.#setDescriptor('call', payload, fds);
      case VHOST_USER.SET_VRING_ERR:
        return this.#setDescriptor('err', payload, fds);
      case VHOST_USER.GET_PROTOCOL_FEATURES:
        return andThen(parseNothing(payload), () => answerU64(this.#agreed.offeredProtocol));
      case VHOST_USER.SET_PROTOCOL_FEATURES:
        return andThen(parseU64(payload), (bits) => this.#agreed.setProtocolFeatures(bits));
      case VHOST_USER.GET_QUEUE_NUM:
        return andThen(parseNothing(payload), () => answerU64(BigInt(this.#device.queueCount)));
      case VHOST_USER.SET_VRING_ENABLE:
        return andThen(parseVringState(payload), ({ index, num }) => this.#enable(index, num));
      case VHOST_USER.SET_BACKEND_REQ_FD:
        return andThen(parseNothing(payload), () => this.#takeBackendChannel(fds));
      case VHOST_USER.GET_CONFIG:
        return andThen(parseConfigAccess(payload), (access) => getConfig(this.#device, access));
      case VHOST_USER.SET_CONFIG:
        return andThen(parseConfigAccess(payload), (access) => setConfig(this.#device, access));
      case VHOST_USER.GET_INFLIGHT_FD:
        return andThen(parseInflight(payload), (wanted) => this.#getInflight(wanted, payload.byteLength));
      case VHOST_USER.SET_INFLIGHT_FD:
        return andThen(parseInflight(payload), (given) => this.#setInflight(given, fds));
      case VHOST_USER.RESET_DEVICE:
        return andThen(parseNothing(payload), () => this.#reset());
      case VHOST_USER.GET_MAX_MEM_SLOTS:
        return andThen(parseNothing(payload), () => answerU64(BigInt(MAX_MEMORY_REGIONS)));
      case VHOST_USER.ADD_MEM_REG:
        return andThen(parseSingleRegion(payload), (region) => this.#changeMemory(this.#table.add(region, fds)));
      case VHOST_USER.REM_MEM_REG:
        return andThen(parseSingleRegion(payload), (region) => this.#changeMemory(this.#table.remove(region)));
      case VHOST_USER.SET_STATUS:
        return andThen(parseU64(payload), (status) => this.#setStatus(status));
      case VHOST_USER.GET_STATUS:
        return andThen(parseNothing(payload), () => answerU64(BigInt(this.#agreed.status)));
      case VHOST_USER.SET_DEVICE_STATE_FD:
        return andThen(parseStateTransfer(payload), (wanted) => answerU64(this.transfer.begin(wanted, fds, !this.#rings.anyRunning)));
      case VHOST_USER.CHECK_DEVICE_STATE:
        return andThen(parseNothing(payload), () => answerU64(this.transfer.check(!this.#rings.anyRunning)));
      default:
        return err({ code: 'UNKNOWN_REQUEST' });
    }
  }

  /** What can be said before a request's bytes are looked at. */
  #gate(request: number, fds: readonly OwnedFd[]): RequestError | undefined {
    const lacking = this.#agreed.lacks(request);
    if (lacking !== undefined) return lacking;
    if (fds.length > 0 && !MAY_CARRY_DESCRIPTORS.has(request)) return { code: 'WRONG_DESCRIPTORS', count: fds.length, expected: 0 };
    return undefined;
  }

  #setFeatures(bits: bigint): Outcome {
    const unknown = bits & ~this.#agreed.offered;
    if (unknown !== 0n) return err({ code: 'FEATURES_NOT_OFFERED', bits: unknown });
    const before = this.#agreed.features;
    // Logging is switched while rings run.
    const isSame = before !== undefined && (bits | VHOST_F_LOG_ALL) === (before | VHOST_F_LOG_ALL);
    if (!isSame && this.#rings.anyRunning) return err({ code: 'RINGS_RUNNING' });
    if (!isSame) this.#device.setFeatures(Negotiation.ofDriver(bits));
    this.#agreed.features = bits;
    this.#logging.switch((bits & VHOST_F_LOG_ALL) !== 0n);
    this.#rings.setFeatures(bits);
    // "Ring states": without protocol features there is no message that could enable a ring.
    if ((bits & VHOST_USER_F_PROTOCOL_FEATURES) === 0n) this.#rings.enableAll();
    return DONE;
  }

  #changeMemory(change: Result<MemoryChange, RequestError>): Outcome {
    if (!change.ok) return change;
    const refusal = this.#logging.refusal(change.value.memory);
    if (refusal !== undefined) {
      change.value.abandon();
      return err(refusal);
    }
    const moved = this.#rings.moveTo(change.value);
    const unsealed = this.#table.unsealedRegions;
    if (moved.ok && unsealed > 0) this.#trace(UNSEALED_MEMORY, { regions: unsealed });
    return moved.ok ? DONE : moved;
  }

  #ring(index: number, act: (vring: Vring) => Result<unknown, RequestError>): Outcome {
    return andThen(this.#rings.at(index), (vring) => andThen(act(vring), () => DONE));
  }

  #startIfReady(vring: Vring): Outcome {
    if (vring.isReady && this.#agreed.features === undefined) return err({ code: 'NOT_NEGOTIATED', feature: 'virtio features' });
    return andThen(this.#rings.startIfReady(vring), () => DONE);
  }

  #stopRing(index: number): Outcome {
    return andThen(this.#rings.at(index), (vring) => answer(encodeVringState({ index, num: vring.stop() })));
  }

  #setDescriptor(which: VringDescriptor, payload: DataView, fds: OwnedFd[]): Outcome {
    return andThen(parseVringFile(payload), ({ index, hasDescriptor }) => {
      const vring = this.#rings.at(index);
      if (!vring.ok) return vring;
      const expected = hasDescriptor ? 1 : 0;
      if (fds.length !== expected) return err({ code: 'WRONG_DESCRIPTORS', count: fds.length, expected });
      if (which === 'kick' && this.#agreed.features === undefined) return err({ code: 'NOT_NEGOTIATED', feature: 'virtio features' });
      const [fd] = fds;
      if (fd !== undefined && !isSignalDescriptor(fd.fd)) return err({ code: 'WRONG_DESCRIPTOR_TYPE' });
      return andThen(this.#rings.setDescriptor(vring.value, which, fds.shift()), () => DONE);
    });
  }

  #enable(index: number, num: number): Outcome {
    if (!this.#agreed.canEnable) return err({ code: 'NOT_NEGOTIATED', feature: 'PROTOCOL_FEATURES' });
    if (num > 1) return err({ code: 'BAD_VALUE', field: 'enable', value: num });
    return this.#ring(index, (vring) => ok(vring.setEnabled(num === 1)));
  }

  #takeBackendChannel(fds: OwnedFd[]): Outcome {
    const [fd] = fds;
    if (fd === undefined || fds.length !== 1) return err({ code: 'WRONG_DESCRIPTORS', count: fds.length, expected: 1 });
    const status = fileStatus(fd.fd);
    if (!status.ok || status.value.kind !== 'socket') return err({ code: 'WRONG_DESCRIPTOR_TYPE' });
    fds.shift();
    this.#setBackendChannel(new BackendChannel(fd, !this.#rings.anyRunning));
    return DONE;
  }

  #setBackendChannel(channel: BackendChannel | undefined): void {
    if (channel === this.#backendChannel) return;
    this.#device.setBackendChannel(channel);
    this.#backendChannel?.close();
    this.#backendChannel = channel;
  }

  /** An answer of size 0 without a descriptor is how QEMU's own back end library says that there is none. */
  #getInflight(wanted: InflightDescription, payloadSize: number): Outcome {
    const created = this.#rings.anyRunning ? undefined : InflightArea.create(wanted, this.#device);
    if (created === undefined || !created.ok) return answer(encodeInflight({ ...wanted, size: 0, fileOffset: 0 }, payloadSize));
    this.#replaceInflight(created.value);
    return ok({ payload: encodeInflight(created.value.description, payloadSize), file: created.value.file });
  }

  #setInflight(given: InflightDescription, fds: OwnedFd[]): Outcome {
    if (this.#rings.anyRunning) return err({ code: 'RINGS_RUNNING' });
    return andThen(InflightArea.adopt(given, fds, this.#device), (area) => {
      this.#replaceInflight(area);
      return DONE;
    });
  }

  #replaceInflight(area: InflightArea): void {
    this.#rings.setInflight(area);
    this.#inflight?.close();
    this.#inflight = area;
  }

  #setStatus(status: bigint): Outcome {
    if (status > 0xffn) return err({ code: 'VALUE_TOO_LARGE', field: 'status' });
    // virtio 1.2, 2.1: writing 0 resets the device.
    if (status === 0n) return this.#reset();
    this.#agreed.status = Number(status);
    return DONE;
  }

  /** Rings, features and status go; memory, the in-flight area and the negotiated protocol stay the front end's to change. */
  #reset(): Outcome {
    this.#rings.reset();
    this.#agreed.reset();
    this.#logging.switch(false);
    this.#device.reset();
    return DONE;
  }
}
