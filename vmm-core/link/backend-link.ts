/**
 * A virtio device whose queues are run by a back end: a device process at the other end of a vhost-user session.
 *
 * What the driver, the life cycle and the back end want happens in one chain of steps, each begun when the one before is
 * answered, so that a reset waits for the activation underway. Every question has a deadline; past it the session is over, and
 * all later steps end at once. So nobody waits for a back end longer than twice that: not the guest for its reset either.
 *
 * A driver that asks for what cannot be (a ring where there is no memory) costs itself NEEDS_RESET; a back end that breaks off,
 * stays silent or lies is lost, and the guest's resets complete without it.
 */
import { assert } from '#shared/lang/assert.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type FrontendAddress, frontendAddress } from '#shared/memory/index.ts';
import { type Fd, type OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { UnixSocket } from '#shared/sys/unix-socket.ts';
import {
  Frontend,
  type FrontendError,
  type FrontendRing,
  type InflightFile,
  VHOST_USER_PROTOCOL_F,
} from '#shared/vhost-user/frontend/index.ts';
import { locateRing } from '#shared/virtio/index.ts';
import {
  VIRTIO_CONFIG_S_ACKNOWLEDGE,
  VIRTIO_CONFIG_S_DRIVER,
  VIRTIO_CONFIG_S_DRIVER_OK,
  VIRTIO_CONFIG_S_FEATURES_OK,
} from '#shared/virtio/spec.ts';
import { VIRTIO_EFFECT, type QueueSetup, type VirtioPciDevice } from '../virtio-pci/virtio-pci-device.ts';
import { describeFailure } from './backend-failure.ts';
import {
  type BackendType,
  type NegotiatedDevice,
  type WantedDevice,
  backendType,
  negotiateDevice,
  readDeviceConfig,
  wantedFeatures,
} from './backend-offer.ts';
import type { DeviceLink, DeviceOffer, LinkContext, LinkError } from './device-link.ts';
import { RingAlarm } from './ring-alarm.ts';

/** A disk may take its time over the requests under way when a ring is stopped; a guest's reset should not hang for minutes. */
const REPLY_DEADLINE_MS = 10_000;
/** As many as the device keeps for us: a driver that writes on meanwhile has us called again. */
const CONFIG_WRITES_AT_ONCE = 64;

const RUNNING_STATUS = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK;

export interface BackendLinkSpec extends WantedDevice {
  readonly id: string;
  /** Connected to the back end. The link's to close, whatever comes of it. */
  readonly socket: OwnedFd;
}

export interface BackendLinkOptions {
  readonly replyDeadlineMs?: number;
}

/** What the back end knows of the driver: nothing; its features and rings; or its features, with all rings stopped. */
type Phase = 'idle' | 'running' | 'suspended';

export class BackendLink implements DeviceLink {
  readonly id: string;
  readonly #context: LinkContext;
  readonly #frontend: Frontend;
  readonly #type: BackendType;
  readonly #wanted: WantedDevice;
  readonly #alarm: RingAlarm;
  #negotiated: NegotiatedDevice | undefined;
  #device: VirtioPciDevice | undefined;
  #phase: Phase = 'idle';
  /** The rings that run, and the eventfd that each was told to signal. */
  readonly #rings = new Map<number, Fd | undefined>();
  /** Kept here, for a back end that comes after this one to take up what it left undone. */
  #inflight: InflightFile | undefined;
  /** The driver was told to reset the device, and has not yet. */
  #isBroken = false;
  /** Why the back end is gone for good. */
  #lost: string | undefined;
  #isClosed = false;
  /** The back end has said that its configuration is another, and the copy that the driver sees is not yet. */
  #isConfigStale = false;
  #waitsForConfig = false;
  #lastStep: Promise<unknown> = Promise.resolve();

  /** Negotiates with the back end; closes the socket where that fails. */
  static async connect(
    spec: BackendLinkSpec,
    context: LinkContext,
    options: BackendLinkOptions = {},
  ): Promise<Result<BackendLink, LinkError>> {
    const type = backendType(spec.deviceType);
    if (!type.ok) {
      spec.socket.close();
      return err(linkError(spec.id, type.error));
    }
    const link = new BackendLink(spec, type.value, context, options);
    const negotiated = await negotiateDevice(link.#frontend, spec, type.value, context.regions);
    // The session may have ended right behind the last answer.
    const failure = negotiated.ok ? link.#lost : negotiated.error;
    if (negotiated.ok && failure === undefined) {
      link.#negotiated = negotiated.value;
      void link.#queue(() => link.#renewInflight());
      return ok(link);
    }
    link.close();
    return err(linkError(spec.id, failure ?? ''));
  }

  private constructor(spec: BackendLinkSpec, type: BackendType, context: LinkContext, options: BackendLinkOptions) {
    const { id, deviceType, queueCount, queueSize, socket } = spec;
    this.id = id;
    this.#context = context;
    this.#type = type;
    this.#wanted = { deviceType, queueCount, queueSize };
    this.#alarm = new RingAlarm(context.watcher, () => this.#ringBroken());
    this.#frontend = new Frontend(new UnixSocket(socket), context.watcher, {
      ...wantedFeatures(type),
      replyTimeoutMs: options.replyDeadlineMs ?? REPLY_DEADLINE_MS,
    });
    this.#frontend.onLost = (why) => this.#backendLost(why);
    this.#frontend.onConfigChange = () => this.#configChanged();
  }

  get offer(): DeviceOffer {
    assert(this.#negotiated !== undefined, `${this.id} was not negotiated`);
    return this.#negotiated.offer;
  }

  attach(device: VirtioPciDevice): void {
    assert(this.#device === undefined, `${this.id} is attached already`);
    this.#device = device;
    if (this.#isConfigStale) this.#configChanged();
  }

  take(bits: number): void {
    const has = (effect: number): boolean => (bits & effect) !== 0;
    if (has(VIRTIO_EFFECT.reset)) void this.#queue(() => this.#driverReset());
    if (has(VIRTIO_EFFECT.configWrite)) void this.#queue(() => this.#replayConfigWrites());
    // What came with a reset came before it.
    if (has(VIRTIO_EFFECT.activate) && !has(VIRTIO_EFFECT.reset)) void this.#queue(() => this.#start());
    if (has(VIRTIO_EFFECT.callChanged)) void this.#queue(() => this.#updateCalls());
  }

  suspend(): Promise<Result<readonly number[], LinkError>> {
    return this.#queue(async () => {
      if (this.#lost !== undefined && this.#phase !== 'idle') return this.#fail(this.#lost);
      const stopped = await this.#stopRings();
      if (this.#phase === 'running') this.#phase = 'suspended';
      return stopped.ok ? stopped : this.#fail(describeFailure(stopped.error));
    });
  }

  resume(bases: readonly number[]): Promise<Result<void, LinkError>> {
    return this.#queue(() => this.#start(bases));
  }

  reset(): Promise<Result<void, LinkError>> {
    return this.#queue(async () => {
      await this.#resetBackend();
      return ok();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#alarm.disarm();
    this.#frontend.close();
    this.#inflight?.file.close();
    this.#inflight = undefined;
  }

  /** Runs `step` when all before it are done. A step does not throw but for a broken promise of ours, which ends the process. */
  #queue<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#lastStep.then(step);
    this.#lastStep = done;
    return done;
  }

  get #attached(): VirtioPciDevice {
    assert(this.#device !== undefined, `${this.id} is not attached`);
    return this.#device;
  }

  /** Has the back end run the driver's queues, if the driver wants that and it does not yet. An error is the back end's fault. */
  async #start(bases?: readonly number[]): Promise<Result<void, LinkError>> {
    const device = this.#attached;
    if (this.#isClosed || this.#isBroken || this.#phase === 'running' || !device.isActive) return ok();
    if (this.#lost !== undefined) {
      device.needsReset();
      return this.#fail(this.#lost);
    }
    const missing = device.ackedFeatures & ~(this.#negotiated?.features ?? 0n);
    if (missing !== 0n) return this.#fail(`its device process lacks features that the driver uses (0x${missing.toString(16)})`);
    const rings = this.#locateRings(device, bases);
    if (!rings.ok) this.#needsReset(rings.error);
    else await this.#startRings(device.ackedFeatures, rings.value);
    return this.#lost === undefined ? ok() : this.#fail(this.#lost);
  }

  /** All in one go: a back end takes messages in their order. */
  async #startRings(features: bigint, rings: readonly Omit<FrontendRing, 'errFd'>[]): Promise<void> {
    const errFd = this.#alarm.arm();
    this.#phase = 'running';
    const told = [this.#frontend.ackFeatures(features)];
    for (const ring of rings) {
      this.#rings.set(ring.index, ring.callFd);
      told.push(this.#frontend.startRing({ ...ring, errFd }), this.#frontend.enableRing(ring.index, true));
    }
    if (this.#has(VHOST_USER_PROTOCOL_F.STATUS)) told.push(this.#frontend.setStatus(RUNNING_STATUS));
    const failed = (await Promise.all(told)).find((each) => !each.ok);
    // Any other failure is the end of the session, of which `onLost` tells.
    if (failed?.ok !== false || failed.error.code !== 'REFUSED') return;
    await this.#stopRings();
    this.#needsReset(describeFailure(failed.error));
  }

  /** The enabled queues for the back end, whose addresses of guest memory are this process's. */
  #locateRings(device: VirtioPciDevice, bases: readonly number[] = []): Result<readonly Omit<FrontendRing, 'errFd'>[], string> {
    const rings: Omit<FrontendRing, 'errFd'>[] = [];
    for (let index = 0; index < this.#wanted.queueCount; index++) {
      const queue = device.queue(index);
      if (!queue.enabled) continue;
      const place = this.#locate(queue);
      if (!place.ok) return err(`its driver put queue ${index} where no memory is (${place.error})`);
      const kickFd = borrowed(device.kickFdOf(index));
      rings.push({ ...place.value, index, size: queue.size, base: bases[index] ?? 0, kickFd, callFd: borrowed(device.callFdOf(index)) });
    }
    return ok(rings);
  }

  #locate(queue: QueueSetup): Result<Pick<FrontendRing, 'descriptor' | 'available' | 'used'>, string> {
    const { size, descriptorAddress, driverAddress, deviceAddress } = queue;
    const guest = { size, descriptor: descriptorAddress, available: driverAddress, used: deviceAddress };
    const host = locateRing(guest, this.#context.memory);
    if (!host.ok) return err(host.error.code);
    const { descriptor, available, used } = host.value;
    return ok({ descriptor: ownAddress(descriptor), available: ownAddress(available), used: ownAddress(used) });
  }

  /** Stops what runs after its requests under way; the next available index of every queue. */
  async #stopRings(): Promise<Result<readonly number[], FrontendError>> {
    this.#alarm.disarm();
    const indexes = [...this.#rings.keys()];
    this.#rings.clear();
    const bases = new Array<number>(this.#wanted.queueCount).fill(0);
    const answers = await Promise.all(indexes.map((index) => this.#frontend.stopRing(index)));
    for (const [at, index] of indexes.entries()) {
      const answer = answers[at];
      if (answer?.ok === false) return answer;
      bases[index] = answer?.value ?? 0;
    }
    return ok(bases);
  }

  /** Afterwards the back end has no ring and knows of no driver, or is lost. */
  async #resetBackend(): Promise<void> {
    const wasUsed = this.#phase !== 'idle';
    this.#phase = 'idle';
    this.#isBroken = false;
    if (!wasUsed || this.#lost !== undefined) return;
    // The requests to stop travel first. One that refuses the reset itself has stopped all the same: the next SET_FEATURES tells
    // it what the next driver wants.
    await Promise.all([this.#stopRings(), this.#tellReset()]);
    // What the last driver wrote there may be as it was now.
    await this.#readConfig();
    // What is noted there belongs to the driver that is gone.
    void this.#queue(() => this.#renewInflight());
  }

  async #tellReset(): Promise<void> {
    if (this.#has(VHOST_USER_PROTOCOL_F.STATUS)) await this.#frontend.setStatus(0);
    else if (this.#has(VHOST_USER_PROTOCOL_F.RESET_DEVICE)) await this.#frontend.resetDevice();
  }

  async #driverReset(): Promise<void> {
    await this.#resetBackend();
    if (!this.#isClosed) this.#attached.completeReset();
  }

  /** A new area, empty, in which the back end notes what it has taken from the rings. Rings run without where it has none. */
  async #renewInflight(): Promise<void> {
    if (this.#isClosed || this.#lost !== undefined || !this.#has(VHOST_USER_PROTOCOL_F.INFLIGHT_SHMFD)) return;
    const { queueCount, queueSize } = this.#wanted;
    const made = await this.#frontend.getInflight(queueCount, queueSize);
    if (!made.ok || made.value === undefined) return;
    const area = made.value;
    const set = await this.#frontend.setInflight(area.description, area.file.fd);
    const isKept = set.ok && !this.#isClosed;
    (isKept ? this.#inflight : area)?.file.close();
    if (isKept) this.#inflight = area;
  }

  async #updateCalls(): Promise<void> {
    const device = this.#attached;
    const told: ReturnType<Frontend['setCall']>[] = [];
    for (const [index, before] of this.#rings) {
      const callFd = borrowed(device.callFdOf(index));
      if (callFd === before) continue;
      this.#rings.set(index, callFd);
      told.push(this.#frontend.setCall(index, callFd));
    }
    const refused = (await Promise.all(told)).some((each) => !each.ok && each.error.code === 'REFUSED');
    if (refused) this.#needsReset('its device process refuses the interrupt that its driver chose');
  }

  async #replayConfigWrites(): Promise<void> {
    const device = this.#attached;
    const told: ReturnType<Frontend['writeConfig']>[] = [];
    while (told.length < CONFIG_WRITES_AT_ONCE) {
      const write = device.takeConfigWrite();
      if (write === undefined) break;
      told.push(this.#frontend.writeConfig(write.offset, write.bytes));
    }
    // The driver sees its own write until the back end says otherwise.
    if ((await Promise.all(told)).some((each) => !each.ok && each.error.code === 'REFUSED')) await this.#readConfig();
  }

  /** However often the back end says so, one reading waits at a time. */
  #configChanged(): void {
    this.#isConfigStale = true;
    if (this.#device === undefined || this.#waitsForConfig) return;
    this.#waitsForConfig = true;
    void this.#queue(async () => {
      this.#waitsForConfig = false;
      if (await this.#readConfig()) this.#attached.configChanged();
    });
  }

  async #readConfig(): Promise<boolean> {
    this.#isConfigStale = false;
    const config = await readDeviceConfig(this.#frontend, this.#wanted, this.#type);
    if (!config.ok || this.#isClosed) return false;
    this.#attached.setConfig(config.value);
    return true;
  }

  #ringBroken(): void {
    if (this.#device?.isActive === true) this.#needsReset('its device process found a queue that it cannot read');
  }

  #needsReset(message: string): void {
    if (this.#isBroken || this.#isClosed) return;
    this.#isBroken = true;
    this.#attached.needsReset();
    this.#context.failed(this.id, { code: 'NEEDS_RESET', message });
  }

  #backendLost(why: FrontendError): void {
    const message = describeFailure(why);
    this.#lost = message;
    this.#alarm.disarm();
    this.#rings.clear();
    // Before it was negotiated `connect` tells.
    if (this.#negotiated === undefined) return;
    this.#device?.needsReset();
    this.#context.failed(this.id, { code: 'LOST', message });
  }

  #has(protocolFeature: bigint): boolean {
    return (this.#frontend.protocolFeatures & protocolFeature) !== 0n;
  }

  #fail(problem: string): Result<never, LinkError> {
    return err(linkError(this.id, problem));
  }
}

function linkError(id: string, problem: string): LinkError {
  return { code: 'LINK', message: `device ${id}: ${problem}` };
}

function borrowed(fd: number | undefined): Fd | undefined {
  return fd === undefined ? undefined : asFd(fd);
}

/** An address that our own memory table gave. */
function ownAddress(value: number): FrontendAddress {
  const address = frontendAddress(value);
  assert(address !== undefined, `${value} is no address`);
  return address;
}
