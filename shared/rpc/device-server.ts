/**
 * The server of ch.device.v1, with the standard health and reflection services. It listens nowhere: connections are handed to it.
 * Importing this loads grpc-js (70 ms, 20 MB): only a thread that has a client does.
 */
import { Socket } from 'node:net';
import { ReflectionService } from '@grpc/reflection';
import {
  type ConnectionInjector,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { type Result, err, ok } from '../lang/result.ts';
import type { DeviceControl, DeviceState, StateOrProblem, Successor } from './device-control.ts';
import { infoMessage, limitsMessage, statsMessage, wantedLimits } from './device-messages.ts';
import { loadDeviceProto } from './device-proto.ts';
import type { DeviceHandlers } from './generated/device/ch/device/v1/Device.ts';
import type { Stats } from './generated/device/ch/device/v1/Stats.ts';
import type { UpgradeRequest__Output } from './generated/device/ch/device/v1/UpgradeRequest.ts';
import type { UpdateLimitsRequest__Output } from './generated/device/ch/device/v1/UpdateLimitsRequest.ts';
import type { WatchStatsRequest__Output } from './generated/device/ch/device/v1/WatchStatsRequest.ts';
import { type MutationRequest, Mutations } from './mutations.ts';
import { type Problem, serviceError } from './problem.ts';

/** One client needs one. */
const MOST_CONNECTIONS = 32;
/** Every request is short. */
const LONGEST_MESSAGE = 64 * 1024;
const SECTOR_SIZE = 512;
const DEFAULT_DRAIN_MS = 30_000;
/** A day: a timer of node's holds 31 bits, and one that is given more fires at once. */
const LONGEST_MS = 86_400_000;
const DEFAULT_INTERVAL_MS = 1000;
const SHORTEST_INTERVAL_MS = 100;
const HEALTH_INTERVAL_MS = 5000;
/** For the last answers to be read. */
const LAST_ANSWERS_MS = 500;

type HealthWatch = ServerWritableStream<unknown, { status: string }>;

export class DeviceServer {
  readonly #control: DeviceControl;
  readonly #injector: ConnectionInjector;
  readonly #mutations: Mutations;
  readonly #connections = new Set<Socket>();
  #lastLimits: Promise<unknown> = Promise.resolve();

  constructor(control: DeviceControl) {
    this.#control = control;
    this.#mutations = new Mutations(control.identity.generation);
    const server = new Server({ 'grpc.max_receive_message_length': LONGEST_MESSAGE });
    const { definition, Device } = loadDeviceProto();
    server.addService(Device.service, this.#handlers());
    server.addService(healthService, { check: unary(() => this.#checkHealth()), watch: (call: HealthWatch) => this.#watchHealth(call) });
    new ReflectionService(definition).addToServer(server);
    this.#injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /** Serves a connected socket, which is the server's from here on. */
  serve(fd: number): void {
    const socket = new Socket({ fd, readable: true, writable: true });
    // A client that breaks off is nobody's concern.
    socket.on('error', () => socket.destroy());
    if (this.#connections.size >= MOST_CONNECTIONS && !this.#makeRoom()) {
      socket.destroy();
      return;
    }
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
    this.#injector.injectConnection(socket);
  }

  /** Lets go of one that has never said a word, so that those do not keep others out. */
  #makeRoom(): boolean {
    for (const socket of this.#connections) {
      if (socket.bytesRead > 0) continue;
      this.#connections.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  #handlers(): DeviceHandlers {
    const control = this.#control;
    return {
      GetInfo: unary(async () => {
        const state = await control.describe();
        return state.ok ? ok(infoMessage(control.identity, state.value, this.#mutations.generation)) : state;
      }),
      GetHealth: unary(async () => {
        const state = await control.describe();
        return ok(state.ok ? { serving: true } : { serving: false, detail: state.error.message });
      }),
      GetStats: unary(() => ok(statsMessage(control.statistics()))),
      WatchStats: (call) => this.#watchStats(call),
      UpdateLimits: unary((request) =>
        this.#mutate('UpdateLimits', request, async () =>
          answered(await this.#updateLimits(request), ({ limits }) => ({ limits: limitsMessage(limits) })),
        ),
      ),
      Resize: unary((request) =>
        this.#mutate('Resize', request, async () => {
          const size = Number(request.size);
          if (size > Number.MAX_SAFE_INTEGER || size % SECTOR_SIZE !== 0) return err(badSize(request.size));
          return answered(await control.resize(size, request.allowShrink), (state) => ({ size: state.size }));
        }),
      ),
      Drain: unary((request) =>
        this.#mutate('Drain', request, async () => {
          const deadlineMs = request.deadlineMs || DEFAULT_DRAIN_MS;
          if (deadlineMs > LONGEST_MS) return err(badTime('deadline_ms', deadlineMs, `the most is ${LONGEST_MS}`));
          return answered(await control.drain(deadlineMs), () => ({}));
        }),
      ),
      Resume: unary((request) => this.#mutate('Resume', request, async () => answered(await control.resume(), () => ({})))),
      Upgrade: unary((request) => this.#mutate('Upgrade', request, () => this.#upgrade(request))),
    };
  }

  #mutate<T extends object>(
    method: string,
    request: MutationRequest,
    act: () => Promise<Result<T, Problem>>,
  ): Promise<Result<T & { generation: number }, Problem>> {
    return this.#mutations.run(method, request, async () => {
      const done = await act();
      return done.ok ? ok((generation: number) => ({ ...done.value, generation })) : done;
    });
  }

  /** One after the other: what a mask leaves out stays as the one before has left it. */
  #updateLimits(request: UpdateLimitsRequest__Output): StateOrProblem {
    const control = this.#control;
    const updated = this.#lastLimits.then(async () => {
      const present = await control.describe();
      const wanted = present.ok ? wantedLimits(request, present.value.limits) : present;
      return wanted.ok ? control.setLimits(wanted.value) : wanted;
    });
    this.#lastLimits = updated;
    return updated;
  }

  async #upgrade(request: UpgradeRequest__Output): Promise<Result<{ pid: number }, Problem>> {
    const successor: Successor =
      request.successor === 'socket' ? { kind: 'socket', path: request.socket ?? '' } : { kind: 'program', path: request.program ?? '' };
    const upgraded = await this.#control.upgrade(successor, this.#mutations.generation + 1);
    if (upgraded.ok) this.#end();
    return upgraded;
  }

  /** As soon as the calls under way are answered; those that have no end are cut off. */
  #end(): void {
    const end = (): void => this.#control.end();
    setTimeout(end, 2 * LAST_ANSWERS_MS);
    for (const socket of this.#connections) {
      socket.once('close', () => {
        if (this.#connections.size === 0) end();
      });
    }
    this.#injector.drain(LAST_ANSWERS_MS);
  }

  #watchStats(call: ServerWritableStream<WatchStatsRequest__Output, Stats>): void {
    const interval = call.request.intervalMs || DEFAULT_INTERVAL_MS;
    if (interval < SHORTEST_INTERVAL_MS || interval > LONGEST_MS) {
      const bounds = `it is at least ${SHORTEST_INTERVAL_MS} and at most ${LONGEST_MS}`;
      call.emit('error', serviceError(badTime('interval_ms', interval, bounds)));
      return;
    }
    repeat(call, interval, () => void call.write(statsMessage(this.#control.statistics())));
  }

  async #checkHealth(): Promise<Result<{ status: string }, Problem>> {
    return ok({ status: (await this.#control.describe()).ok ? 'SERVING' : 'NOT_SERVING' });
  }

  #watchHealth(call: HealthWatch): void {
    let last = '';
    repeat(call, HEALTH_INTERVAL_MS, async () => {
      const checked = await this.#checkHealth();
      if (!checked.ok || checked.value.status === last) return;
      last = checked.value.status;
      call.write({ status: last });
    });
  }
}

/** Now and at every interval, until the client leaves. One that does not read is not written to. */
function repeat<Q, A>(call: ServerWritableStream<Q, A>, intervalMs: number, act: () => void | Promise<void>): void {
  void act();
  const timer = setInterval(() => {
    if (!call.writableNeedDrain) void act();
  }, intervalMs);
  for (const end of ['cancelled', 'close', 'error']) call.once(end, () => clearInterval(timer));
}

/** A handler of grpc-js from a function that answers. */
function unary<Q, A>(act: (request: Q) => Result<A, Problem> | Promise<Result<A, Problem>>) {
  return (call: ServerUnaryCall<Q, A>, callback: sendUnaryData<A>): void => {
    void Promise.resolve(act(call.request)).then((answer) => {
      if (answer.ok) callback(null, answer.value);
      else callback(serviceError(answer.error));
    });
  };
}

function answered<T>(state: Awaited<StateOrProblem>, answer: (state: DeviceState) => T): Result<T, Problem> {
  return state.ok ? ok(answer(state.value)) : state;
}

function badSize(size: string): Problem {
  const message = `a disk of ${size} bytes is none: its size is a multiple of ${SECTOR_SIZE} below 2^53`;
  return { status: 'INVALID_ARGUMENT', reason: 'BAD_VALUE', field: 'size', message };
}

function badTime(field: string, given: number, bounds: string): Problem {
  return { status: 'INVALID_ARGUMENT', reason: 'BAD_VALUE', field, message: `${field} is ${given}; ${bounds}` };
}
