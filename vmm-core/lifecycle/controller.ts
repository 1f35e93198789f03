/**
 * What happens to the machine after it was made, one thing at a time: the launcher's orders, the guest's wishes for power and reset,
 * and the faults of its vCPUs. The guest runs, is paused, or is over.
 */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type CoreEnd, EndedReason, EventKind, type Incoming, type ToCore } from '#shared/rpc/start-channel.ts';
import { monotonicMs } from '#shared/sys/clock.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { EXIT, exitNow } from '#shared/sys/process-exit.ts';
import type { Watcher } from '#shared/sys/watcher.ts';
import { describeFatalExit } from '../kvm/exit.ts';
import { POWER_EFFECT } from '../platform/power.ts';
import type { DeviceNews } from '../link/device-link.ts';
import type { FatalReport } from '../vcpu/thread.ts';
import { FaultPolicy, REPEAT_WINDOW_MS } from './fault-policy.ts';
import { type AddDevice, readDevice } from './machine-spec.ts';
import { dumpRegisters } from './register-dump.ts';
import type { VirtualMachine } from './virtual-machine.ts';
import type { MachineHost } from './machine-host.ts';

/** The guest's last words have so long to get out. */
const LAST_WORDS_MS = 2000;

/** A driver can break its device as fast as it resets it: of one device that is told no more often. */
const NEEDS_RESET_TOLD_MS = 1000;

const NEWS_KIND = {
  RECONNECTING: EventKind.DEVICE_RECONNECTING,
  BACK: EventKind.DEVICE_BACK,
  OVERDUE: EventKind.DEVICE_OVERDUE,
} as const;

export const LOG = { warning: 0, info: 1, debug: 2 } as const;

export interface ControllerParts {
  readonly channel: CoreEnd;
  readonly watcher: Watcher;
  readonly host: MachineHost;
  readonly machine: VirtualMachine;
  readonly wake: OwnedFd;
  readonly noReboot: boolean;
  /** The machine starts paused. */
  readonly paused: boolean;
  readonly log: (level: number, message: string) => void;
}

type State = 'running' | 'paused' | 'over';

export class Controller {
  readonly #parts: ControllerParts;
  readonly #faults: FaultPolicy;
  #state: State;
  /** Devices whose return the machine is paused for, and whether it is for that alone. */
  readonly #missing = new Set<string>();
  #isPausedForDevice = false;
  /** When it was last told that a device needs a reset, by the device's id. */
  readonly #toldAt = new Map<string, number>();
  /** Everything that takes time happens after what was asked before. */
  #last: Promise<void> = Promise.resolve();

  constructor(parts: ControllerParts) {
    this.#parts = parts;
    this.#faults = new FaultPolicy(parts.noReboot);
    this.#state = parts.paused ? 'paused' : 'running';
  }

  /** From now on orders are read and effects are served; first those that came while the machine was being made. */
  begin(early: readonly Incoming<ToCore>[], started: Promise<void>): void {
    const { watcher, wake, channel } = this.#parts;
    this.#last = started;
    watcher.watch(wake.fd, EPOLLIN, () => {
      drainEventFd(wake.fd);
      this.#effects();
    });
    watcher.watch(channel.fd, EPOLLIN, () => this.#readOrders());
    this.#effects();
    for (const order of early) this.#order(order);
  }

  /** A vCPU cannot go on; it is paused. */
  vcpuFailed({ vcpu, exit, life }: FatalReport): void {
    this.#then(async () => {
      // Another vCPU's fault has reset the machine, and this vCPU with it, perhaps before this report came.
      if (life !== this.#parts.machine.threads.life) return;
      const what = `vCPU ${vcpu}: ${describeFatalExit(exit)}`;
      await this.#stand();
      const registers = this.#registersOf(vcpu);
      if (this.#faults.decide(exit, monotonicMs()) === 'stop') {
        const why =
          exit.kind === 'triple-fault' && !this.#parts.noReboot ? `${what}, within ${REPEAT_WINDOW_MS / 1000} s of the last one` : what;
        return this.#end(EndedReason.GUEST_FAULT, [`the guest failed: ${why}`, ...registers].join('\n'));
      }
      for (const line of registers) this.#parts.log(LOG.warning, line);
      await this.#reset(what);
    });
  }

  /** A device cannot go on. */
  deviceFailed(id: string, { code, message }: { readonly code: 'LOST' | 'NEEDS_RESET'; readonly message: string }): void {
    if (code === 'LOST') {
      this.#then(async () => this.#end(EndedReason.DEVICE_LOST, `device ${id} is lost: ${message}`));
      return;
    }
    const now = monotonicMs();
    if (now - (this.#toldAt.get(id) ?? -Infinity) < NEEDS_RESET_TOLD_MS) return;
    this.#toldAt.set(id, now);
    this.#parts.channel.send({ event: { kind: EventKind.DEVICE_NEEDS_RESET, deviceId: id, detail: message } });
  }

  /** A device is waited for, or not any more. */
  deviceNews(id: string, news: DeviceNews): void {
    const { channel } = this.#parts;
    channel.send({ event: { kind: NEWS_KIND[news.code], deviceId: id, detail: news.message } });
    if (news.code === 'OVERDUE' && news.afterwards === 'pause') this.#then(() => this.#pauseFor(id));
    if (news.code === 'BACK') this.#then(() => this.#goOnWith(id));
  }

  #effects(): void {
    const power = this.#parts.machine.takeEffects();
    if (power === 0) return;
    this.#then(async () => {
      await this.#stand();
      await this.#power(power);
    });
  }

  /** What a guest that stands has asked of the power control. */
  async #power(wish: number): Promise<void> {
    // Whoever asks for both at once wants to be off.
    if ((wish & POWER_EFFECT.powerOff) !== 0) this.#end(EndedReason.POWERED_OFF, '');
    else if (wish !== 0) await this.#reset('');
  }

  /** Every vCPU is out of the guest, whatever the state: for a moment, or for good. */
  async #stand(): Promise<void> {
    const paused = await this.#parts.machine.pause();
    if (!paused.ok) this.#end(EndedReason.GUEST_FAULT, `the machine cannot be stopped: ${paused.error}`);
  }

  #readOrders(): void {
    for (;;) {
      const received = this.#parts.channel.tryReceive();
      // The launcher is gone: without it there is nobody to run for.
      if (!received.ok) exitNow(EXIT.failed);
      if (received.value === undefined) return;
      this.#order(received.value);
    }
  }

  #order({ message, fds }: Incoming<ToCore>): void {
    if (message.stop) this.#end(EndedReason.STOPPED, '');
    if (message.powerButton) this.#parts.machine.platform.ged.pressPowerButton();
    if (message.pause) this.#command(() => this.#pauseOnOrder());
    if (message.resume) this.#command(() => this.#resumeOnOrder());
    const { save, addDevice } = message;
    if (addDevice) return this.#addDevice(addDevice, fds);
    if (message.createVm || message.run) this.#command(async () => err('the machine has begun: adding to it is not supported yet'));
    if (save) this.#command(() => this.#save(fds[(save.state ?? 0) - 1], fds[(save.memory ?? 0) - 1]));
    else for (const fd of fds) fd.close();
  }

  /** Another process for a device that there is. What comes of it is told as the device's news. */
  #addDevice(add: AddDevice, fds: readonly OwnedFd[]): void {
    const device = readDevice(add, fds);
    const socket = device.ok && device.value.kind === 'vhost-user' ? device.value.socket : undefined;
    for (const fd of fds) if (fd !== socket) fd.close();
    if (socket !== undefined && this.#parts.machine.reconnect(add.id ?? '', socket)) return;
    socket?.close();
    this.#command(async () => err('the machine has begun: adding to it is not supported yet'));
  }

  /** Nobody's order: it runs on by itself when no device is missing any more. */
  async #pauseFor(id: string): Promise<void> {
    this.#missing.add(id);
    if (this.#state === 'running' && (await this.#pause()).ok) this.#isPausedForDevice = true;
  }

  async #goOnWith(id: string): Promise<void> {
    this.#missing.delete(id);
    if (this.#missing.size > 0 || !this.#isPausedForDevice) return;
    this.#isPausedForDevice = false;
    const resumed = await this.#resume();
    // Nobody has ordered it, and nobody else would hear that it stands.
    if (!resumed.ok) this.#cannotGoOn(resumed.error);
  }

  #cannotGoOn(why: string): never {
    return this.#end(EndedReason.GUEST_FAULT, `the machine cannot go on: ${why}`);
  }

  async #pause(): Promise<Result<void, string>> {
    if (this.#state === 'paused') return err('the machine is paused already');
    const paused = await this.#parts.machine.pause();
    if (!paused.ok) return paused;
    this.#state = 'paused';
    // A guest that has asked for its end or a reset must not be resumed behind that.
    await this.#power(this.#parts.machine.takeEffects());
    return ok();
  }

  async #pauseOnOrder(): Promise<Result<void, string>> {
    if (!this.#isPausedForDevice) return this.#pause();
    this.#isPausedForDevice = false;
    return ok();
  }

  async #resumeOnOrder(): Promise<Result<void, string>> {
    this.#isPausedForDevice = false;
    return this.#resume();
  }

  async #resume(): Promise<Result<void, string>> {
    if (this.#state === 'running') return err('the machine runs already');
    const resumed = await this.#parts.machine.resume();
    if (resumed.ok) this.#state = 'running';
    return resumed;
  }

  async #save(state: OwnedFd | undefined, memory: OwnedFd | undefined): Promise<Result<void, string>> {
    try {
      if (state === undefined || memory === undefined) return err('a save needs two files: one for the state, one for the memory');
      if (this.#state !== 'paused') return err('the machine runs: pause it before it is saved');
      return await this.#parts.machine.save(state.fd, memory.fd);
    } finally {
      state?.close();
      memory?.close();
    }
  }

  /** Carries an order out after what was asked before, and answers it. */
  #command(run: () => Promise<Result<void, string>>): void {
    this.#then(async () => {
      const result = await run();
      this.#parts.channel.send(result.ok ? { done: {} } : { failed: { message: result.error } });
    });
  }

  async #reset(detail: string): Promise<void> {
    const { machine, channel } = this.#parts;
    const done = await machine.reset();
    if (!done.ok) return this.#end(EndedReason.GUEST_FAULT, `the guest cannot be reset: ${done.error}`);
    machine.threads.renew();
    channel.send({ event: { kind: EventKind.RESET, detail } });
    const resumed = this.#state === 'running' ? await machine.resume() : ok();
    if (!resumed.ok) this.#cannotGoOn(resumed.error);
  }

  #then(run: () => Promise<void>): void {
    this.#last = this.#last.then(async () => {
      if (this.#state !== 'over') await run();
    });
  }

  #registersOf(vcpu: number): readonly string[] {
    const found = this.#parts.host.vcpus[vcpu];
    const dump = found === undefined ? undefined : dumpRegisters(found);
    return dump?.ok === true ? dump.value : [];
  }

  #end(reason: number, message: string): never {
    const { machine, channel } = this.#parts;
    this.#state = 'over';
    machine.drain(LAST_WORDS_MS);
    this.#logCounts();
    channel.send({ ended: { reason, message } });
    return exitNow(EXIT.poweredOff);
  }

  #logCounts(): void {
    const { machine, log } = this.#parts;
    for (let vcpu = 0; vcpu < machine.threads.count; vcpu++) {
      const { pio, mmio, eoi, interrupted } = machine.threads.exitCounts(vcpu);
      log(LOG.info, `exits: vcpu${vcpu} pio=${pio} mmio=${mmio} eoi=${eoi} interrupted=${interrupted}`);
    }
    for (const { code, range, atMs } of machine.platform.debugPort.marks()) {
      log(LOG.debug, `mark: ${range} 0x${code.toString(16)} at ${atMs.toFixed(3)} ms`);
    }
  }
}
