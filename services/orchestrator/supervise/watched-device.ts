/** What the supervisor knows of one device: the process that serves it, or did last, and whether the core waits for another. */
import { RestartPolicy } from './restart-policy.ts';
import type { SupervisedDevice } from './supervisor.ts';

/** What becomes of a device whose process ends: nothing; it is started again, within bounds; or for as long as the machine runs. */
export type Recovery = 'none' | 'bounded' | 'endless';

export class WatchedDevice {
  readonly recovery: Recovery;
  current: SupervisedDevice;
  /** What its process said it failed of. */
  reason: string | undefined;
  /** The process that is to take over from it, while it has not. */
  successor: SupervisedDevice | undefined;
  #isSettled: Promise<void> = Promise.resolve();
  #settle: () => void = () => {};
  readonly #policy: RestartPolicy;
  #isAwaited = false;
  #servesSinceMs: number | undefined;
  #whenAwaited: () => void = () => {};

  constructor(first: SupervisedDevice, recovery: Recovery) {
    this.recovery = recovery;
    this.current = first;
    this.#policy = new RestartPolicy(recovery === 'endless');
  }

  get name(): string {
    return this.current.child.name;
  }

  /** Whether the core waits for another process. */
  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  /** The core has it. */
  serves(): void {
    this.#servesSinceMs = performance.now();
  }

  /** The core has it not any more. */
  awaited(): void {
    this.#isAwaited = true;
    this.#whenAwaited();
  }

  /** Resolves once the core waits for another process. */
  async untilAwaited(): Promise<void> {
    if (!this.#isAwaited) await new Promise<void>((resolve) => void (this.#whenAwaited = resolve));
  }

  /** When to start another process, now that one has ended; undefined: not at all. */
  nextDelayMs(): number | undefined {
    const servedMs = this.#servesSinceMs === undefined ? 0 : performance.now() - this.#servesSinceMs;
    this.#servesSinceMs = undefined;
    return this.#policy.nextDelayMs(servedMs);
  }

  /** Another process was started, and its connection given to the core. */
  replacedBy(next: SupervisedDevice): void {
    this.current = next;
    this.reason = undefined;
    this.#isAwaited = false;
  }

  /** Another process was started to take over, while the present one serves. */
  succeededBy(successor: SupervisedDevice): void {
    this.successor = successor;
    this.#isSettled = new Promise((resolve) => void (this.#settle = resolve));
  }

  /** It serves, or, where `serves` is false, will not. */
  settle(serves: boolean): void {
    if (serves && this.successor !== undefined) {
      this.current = this.successor;
      this.reason = undefined;
    }
    this.successor = undefined;
    this.#settle();
  }

  /** Resolves once no process is about to take over. */
  untilSettled(): Promise<void> {
    return this.#isSettled;
  }
}
