/** A client of ch.device.v1 over a unix socket. Importing this loads grpc-js. */
import { type ClientReadableStream, type ServiceError, credentials } from '@grpc/grpc-js';
import { type Result, err, ok } from '../lang/result.ts';
import { loadDeviceProto } from './device-proto.ts';
import type { DeviceClient as Generated } from './generated/device/ch/device/v1/Device.ts';
import type { DrainResponse__Output } from './generated/device/ch/device/v1/DrainResponse.ts';
import type { Health__Output } from './generated/device/ch/device/v1/Health.ts';
import type { Info__Output } from './generated/device/ch/device/v1/Info.ts';
import type { ResizeResponse__Output } from './generated/device/ch/device/v1/ResizeResponse.ts';
import type { ResumeResponse__Output } from './generated/device/ch/device/v1/ResumeResponse.ts';
import type { Stats__Output } from './generated/device/ch/device/v1/Stats.ts';
import type { UpdateLimitsResponse__Output } from './generated/device/ch/device/v1/UpdateLimitsResponse.ts';
import type { UpgradeResponse__Output } from './generated/device/ch/device/v1/UpgradeResponse.ts';
import { type CallFailure, callFailure } from './problem.ts';

export type { CallFailure, Info__Output as DeviceInfo, Stats__Output as DeviceStats };
export type { Limits__Output as DeviceLimits } from './generated/device/ch/device/v1/Limits.ts';
export type { Health__Output as DeviceHealth } from './generated/device/ch/device/v1/Health.ts';

export type Answer<A> = Promise<Result<A, CallFailure>>;

/** The first client has the device load gRPC, which takes a busy machine long; one that hangs says so itself, in 5 s. */
const DEADLINE_MS = 30_000;
/** A process starts, and the requests under way end: the device gives up before. */
const UPGRADE_MS = 120_000;

type Done<A> = (error: ServiceError | null, value?: A) => void;
type Request<M extends 'updateLimits' | 'resize' | 'drain' | 'resume' | 'upgrade'> = Parameters<Generated[M]>[0];

export class DeviceClient implements Disposable {
  readonly #client: Generated;

  constructor(path: string) {
    const { Device } = loadDeviceProto();
    this.#client = new Device(`unix:${path}`, credentials.createInsecure());
  }

  getInfo(): Answer<Info__Output> {
    return this.#call((options, done) => this.#client.getInfo({}, options, done));
  }

  getHealth(): Answer<Health__Output> {
    return this.#call((options, done) => this.#client.getHealth({}, options, done));
  }

  getStats(): Answer<Stats__Output> {
    return this.#call((options, done) => this.#client.getStats({}, options, done));
  }

  updateLimits(request: Request<'updateLimits'>): Answer<UpdateLimitsResponse__Output> {
    return this.#call((options, done) => this.#client.updateLimits(request, options, done));
  }

  resize(request: Request<'resize'>): Answer<ResizeResponse__Output> {
    return this.#call((options, done) => this.#client.resize(request, options, done));
  }

  /** Waits for longer than the device does. */
  drain(request: Request<'drain'> & { readonly deadlineMs: number }): Answer<DrainResponse__Output> {
    return this.#call((options, done) => this.#client.drain(request, options, done), request.deadlineMs + DEADLINE_MS);
  }

  resume(request: Request<'resume'>): Answer<ResumeResponse__Output> {
    return this.#call((options, done) => this.#client.resume(request, options, done));
  }

  upgrade(request: Request<'upgrade'>): Answer<UpgradeResponse__Output> {
    return this.#call((options, done) => this.#client.upgrade(request, options, done), UPGRADE_MS);
  }

  /** Until it is cancelled. */
  watchStats(intervalMs: number): ClientReadableStream<Stats__Output> {
    return this.#client.watchStats({ intervalMs });
  }

  /** Resolves when a stream is over: to why, where it failed. */
  endOf(stream: ClientReadableStream<unknown>): Promise<CallFailure | undefined> {
    return new Promise((resolve) => {
      stream.once('error', (error: ServiceError) => resolve(callFailure(error)));
      stream.once('end', () => resolve(undefined));
    });
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #call<A>(start: (options: { readonly deadline: number }, done: Done<A>) => unknown, deadlineMs = DEADLINE_MS): Answer<A> {
    return new Promise((resolve) => {
      start({ deadline: Date.now() + deadlineMs }, (error, value) => {
        if (error === null && value !== undefined) resolve(ok(value));
        else resolve(err(error === null ? NO_ANSWER : callFailure(error)));
      });
    });
  }
}

const NO_ANSWER: CallFailure = { status: 'INTERNAL', reason: '', message: 'the answer is empty', field: undefined };
