/** The smallest device that moves bytes: it copies what a chain's readable buffers hold into its writable ones. */
import { type Result, ok } from '../lang/result.ts';
import { GuestMemory, type LogPlace } from '../memory/index.ts';
import { drainEventFd, signalEventFd } from '../sys/eventfd.ts';
import { type Fd, asFd } from '../sys/owned-fd.ts';
import { viewAt } from '../sys/ffi.ts';
import { DEFERRED, type DescriptorChain, QueueLoop, RING_FEATURES, SegmentTable, SplitQueue } from '../virtio/index.ts';
import type { BackendRequests, RingError, RingStart, VhostUserDevice } from '../vhost-user/backend/index.ts';
import { DEVICE_PROTOCOL_FEATURES } from '../vhost-user/backend/index.ts';

export const COPY_QUEUE_SIZE = 256;

interface RunningRing {
  readonly start: RingStart;
  readonly queue: SplitQueue;
  readonly loop: QueueLoop;
  kickFd: Fd | undefined;
  callFd: Fd | undefined;
  enabled: boolean;
}

export class CopyDevice implements VhostUserDevice {
  readonly features = RING_FEATURES;
  readonly protocolFeatures = DEVICE_PROTOCOL_FEATURES;
  readonly queueCount: number;
  readonly maxQueueSize = COPY_QUEUE_SIZE;
  /** Every call that changed something, in order: `startRing 0`. */
  readonly calls: string[] = [];
  /** Sixteen bytes, of which the last eight may be written. */
  readonly config = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
  readonly starts: RingStart[] = [];
  /** Keeps every chain as if its work took long, and refuses every ring. */
  holdsChains = false;
  refusesRings = false;
  memory = new GuestMemory([]);
  log: LogPlace | undefined;
  acked: bigint | undefined;
  channel: BackendRequests | undefined;
  readonly #segments: readonly SegmentTable[];
  readonly #rings = new Map<number, RunningRing>();

  constructor(queueCount = 2) {
    this.queueCount = queueCount;
    this.#segments = Array.from({ length: queueCount }, () => new SegmentTable(COPY_QUEUE_SIZE));
  }

  get runningRings(): number {
    return this.#rings.size;
  }

  readConfig(offset: number, length: number): Uint8Array | undefined {
    return offset + length <= this.config.length ? this.config.slice(offset, offset + length) : undefined;
  }

  writeConfig(offset: number, bytes: Uint8Array): boolean {
    if (offset < 8 || offset + bytes.length > this.config.length) return false;
    this.config.set(bytes, offset);
    return true;
  }

  setFeatures(acked: bigint): void {
    this.calls.push('setFeatures');
    this.acked = acked;
  }

  setMemory(memory: GuestMemory, generation: number): void {
    this.calls.push(`setMemory ${generation}`);
    this.memory = memory;
    memory.logTo(this.log);
  }

  setLog(log: LogPlace | undefined): void {
    this.calls.push(`setLog ${log === undefined ? 'off' : log.length}`);
    this.log = log;
    this.memory.logTo(log);
  }

  setRingLog(index: number, usedLog: number | undefined): void {
    this.#rings.get(index)?.queue.logUsedAs(usedLog);
  }

  saveState(): Uint8Array {
    return this.config.slice();
  }

  loadState(state: Uint8Array): Result<void, { readonly code: string }> {
    if (state.length !== this.config.length) return { ok: false, error: { code: 'STATE_SIZE' } };
    this.config.set(state);
    return ok();
  }

  startRing(ring: RingStart): Result<void, RingError> {
    const segments = this.#segments[ring.index];
    if (this.refusesRings || segments === undefined) return { ok: false, error: { code: 'NO_MOOD' } };
    const queue = SplitQueue.activate(ring, this.memory, segments);
    if (!queue.ok) return queue;
    queue.value.logUsedAs(ring.usedLog);
    this.calls.push(`startRing ${ring.index}`);
    this.starts.push(ring);
    const running: RunningRing = {
      start: ring,
      queue: queue.value,
      loop: new QueueLoop(queue.value, { handle: (chain) => (this.holdsChains ? DEFERRED : copyChain(chain, this.memory)) }, () =>
        signal(running),
      ),
      kickFd: ring.kickFd,
      callFd: ring.callFd,
      enabled: ring.enabled,
    };
    this.#rings.set(ring.index, running);
    this.#serve(running);
    return ok();
  }

  stopRing(index: number): number {
    this.calls.push(`stopRing ${index}`);
    const running = this.#rings.get(index);
    this.#rings.delete(index);
    return running?.queue.nextAvailable ?? 0;
  }

  setRingCall(index: number, callFd: Fd | undefined): void {
    const running = this.#rings.get(index);
    if (running !== undefined) running.callFd = callFd;
  }

  setRingKick(index: number, kickFd: Fd | undefined): void {
    const running = this.#rings.get(index);
    if (running !== undefined) running.kickFd = kickFd;
  }

  setRingEnabled(index: number, enabled: boolean): void {
    this.calls.push(`${enabled ? 'enable' : 'disable'} ${index}`);
    const running = this.#rings.get(index);
    if (running === undefined) return;
    running.enabled = enabled;
    this.#serve(running);
  }

  reset(): void {
    this.calls.push('reset');
    this.acked = undefined;
  }

  setBackendChannel(channel: BackendRequests | undefined): void {
    this.channel = channel;
  }

  /** The kick descriptors of the running rings, for a watch. */
  kickFds(): Fd[] {
    return [...this.#rings.values()].map((ring) => ring.kickFd).filter((fd) => fd !== undefined);
  }

  /** Takes the kicks that are there and serves their rings. */
  poll(): void {
    for (const ring of this.#rings.values()) {
      if (ring.kickFd !== undefined && ring.enabled && drainEventFd(asFd(ring.kickFd)) > 0) this.#serve(ring);
    }
  }

  #serve(ring: RunningRing): void {
    if (ring.enabled) while (ring.loop.serve());
  }
}

function signal(ring: RunningRing): void {
  if (ring.callFd !== undefined) signalEventFd(ring.callFd);
}

function copyChain(chain: DescriptorChain, memory: GuestMemory): number {
  const { segments, first, firstWritable, readable, writable } = chain;
  const source = Buffer.concat(Array.from({ length: readable }, (_, index) => segmentBytes(segments, first + index)));
  let done = 0;
  for (let index = 0; index < writable; index++) {
    const target = segmentBytes(segments, firstWritable + index);
    const piece = source.subarray(done, done + target.length);
    target.set(piece);
    memory.wrote(segments.guestAt(firstWritable + index), piece.length);
    done += piece.length;
  }
  return done;
}

function segmentBytes(segments: SegmentTable, index: number): Uint8Array {
  const low = segments.view.getUint32(index * 16, true);
  const high = segments.view.getUint32(index * 16 + 4, true);
  return new Uint8Array(viewAt(high * 2 ** 32 + low, segments.view.getUint32(index * 16 + 8, true)));
}
