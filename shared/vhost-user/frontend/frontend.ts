/**
 * The asking end of a vhost-user session, on its watcher's thread. No call waits: each returns a promise, and calls that do not
 * need each other's answers are best made at once, for they travel together.
 *
 * The order that a device is brought up in: `negotiate`, `ackFeatures`, `setMemoryTable`, `getInflight` and `setInflight`,
 * `startRing` for each, `enableRing` for each. Where REPLY_ACK was negotiated every call is acknowledged; where it was not, a
 * call without an answer of its own is done when it is sent.
 */
import { type Result, err, ok } from '../../lang/result.ts';
import type { FrontendAddress, GuestAddress } from '../../memory/index.ts';
import type { Fd } from '../../sys/owned-fd.ts';
import type { Watcher } from '../../sys/watcher.ts';
import { SOCK_STREAM, type UnixSocket, socketPair } from '../../sys/unix-socket.ts';
import type { FrontendError } from '../errors.ts';
import {
  type InflightDescription,
  type LogDescription,
  NOTHING,
  type RegionDescription,
  encodeConfigAccess,
  encodeInflight,
  encodeLog,
  encodeMemoryTable,
  encodeSingleRegion,
  encodeU64,
  encodeVringAddresses,
  encodeVringFile,
  encodeVringState,
} from '../message.ts';
import {
  VHOST_F_LOG_ALL,
  VHOST_MEMORY_BASELINE_NREGIONS,
  VHOST_USER,
  VHOST_USER_F_PROTOCOL_FEATURES,
  VHOST_USER_PROTOCOL_F as F,
  VHOST_VRING_F_LOG,
} from '../spec.ts';
import { type InflightFile, acknowledgement, bounded, configBytes, inflightFile, u64, vringBase } from './answers.ts';
import { BackendListener } from './backend-listener.ts';
import { type Decode, Pipeline } from './pipeline.ts';
import { StateTransfer } from './state-transfer.ts';

/** What our front end can make use of. */
export const FRONTEND_PROTOCOL_FEATURES =
  F.MQ |
  F.LOG_SHMFD |
  F.REPLY_ACK |
  F.BACKEND_REQ |
  F.CONFIG |
  F.INFLIGHT_SHMFD |
  F.RESET_DEVICE |
  F.CONFIGURE_MEM_SLOTS |
  F.STATUS |
  F.DEVICE_STATE;

/** As many queues as any device of ours or of virtio's could mean. */
const MOST_QUEUES = 1024;
/** KVM's own bound on memory slots, and vhost's. */
const MOST_SLOTS = 509;

export interface FrontendOptions {
  /** Virtio features that the caller can make use of. */
  readonly wantedFeatures: bigint;
  readonly wantedProtocolFeatures: bigint;
  readonly replyTimeoutMs: number;
  /** Of the first answer: the back end may be starting still. Undefined: no other. */
  readonly firstReplyTimeoutMs?: number;
}

/** What both ends can do. */
export interface BackendOffer {
  /** Virtio features, without VHOST_USER_F_PROTOCOL_FEATURES. */
  readonly features: bigint;
  /** Negotiated: these are in use from now on. */
  readonly protocolFeatures: bigint;
  /** Undefined where the back end does not say (no MQ): the device type knows. */
  readonly queueCount: number | undefined;
  readonly memorySlots: number;
}

/** A region of guest memory, and the file that it is in. `fd` is borrowed until the call is answered. */
export interface FrontendRegion {
  readonly guestStart: GuestAddress;
  readonly size: number;
  readonly frontendStart: FrontendAddress;
  readonly fd: Fd;
  readonly fdOffset: number;
}

/** Descriptors are borrowed until the call is answered. Without `kickFd` the back end polls, without `callFd` the driver does. */
export interface FrontendRing {
  readonly index: number;
  readonly size: number;
  readonly descriptor: FrontendAddress;
  readonly available: FrontendAddress;
  readonly used: FrontendAddress;
  readonly base: number;
  readonly kickFd: Fd | undefined;
  readonly callFd: Fd | undefined;
  readonly errFd?: Fd | undefined;
  /** The guest address of the used ring, where writes to it are to be noted in the dirty log. */
  readonly log?: number;
}

/** A ring that runs. */
export type LoggedRing = Pick<FrontendRing, 'index' | 'descriptor' | 'available' | 'used'> & Required<Pick<FrontendRing, 'log'>>;

export type Reply<T> = Promise<Result<T, FrontendError>>;

export class Frontend {
  readonly #pipeline: Pipeline;
  readonly #transfer: StateTransfer;
  readonly #watcher: Watcher;
  readonly #options: FrontendOptions;
  #offered = 0n;
  #accepted = 0n;
  #isLogging = false;
  #protocolFeatures = 0n;
  #memorySlots = VHOST_MEMORY_BASELINE_NREGIONS;
  #regions: readonly FrontendRegion[] = [];
  #listener: BackendListener | undefined;

  /** The back end's config space has changed. */
  onConfigChange: () => void = () => {};
  /** The session is over, by the back end's doing: all further calls fail with the same error. Called once. */
  onLost: (why: FrontendError) => void = () => {};

  constructor(socket: UnixSocket, watcher: Watcher, options: FrontendOptions) {
    this.#watcher = watcher;
    this.#options = options;
    this.#pipeline = new Pipeline(socket, watcher, options.replyTimeoutMs, (why) => {
      this.#listener?.close();
      this.onLost(why);
    });
    this.#transfer = new StateTransfer(this.#pipeline, watcher, options.replyTimeoutMs);
  }

  get protocolFeatures(): bigint {
    return this.#protocolFeatures;
  }

  async negotiate(): Reply<BackendOffer> {
    void this.#tell(VHOST_USER.SET_OWNER, NOTHING);
    const features = await this.#get(VHOST_USER.GET_FEATURES, NOTHING, u64(VHOST_USER.GET_FEATURES), this.#options.firstReplyTimeoutMs);
    if (!features.ok) return features;
    this.#offered = features.value;
    const offer = { features: this.#offered & this.#options.wantedFeatures & ~VHOST_USER_F_PROTOCOL_FEATURES & ~VHOST_F_LOG_ALL };
    if ((this.#offered & VHOST_USER_F_PROTOCOL_FEATURES) === 0n) {
      return ok({ ...offer, protocolFeatures: 0n, queueCount: undefined, memorySlots: this.#memorySlots });
    }
    const offered = await this.#get(VHOST_USER.GET_PROTOCOL_FEATURES, NOTHING, u64(VHOST_USER.GET_PROTOCOL_FEATURES));
    if (!offered.ok) return offered;
    const protocolFeatures = offered.value & this.#options.wantedProtocolFeatures & FRONTEND_PROTOCOL_FEATURES;
    const limits = await this.#useProtocol(protocolFeatures);
    return limits.ok ? ok({ ...offer, protocolFeatures, ...limits.value }) : limits;
  }

  /** The driver's choice out of the offer's `features`. */
  ackFeatures(bits: bigint): Reply<void> {
    this.#accepted = bits;
    return this.#sendFeatures();
  }

  /** Whether the back end can keep a dirty log. */
  get canLog(): boolean {
    return this.#has(F.LOG_SHMFD) && (this.#offered & VHOST_F_LOG_ALL) !== 0n;
  }

  /** Where pages that the back end writes are noted while that is switched on: a bit each, from guest address 0 on. */
  setLog(description: LogDescription, fd: Fd): Reply<void> {
    if (!this.canLog) return failed({ code: 'NOT_NEGOTIATED', feature: 'LOG_SHMFD' });
    const question = { request: VHOST_USER.SET_LOG_BASE, payload: encodeLog(description), fds: [fd], needsReply: false };
    // Answered whether asked to or not, by some with other bytes than a status.
    return this.#pipeline.ask(question, () => ok());
  }

  /** An eventfd that is signalled when pages were noted. */
  setLogCall(fd: Fd): Reply<void> {
    if (!this.canLog) return failed({ code: 'NOT_NEGOTIATED', feature: 'LOG_SHMFD' });
    return this.#tell(VHOST_USER.SET_LOG_FD, NOTHING, [fd]);
  }

  /**
   * Switches the noting on or off, under running rings too. Of the rings that run, writes to the used ring are noted at the guest
   * address `log`.
   */
  setLogging(isOn: boolean, rings: readonly LoggedRing[]): Reply<void> {
    if (!this.canLog) return failed({ code: 'NOT_NEGOTIATED', feature: 'LOG_SHMFD' });
    this.#isLogging = isOn;
    const addresses = rings.map(({ index, descriptor, available, used, log }) =>
      encodeVringAddresses({ index, flags: isOn ? VHOST_VRING_F_LOG : 0, descriptor, available, used, ...(isOn ? { log } : {}) }),
    );
    return all([this.#sendFeatures(), ...addresses.map((payload) => this.#tell(VHOST_USER.SET_VRING_ADDR, payload))]);
  }

  /** Makes the back end's table this one: region by region where it has slots, else all at once. */
  async setMemoryTable(regions: readonly FrontendRegion[]): Reply<void> {
    const limit = this.#memorySlots;
    if (regions.length > limit) return err({ code: 'TOO_MANY_REGIONS', regions: regions.length, limit });
    const old = this.#regions;
    if (!this.#has(F.CONFIGURE_MEM_SLOTS)) {
      this.#regions = regions;
      return this.#tell(
        VHOST_USER.SET_MEM_TABLE,
        encodeMemoryTable(regions.map(describe)),
        regions.map((region) => region.fd),
      );
    }
    const gone = old.filter((each) => !regions.some((region) => isSame(region, each)));
    const added = regions.filter((each) => !old.some((region) => isSame(region, each)));
    return all([...gone.map((region) => this.removeMemoryRegion(region)), ...added.map((region) => this.addMemoryRegion(region))]);
  }

  async addMemoryRegion(region: FrontendRegion): Reply<void> {
    if (!this.#has(F.CONFIGURE_MEM_SLOTS)) return this.setMemoryTable([...this.#regions, region]);
    const limit = this.#memorySlots;
    if (this.#regions.length >= limit) return err({ code: 'TOO_MANY_REGIONS', regions: this.#regions.length + 1, limit });
    this.#regions = [...this.#regions, region];
    const told = await this.#tell(VHOST_USER.ADD_MEM_REG, encodeSingleRegion(describe(region)), [region.fd]);
    if (!told.ok) this.#regions = this.#regions.filter((each) => each !== region);
    return told;
  }

  removeMemoryRegion(region: FrontendRegion): Reply<void> {
    const rest = this.#regions.filter((each) => !isSame(each, region));
    if (!this.#has(F.CONFIGURE_MEM_SLOTS)) return this.setMemoryTable(rest);
    this.#regions = rest;
    return this.#tell(VHOST_USER.REM_MEM_REG, encodeSingleRegion(describe(region)));
  }

  /** A new in-flight area, or undefined where the back end has none to give. */
  getInflight(queueCount: number, queueSize: number): Reply<InflightFile | undefined> {
    if (!this.#has(F.INFLIGHT_SHMFD)) return failed({ code: 'NOT_NEGOTIATED', feature: 'INFLIGHT_SHMFD' });
    const wanted = encodeInflight({ size: 0, fileOffset: 0, queueCount, queueSize });
    return this.#get(VHOST_USER.GET_INFLIGHT_FD, wanted, inflightFile(queueCount, queueSize));
  }

  setInflight(description: InflightDescription, fd: Fd): Reply<void> {
    if (!this.#has(F.INFLIGHT_SHMFD)) return failed({ code: 'NOT_NEGOTIATED', feature: 'INFLIGHT_SHMFD' });
    return this.#tell(VHOST_USER.SET_INFLIGHT_FD, encodeInflight(description), [fd]);
  }

  /** Configures and starts a ring; it is served once it is enabled, too. */
  startRing(ring: FrontendRing): Reply<void> {
    const { index, size, base, descriptor, available, used, log } = ring;
    const logged = log === undefined ? { flags: 0 } : { flags: VHOST_VRING_F_LOG, log };
    return all([
      this.#tell(VHOST_USER.SET_VRING_NUM, encodeVringState({ index, num: size })),
      this.#tell(VHOST_USER.SET_VRING_BASE, encodeVringState({ index, num: base })),
      this.#tell(VHOST_USER.SET_VRING_ADDR, encodeVringAddresses({ index, descriptor, available, used, ...logged })),
      ...(ring.errFd === undefined ? [] : [this.#setFile(VHOST_USER.SET_VRING_ERR, index, ring.errFd)]),
      this.setCall(index, ring.callFd),
      this.#setFile(VHOST_USER.SET_VRING_KICK, index, ring.kickFd),
    ]);
  }

  /** Without protocol features rings are enabled by themselves, and there is nothing to say. */
  enableRing(index: number, enabled: boolean): Reply<void> {
    if ((this.#offered & VHOST_USER_F_PROTOCOL_FEATURES) === 0n) return Promise.resolve(ok());
    return this.#tell(VHOST_USER.SET_VRING_ENABLE, encodeVringState({ index, num: enabled ? 1 : 0 }));
  }

  /** Stops a ring after its requests under way; the available index to go on from. */
  stopRing(index: number): Reply<number> {
    return this.#get(VHOST_USER.GET_VRING_BASE, encodeVringState({ index, num: 0 }), vringBase(index));
  }

  setCall(index: number, fd: Fd | undefined): Reply<void> {
    return this.#setFile(VHOST_USER.SET_VRING_CALL, index, fd);
  }

  /** REFUSED where config space does not have all of that range. */
  readConfig(offset: number, length: number): Reply<Uint8Array> {
    if (!this.#has(F.CONFIG)) return failed({ code: 'NOT_NEGOTIATED', feature: 'CONFIG' });
    const request = encodeConfigAccess({ offset, bytes: new Uint8Array(length) });
    return this.#get(VHOST_USER.GET_CONFIG, request, configBytes(offset, length));
  }

  writeConfig(offset: number, bytes: Uint8Array): Reply<void> {
    if (!this.#has(F.CONFIG)) return failed({ code: 'NOT_NEGOTIATED', feature: 'CONFIG' });
    return this.#tell(VHOST_USER.SET_CONFIG, encodeConfigAccess({ offset, bytes }));
  }

  /** What a migration needs of the device besides rings and features, in the back end's own words. No ring runs. */
  saveState(): Reply<Uint8Array> {
    if (!this.#has(F.DEVICE_STATE)) return failed({ code: 'NOT_NEGOTIATED', feature: 'DEVICE_STATE' });
    return this.#transfer.save();
  }

  /** REFUSED where the back end does not take it for its own. No ring runs. */
  loadState(state: Uint8Array): Reply<void> {
    if (!this.#has(F.DEVICE_STATE)) return failed({ code: 'NOT_NEGOTIATED', feature: 'DEVICE_STATE' });
    return this.#transfer.load(state);
  }

  setStatus(status: number): Reply<void> {
    if (!this.#has(F.STATUS)) return failed({ code: 'NOT_NEGOTIATED', feature: 'STATUS' });
    return this.#tell(VHOST_USER.SET_STATUS, encodeU64(BigInt(status)));
  }

  getStatus(): Reply<number> {
    if (!this.#has(F.STATUS)) return failed({ code: 'NOT_NEGOTIATED', feature: 'STATUS' });
    return this.#get(VHOST_USER.GET_STATUS, NOTHING, bounded(VHOST_USER.GET_STATUS, 'status', { lowest: 0, highest: 0xff }));
  }

  resetDevice(): Reply<void> {
    if (!this.#has(F.RESET_DEVICE)) return failed({ code: 'NOT_NEGOTIATED', feature: 'RESET_DEVICE' });
    return this.#tell(VHOST_USER.RESET_DEVICE, NOTHING);
  }

  /** Ends the session from our side; open calls fail with CLOSED, `onLost` is not called. */
  close(): void {
    this.#listener?.close();
    this.#pipeline.lose({ code: 'CLOSED' });
  }

  /** Puts the protocol features to use and asks for their limits, all in one go. */
  async #useProtocol(features: bigint): Reply<{ queueCount: number | undefined; memorySlots: number }> {
    // Sent before REPLY_ACK holds: a request that makes the rules is not under them yet.
    void this.#tell(VHOST_USER.SET_PROTOCOL_FEATURES, encodeU64(features));
    this.#protocolFeatures = features;
    const [listening, queues, slots] = await Promise.all([
      this.#has(F.BACKEND_REQ) ? this.#listen() : undefined,
      this.#has(F.MQ)
        ? this.#get(VHOST_USER.GET_QUEUE_NUM, NOTHING, bounded(VHOST_USER.GET_QUEUE_NUM, 'queues', { lowest: 1, highest: MOST_QUEUES }))
        : ok<number | undefined>(undefined),
      this.#has(F.CONFIGURE_MEM_SLOTS)
        ? this.#get(
            VHOST_USER.GET_MAX_MEM_SLOTS,
            NOTHING,
            bounded(VHOST_USER.GET_MAX_MEM_SLOTS, 'slots', { lowest: 1, highest: 2 ** 53 - 1 }),
          )
        : ok(VHOST_MEMORY_BASELINE_NREGIONS),
    ]);
    if (listening?.ok === false) return listening;
    if (!queues.ok) return queues;
    if (!slots.ok) return slots;
    this.#memorySlots = Math.min(slots.value, MOST_SLOTS);
    return ok({ queueCount: queues.value, memorySlots: this.#memorySlots });
  }

  async #listen(): Reply<void> {
    const pair = socketPair(SOCK_STREAM);
    if (!pair.ok) return err({ code: 'CHANNEL', cause: { code: 'SYS', cause: pair.error } });
    const [ours, theirs] = pair.value;
    this.#listener = new BackendListener(ours, this.#watcher, {
      onConfigChange: () => this.onConfigChange(),
      onFailure: (why) => this.#pipeline.lose(why),
    });
    const told = await this.#tell(VHOST_USER.SET_BACKEND_REQ_FD, NOTHING, [theirs.fd]);
    theirs.close();
    return told;
  }

  #sendFeatures(): Reply<void> {
    const beside = (this.#offered & VHOST_USER_F_PROTOCOL_FEATURES) | (this.#isLogging ? VHOST_F_LOG_ALL : 0n);
    return this.#tell(VHOST_USER.SET_FEATURES, encodeU64(this.#accepted | beside));
  }

  #has(protocolFeature: bigint): boolean {
    return (this.#protocolFeatures & protocolFeature) !== 0n;
  }

  #setFile(request: number, index: number, fd: Fd | undefined): Reply<void> {
    return this.#tell(request, encodeVringFile({ index, hasDescriptor: fd !== undefined }), fd === undefined ? [] : [fd]);
  }

  /** A request without an answer of its own: acknowledged where that was negotiated. */
  #tell(request: number, payload: DataView, fds: readonly Fd[] = []): Reply<void> {
    const needsReply = this.#has(F.REPLY_ACK);
    const question = { request, payload, fds, needsReply };
    return needsReply ? this.#pipeline.ask(question, acknowledgement(request)) : this.#pipeline.tell(question);
  }

  /** A request with an answer. */
  #get<T>(request: number, payload: DataView, decode: Decode<T>, timeoutMs = this.#options.replyTimeoutMs): Reply<T> {
    return this.#pipeline.ask({ request, payload, needsReply: false, timeoutMs }, decode);
  }
}

/** The first failure of several calls that were made at once, after all have settled. */
async function all(calls: readonly Reply<void>[]): Reply<void> {
  const results = await Promise.all(calls);
  return results.find((result) => !result.ok) ?? ok();
}

function failed(error: FrontendError): Promise<{ readonly ok: false; readonly error: FrontendError }> {
  return Promise.resolve(err(error));
}

function describe({ guestStart, size, frontendStart, fdOffset }: FrontendRegion): RegionDescription {
  return { guestStart, size, frontendStart, fileOffset: fdOffset };
}

function isSame(a: FrontendRegion, b: FrontendRegion): boolean {
  return a.guestStart === b.guestStart && a.frontendStart === b.frontendStart && a.size === b.size;
}
