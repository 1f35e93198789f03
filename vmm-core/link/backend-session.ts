/** The connection to one device process: what it was asked and has answered. Which driver that is for is the link's business. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import { UnixSocket } from '#shared/sys/unix-socket.ts';
import { Frontend, type FrontendError, type InflightFile, VHOST_USER_PROTOCOL_F } from '#shared/vhost-user/frontend/index.ts';
import {
  VIRTIO_CONFIG_S_ACKNOWLEDGE,
  VIRTIO_CONFIG_S_DRIVER,
  VIRTIO_CONFIG_S_DRIVER_OK,
  VIRTIO_CONFIG_S_FEATURES_OK,
} from '#shared/virtio/spec.ts';
import { describeFailure } from './backend-failure.ts';
import {
  type BackendType,
  type NegotiatedDevice,
  type WantedDevice,
  negotiateDevice,
  readDeviceConfig,
  wantedFeatures,
} from './backend-offer.ts';
import type { LinkContext } from './device-link.ts';
import { RingAlarm } from './ring-alarm.ts';
import type { PlacedRing } from './ring-places.ts';

const RUNNING_STATUS = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK;

export interface SessionEvents {
  /** The session is over by the back end's doing: one line, without the device's name. Once. */
  lost(why: string): void;
  configChanged(): void;
  /** A ring cannot be read. */
  ringBroken(): void;
}

interface SessionDevice {
  readonly wanted: WantedDevice;
  readonly type: BackendType;
  readonly replyTimeoutMs: number;
  readonly firstReplyTimeoutMs: number;
}

export class BackendSession {
  readonly #frontend: Frontend;
  readonly #context: LinkContext;
  readonly #wanted: WantedDevice;
  readonly #type: BackendType;
  readonly #alarm: RingAlarm;
  /** The rings that run, and the eventfd that each was told to signal. */
  readonly #rings = new Map<number, Fd | undefined>();
  #features = 0n;
  #lost: string | undefined;

  /** Takes the socket over. */
  constructor(socket: OwnedFd, device: SessionDevice, context: LinkContext, events: SessionEvents) {
    this.#context = context;
    this.#wanted = device.wanted;
    this.#type = device.type;
    this.#alarm = new RingAlarm(context.watcher, () => events.ringBroken());
    const { replyTimeoutMs, firstReplyTimeoutMs } = device;
    const options = { ...wantedFeatures(device.type), replyTimeoutMs, firstReplyTimeoutMs };
    this.#frontend = new Frontend(new UnixSocket(socket), context.watcher, options);
    this.#frontend.onConfigChange = () => events.configChanged();
    this.#frontend.onLost = (why) => {
      this.#lost = describeFailure(why);
      this.#forgetRings();
      events.lost(this.#lost);
    };
  }

  /** Why it is over, if it is. */
  get lost(): string | undefined {
    return this.#lost;
  }

  async negotiate(): Promise<Result<NegotiatedDevice, string>> {
    const negotiated = await negotiateDevice(this.#frontend, this.#wanted, this.#type, this.#context.regions);
    if (negotiated.ok) this.#features = negotiated.value.features;
    return negotiated;
  }

  /** What of `features` it lacks, in words. */
  missing(features: bigint): string | undefined {
    const missing = features & ~this.#features;
    return missing === 0n ? undefined : `its device process lacks features that the driver uses (0x${missing.toString(16)})`;
  }

  /** All in one go: a back end takes messages in their order. Answers what it refuses: no ring runs then. */
  async startRings(features: bigint, rings: readonly PlacedRing[]): Promise<string | undefined> {
    const errFd = this.#alarm.arm();
    const told = [this.#frontend.ackFeatures(features)];
    for (const ring of rings) {
      this.#rings.set(ring.index, ring.callFd);
      told.push(this.#frontend.startRing({ ...ring, errFd }), this.#frontend.enableRing(ring.index, true));
    }
    if (this.#has(VHOST_USER_PROTOCOL_F.STATUS)) told.push(this.#frontend.setStatus(RUNNING_STATUS));
    const failed = (await Promise.all(told)).find((each) => !each.ok);
    // Any other failure is the end of the session.
    if (failed?.ok !== false || failed.error.code !== 'REFUSED') return undefined;
    await this.stopRings();
    return describeFailure(failed.error);
  }

  /** Stops what runs after its requests under way; the next available index of every queue. An error is the session's end. */
  async stopRings(): Promise<Result<readonly number[], string>> {
    const indexes = this.#forgetRings();
    const bases = new Array<number>(this.#wanted.queueCount).fill(0);
    const answers = await Promise.all(indexes.map((index) => this.#frontend.stopRing(index)));
    for (const [at, index] of indexes.entries()) {
      const answer = answers[at];
      if (answer?.ok === false) return err(describeFailure(answer.error));
      bases[index] = answer?.value ?? 0;
    }
    return ok(bases);
  }

  /** Afterwards the back end has no ring and knows of no driver, or the session is over. */
  async reset(): Promise<void> {
    // The requests to stop travel first. One that refuses the reset itself has stopped all the same: the next SET_FEATURES tells
    // it what the next driver wants.
    await Promise.all([this.stopRings(), this.#tellReset()]);
  }

  /** Has the running rings signal what `callFdOf` names now; false where that is refused. */
  async updateCalls(callFdOf: (index: number) => Fd | undefined): Promise<boolean> {
    const told: ReturnType<Frontend['setCall']>[] = [];
    for (const [index, before] of this.#rings) {
      const callFd = callFdOf(index);
      if (callFd === before) continue;
      this.#rings.set(index, callFd);
      told.push(this.#frontend.setCall(index, callFd));
    }
    return !(await Promise.all(told)).some(isRefused);
  }

  /** A new area, empty, in which the back end notes what it has taken from the rings; undefined where it has none. */
  async newInflight(): Promise<InflightFile | undefined> {
    if (!this.#has(VHOST_USER_PROTOCOL_F.INFLIGHT_SHMFD)) return undefined;
    const { queueCount, queueSize } = this.#wanted;
    const made = await this.#frontend.getInflight(queueCount, queueSize);
    if (!made.ok || made.value === undefined) return undefined;
    if (await this.useInflight(made.value)) return made.value;
    made.value.file.close();
    return undefined;
  }

  /** False where it is refused, or the session over. */
  async useInflight({ description, file }: InflightFile): Promise<boolean> {
    return (await this.#frontend.setInflight(description, file.fd)).ok;
  }

  /** False where the back end refuses one of the writes. */
  async writeConfig(writes: Iterable<readonly [offset: number, bytes: Uint8Array]>): Promise<boolean> {
    const told = Array.from(writes, ([offset, bytes]) => this.#frontend.writeConfig(offset, bytes));
    return !(await Promise.all(told)).some(isRefused);
  }

  readConfig(): Promise<Result<Uint8Array, FrontendError>> {
    return readDeviceConfig(this.#frontend, this.#wanted, this.#type);
  }

  close(): void {
    this.#forgetRings();
    this.#frontend.close();
  }

  async #tellReset(): Promise<void> {
    if (this.#has(VHOST_USER_PROTOCOL_F.STATUS)) await this.#frontend.setStatus(0);
    else if (this.#has(VHOST_USER_PROTOCOL_F.RESET_DEVICE)) await this.#frontend.resetDevice();
  }

  #forgetRings(): readonly number[] {
    this.#alarm.disarm();
    const indexes = [...this.#rings.keys()];
    this.#rings.clear();
    return indexes;
  }

  #has(protocolFeature: bigint): boolean {
    return (this.#frontend.protocolFeatures & protocolFeature) !== 0n;
  }
}

function isRefused(answer: Result<void, FrontendError>): boolean {
  return !answer.ok && answer.error.code === 'REFUSED';
}
