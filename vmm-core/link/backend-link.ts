/**
 * A virtio device whose queues are run by a back end: a device process at the other end of a vhost-user session.
 *
 * What the driver, the life cycle and the back end want happens in one chain of steps, each begun when the one before is
 * answered, so that a reset waits for the activation underway. Every question has a deadline; past it the session is over, and
 * all later steps end at once. So nobody waits for a back end that serves longer than twice that: not the guest for its reset either.
 *
 * A driver that asks for what cannot be (a ring where there is no memory) costs itself NEEDS_RESET. A back end that breaks off,
 * stays silent or lies is lost. Where the device may be recovered every step then waits for another back end (`reconnect`): kicks
 * stay in their eventfds, the configuration is read from its copy. That one is given the record of what the lost one had in flight,
 * takes the rings up where they stand, and no driver notices. Resets wait too: requests of a killed process may write to guest
 * memory for a while, and a process that answers has waited for their end. Past the policy's deadline, and where nothing may be
 * recovered, the guest's resets complete without a back end.
 */
import { assert } from '#shared/lang/assert.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { VIRTIO_EFFECT, type VirtioPciDevice } from '../virtio-pci/virtio-pci-device.ts';
import { Absence } from './backend-absence.ts';
import { type BackendType, type WantedDevice, backendType, featuresOf } from './backend-offer.ts';
import { BackendSession } from './backend-session.ts';
import { ConfigCopy } from './config-copy.ts';
import { FailingRings } from './failing-rings.ts';
import { InflightRecord } from './inflight-record.ts';
import { type DeviceLink, type DeviceOffer, type LinkContext, type LinkError, type RecoveryPolicy, linkError } from './device-link.ts';
import { borrowed, isAllReturned, locateRings, usedIndexes } from './ring-places.ts';

/**
 * A disk may take its time over the requests under way when a ring is stopped; a guest's reset should not hang for minutes. Before its
 * first answer a process has to load, to wait for its image, and maybe to put that in order, on a slow machine.
 */
const TIMEOUTS = { replyTimeoutMs: 10_000, firstReplyTimeoutMs: 30_000 };

export interface BackendLinkSpec extends WantedDevice {
  readonly id: string;
  /** Connected to the back end. The link's to close, whatever comes of it. */
  readonly socket: OwnedFd;
  /** Undefined: a lost back end is not replaced. */
  readonly recovery?: RecoveryPolicy | undefined;
}

export type BackendLinkOptions = Partial<Readonly<typeof TIMEOUTS>>;

/** What the back end knows of the driver: nothing; its features and rings; or its features, with all rings stopped. */
type Phase = 'idle' | 'running' | 'suspended';

export class BackendLink implements DeviceLink {
  readonly id: string;
  readonly #context: LinkContext;
  readonly #type: BackendType;
  readonly #wanted: WantedDevice;
  readonly #recovery: RecoveryPolicy | undefined;
  readonly #timeouts: typeof TIMEOUTS;
  #session: BackendSession;
  #offer: DeviceOffer | undefined;
  #device: VirtioPciDevice | undefined;
  #phase: Phase = 'idle';
  readonly #inflight = new InflightRecord();
  /** The lost back end had none, and requests under way. */
  #isLeftUnknown = false;
  /** The driver was told to reset the device, and has not yet. */
  #isBroken = false;
  /** The back end is gone, and may be replaced. */
  #absence: Absence | undefined;
  /** Why there is no back end, and nothing waits for one. */
  #lost: string | undefined;
  /** Answers requests instead of the back end that nothing waits for. */
  #failing: FailingRings | undefined;
  #isClosed = false;
  /** The back end has said that its configuration is another, and the copy that the driver sees is not yet. */
  #isConfigStale = false;
  #waitsForConfig = false;
  readonly #config = new ConfigCopy();
  #lastStep: Promise<unknown> = Promise.resolve();
  #lastAttempt: Promise<unknown> = Promise.resolve();

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
    const negotiated = await link.#session.negotiate();
    // The session may have ended right behind the last answer.
    const failure = negotiated.ok ? link.#session.lost : negotiated.error;
    if (negotiated.ok && failure === undefined) {
      link.#offer = negotiated.value.offer;
      link.#config.begin(negotiated.value.offer.config);
      void link.#queue(() => link.#renewInflight());
      return ok(link);
    }
    link.close();
    return err(linkError(spec.id, failure ?? ''));
  }

  private constructor(spec: BackendLinkSpec, type: BackendType, context: LinkContext, options: BackendLinkOptions) {
    const { id, deviceType, queueCount, queueSize, recovery, socket } = spec;
    this.id = id;
    this.#context = context;
    this.#type = type;
    this.#wanted = { deviceType, queueCount, queueSize };
    this.#recovery = recovery;
    this.#timeouts = { ...TIMEOUTS, ...options };
    this.#session = this.#open(socket);
  }

  get offer(): DeviceOffer {
    assert(this.#offer !== undefined, `${this.id} was not negotiated`);
    return this.#offer;
  }

  attach(device: VirtioPciDevice): void {
    assert(this.#device === undefined, `${this.id} is attached already`);
    this.#device = device;
    if (this.#isConfigStale) this.#configChanged();
  }

  take(bits: number): void {
    const has = (effect: number): boolean => (bits & effect) !== 0;
    if (has(VIRTIO_EFFECT.reset)) void this.#queue(() => this.#driverReset());
    if (has(VIRTIO_EFFECT.configWrite)) void this.#queue(() => this.#config.replayWrites(this.#attached, this.#session));
    // What came with a reset came before it.
    if (has(VIRTIO_EFFECT.activate) && !has(VIRTIO_EFFECT.reset)) void this.#queue(() => this.#start());
    if (has(VIRTIO_EFFECT.callChanged)) void this.#queue(() => this.#updateCalls());
  }

  suspend(): Promise<Result<readonly number[], LinkError>> {
    return this.#queue(async () => {
      for (;;) {
        if (this.#lost !== undefined && this.#phase !== 'idle') return this.#fail(this.#lost);
        const stopped = await this.#session.stopRings();
        if (stopped.ok && this.#phase === 'running') this.#phase = 'suspended';
        if (stopped.ok) return stopped;
        if (this.#absence === undefined) return this.#fail(stopped.error);
        // Another back end goes on with what was under way, and is then stopped in its turn.
        await this.#present();
      }
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

  reconnect(socket: OwnedFd): Promise<Result<void, LinkError>> {
    const tried = this.#lastAttempt.then(() => this.#attempt(socket));
    this.#lastAttempt = tried;
    return tried;
  }

  close(): void {
    this.#isClosed = true;
    this.#stopFailing();
    this.#session.close();
    this.#absence?.end();
    this.#inflight.close();
  }

  /**
   * Runs `step` when all before it are done, and there is a back end or none is waited for. A step does not throw but for a broken
   * promise of ours, which ends the process.
   */
  #queue<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#lastStep.then(() => this.#present()).then(step);
    this.#lastStep = done;
    return done;
  }

  async #present(): Promise<void> {
    await this.#absence?.wait();
  }

  #open(socket: OwnedFd): BackendSession {
    const device = { wanted: this.#wanted, type: this.#type, ...this.#timeouts };
    return new BackendSession(socket, device, this.#context, {
      lost: (why) => this.#backendLost(why),
      configChanged: () => this.#configChanged(),
      ringBroken: () => this.#needsReset('its device process found a queue that it cannot read'),
    });
  }

  get #attached(): VirtioPciDevice {
    assert(this.#device !== undefined, `${this.id} is not attached`);
    return this.#device;
  }

  /** Has the back end run the driver's queues, if the driver wants that and it does not yet. An error is the back end's fault. */
  async #start(bases?: readonly number[]): Promise<Result<void, LinkError>> {
    const device = this.#attached;
    if (this.#isClosed || this.#isBroken || this.#phase === 'running' || !device.isActive) return ok();
    if (this.#lost !== undefined) return this.#startLost(this.#lost);
    const missing = this.#session.missing(device.ackedFeatures);
    if (missing !== undefined) return this.#fail(missing);
    await this.#startRings(device, bases);
    return this.#lost === undefined ? ok() : this.#fail(this.#lost);
  }

  /** A driver begins while nothing waits for a back end. */
  #startLost(why: string): Result<void, LinkError> {
    if (this.#absence === undefined || this.#recovery?.afterwards === 'end') {
      this.#attached.needsReset();
      return this.#fail(why);
    }
    // The back end that may yet come finds it so.
    this.#phase = 'running';
    this.#failRequests();
    return ok();
  }

  async #startRings(device: VirtioPciDevice, bases?: readonly number[]): Promise<void> {
    const rings = locateRings(device, this.#wanted.queueCount, this.#context.memory, bases);
    if (!rings.ok) return this.#needsReset(rings.error);
    this.#phase = 'running';
    const refused = await this.#session.startRings(device.ackedFeatures, rings.value);
    if (refused !== undefined) this.#needsReset(refused);
  }

  /** Afterwards the back end has no ring and knows of no driver, or is lost. */
  async #resetBackend(): Promise<void> {
    const wasUsed = this.#phase !== 'idle';
    this.#phase = 'idle';
    this.#isBroken = false;
    this.#inflight.outdate();
    this.#isLeftUnknown = false;
    this.#stopFailing();
    this.#config.forgetWrites();
    if (!wasUsed || this.#lost !== undefined) return;
    await this.#session.reset();
    // One that was lost over it may not be done with guest memory.
    await this.#present();
    // What the last driver wrote there may be as it was now.
    await this.#config.read(this.#attached, this.#session);
    void this.#queue(() => this.#renewInflight());
  }

  async #driverReset(): Promise<void> {
    await this.#resetBackend();
    if (!this.#isClosed) this.#attached.completeReset();
  }

  /** Rings run without a record where the back end keeps none. */
  async #renewInflight(): Promise<void> {
    if (this.#isClosed) return;
    const made = await this.#session.newInflight();
    if (this.#isClosed) return made?.file.close();
    this.#inflight.replace(made);
  }

  async #updateCalls(): Promise<void> {
    const device = this.#attached;
    const isTaken = await this.#session.updateCalls((index) => borrowed(device.callFdOf(index)));
    if (!isTaken) this.#needsReset('its device process refuses the interrupt that its driver chose');
  }

  /** However often the back end says so, one reading waits at a time. */
  #configChanged(): void {
    this.#isConfigStale = true;
    if (this.#device === undefined || this.#waitsForConfig) return;
    this.#waitsForConfig = true;
    void this.#queue(async () => {
      this.#waitsForConfig = false;
      this.#isConfigStale = false;
      if (await this.#config.read(this.#attached, this.#session)) this.#attached.configChanged();
    });
  }

  #needsReset(message: string): void {
    if (this.#isBroken || this.#isClosed || this.#device?.isActive !== true) return;
    this.#isBroken = true;
    this.#device.needsReset();
    this.#context.failed(this.id, { code: 'NEEDS_RESET', message });
  }

  #backendLost(why: string): void {
    // Before it was negotiated `connect` tells, and of one that is tried `reconnect`.
    if (this.#offer !== undefined && this.#absence === undefined) this.#leave(why);
  }

  /** There is no back end any more. */
  #leave(why: string): void {
    const { watcher } = this.#context;
    const recovery = this.#recovery;
    if (recovery === undefined) return this.#giveUp(why);
    this.#isLeftUnknown = !this.#isLeftKnown();
    const message = this.#isLeftUnknown ? `${why} and has kept no record of the requests under way` : why;
    const deadlineMs = this.#isLeftUnknown ? 0 : recovery.deadlineMs;
    this.#absence = new Absence(message, watcher, deadlineMs, () => this.#overdue(recovery.afterwards, deadlineMs));
    this.#context.told(this.id, { code: 'RECONNECTING', message });
  }

  /** Whether it is known what the lost back end had taken from the rings and not returned. */
  #isLeftKnown(): boolean {
    if (this.#phase !== 'running' || this.#inflight.isKept) return true;
    return isAllReturned(this.#attached, this.#wanted.queueCount, this.#context.memory);
  }

  #overdue(afterwards: RecoveryPolicy['afterwards'], deadlineMs: number): void {
    const why = this.#absence?.why ?? '';
    const message = deadlineMs === 0 ? why : `${why}, and no other has taken its place within ${deadlineMs / 1000} s`;
    if (afterwards === 'end') return this.#giveUp(message);
    this.#lost = message;
    this.#context.told(this.id, { code: 'OVERDUE', afterwards, message });
    this.#failRequests();
  }

  /** Where that is the policy, and the driver is there. */
  #failRequests(): void {
    const device = this.#device;
    if (this.#recovery?.afterwards !== 'error' || this.#phase !== 'running' || this.#isBroken || device?.isActive !== true) return;
    const { watcher, memory } = this.#context;
    const inflight = this.#inflight.current;
    const { queueCount } = this.#wanted;
    const { failedStatus } = this.#type;
    if (!this.#isLeftUnknown && failedStatus !== undefined)
      this.#failing = FailingRings.start(device, { watcher, memory, queueCount, failedStatus, inflight });
    if (this.#failing === undefined) this.#needsReset('it is gone, and its requests cannot be answered');
  }

  #stopFailing(): void {
    this.#failing?.stop();
    this.#failing = undefined;
  }

  #giveUp(why: string): void {
    this.#lost = why;
    this.#device?.needsReset();
    this.#context.failed(this.id, { code: 'LOST', message: why });
  }

  async #attempt(socket: OwnedFd): Promise<Result<void, LinkError>> {
    // Whoever brings it may know of the old one's end before we do, or want it replaced.
    if (this.#absence === undefined && this.#recovery !== undefined && !this.#isClosed) {
      this.#session.close();
      this.#leave('its device process is being replaced');
    }
    const absence = this.#absence;
    if (absence === undefined || this.#isClosed) {
      socket.close();
      return this.#fail('its device process cannot be replaced');
    }
    absence.try();
    this.#stopFailing();
    this.#session = this.#open(socket);
    const refused = await this.#takeUp();
    // One that ends in the middle of it has refused nothing.
    const failure = this.#session.lost ?? refused;
    if (failure === undefined) {
      this.#isBack(absence);
      return ok();
    }
    this.#session.close();
    if (absence.isOverdue && !this.#isClosed) this.#failRequests();
    absence.failed(failure);
    if (!this.#isClosed) this.#context.told(this.id, { code: 'RECONNECTING', message: failure });
    return this.#fail(failure);
  }

  /** Brings the new back end to where the lost one was; why it cannot be. The session's end is told by the session. */
  async #takeUp(): Promise<string | undefined> {
    const session = this.#session;
    const negotiated = await session.negotiate();
    if (!negotiated.ok) return negotiated.error;
    if (this.#isLeftUnknown) return 'its device process cannot know which requests are under way: its driver must reset it first';
    const missing = session.missing(this.#phase === 'idle' ? featuresOf(this.offer) : this.#attached.ackedFeatures);
    if (missing !== undefined) return missing;
    const kept = this.#inflight.current;
    if (kept === undefined) await this.#renewInflight();
    else if (!(await session.useInflight(kept))) return 'its device process refuses the record of the requests under way';
    const device = this.#attached;
    void session.writeConfig(this.#config.written);
    this.#config.compare(device, negotiated.value.offer.config);
    if (this.#phase !== 'running' || this.#isBroken || !device.isActive) return undefined;
    await this.#startRings(device, usedIndexes(device, this.#wanted.queueCount, this.#context.memory));
    return undefined;
  }

  #isBack(absence: Absence): void {
    this.#absence = undefined;
    this.#lost = undefined;
    absence.end();
    this.#context.told(this.id, { code: 'BACK', message: `its requests waited ${(absence.ms / 1000).toFixed(2)} s` });
  }

  #fail(problem: string): Result<never, LinkError> {
    return err(linkError(this.id, problem));
  }
}
