/** `chctl device`: looks at a disk's process while its guest runs, and changes what may be changed. */
import { statSync } from 'node:fs';
import { nearest } from '#shared/config/render-error.ts';
import { printable, roundSize } from '#shared/lang/printable.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type CallFailure, DeviceClient, type DeviceStats } from '#shared/rpc/device-client.ts';
import { EXIT } from '#shared/sys/process-exit.ts';
import { type FoundDevice, findDevices } from '../../orchestrator/index.ts';
import type { CommandIo } from '../image/image-command.ts';
import { DEVICE_HELP, type DeviceAction, type DeviceArguments, parseDeviceArguments } from './device-arguments.ts';
import { renderDevices, renderInfo, renderLimits, renderStats } from './render-device.ts';
import { statsBetween } from './stats-between.ts';

/** Resolves to the exit status. */
export async function deviceCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const parsed = parseDeviceArguments(args);
  if (!parsed.ok) return fail(io, `${parsed.error} (see 'chctl device --help')`, EXIT.usage);
  if (parsed.value === 'help') {
    io.stdout.write(DEVICE_HELP);
    return EXIT.poweredOff;
  }
  if ('list' in parsed.value) return list(parsed.value.json, io);
  const socket = findSocket(parsed.value.device, findDevices);
  if (!socket.ok) return fail(io, socket.error);
  using client = new DeviceClient(socket.value);
  const run = new Run(client, parsed.value.json, io);
  const status = await run.do(parsed.value.action);
  return typeof status === 'number' ? status : fail(io, describeFailure(status, socket.value));
}

function list(json: boolean, io: CommandIo): number {
  const devices = findDevices();
  if (json) io.stdout.write(`${JSON.stringify({ devices }, undefined, 2)}\n`);
  else if (devices.length > 0) io.stdout.write(renderDevices(devices));
  else io.stderr.write('chctl device: no machine of this user runs\n');
  return EXIT.poweredOff;
}

/** Where the device takes clients; the error is one line. */
export function findSocket(device: DeviceArguments['device'], find: () => readonly FoundDevice[]): Result<string, string> {
  if (device.kind === 'socket') {
    const status = statSync(device.path, { throwIfNoEntry: false });
    if (status === undefined) return err(`--socket "${printable(device.path)}" does not exist`);
    return status.isSocket() ? ok(device.path) : err(`--socket "${printable(device.path)}" is no socket`);
  }
  const known = find();
  const { name } = device;
  const [first, second] = known.filter(({ vm, id }) => id === name || `${vm}/${id}` === name);
  if (first !== undefined && second === undefined) return ok(first.socket);
  const names = known.map(({ vm, id }) => `${vm}/${id}`);
  if (first !== undefined)
    return err(`"${name}" is in several machines; say which: ${names.filter((one) => one.endsWith(`/${name}`)).join(', ')}`);
  if (known.length === 0) return err(`there is no disk "${printable(name)}": no machine of this user runs`);
  const meant = nearest(name, [...known.map(({ id }) => id), ...names]);
  return err(
    `there is no disk "${printable(name)}"${meant === undefined ? '' : `; did you mean "${meant}"?`} (there are ${names.join(', ')})`,
  );
}

/** One action on one device: its exit status, or why it failed. */
class Run {
  readonly #client: DeviceClient;
  readonly #json: boolean;
  readonly #io: CommandIo;

  constructor(client: DeviceClient, json: boolean, io: CommandIo) {
    this.#client = client;
    this.#json = json;
    this.#io = io;
  }

  async do(action: DeviceAction): Promise<number | CallFailure> {
    switch (action.kind) {
      case 'info':
        return this.#show(await this.#client.getInfo(), renderInfo);
      case 'health':
        return this.#health();
      case 'stats':
        if (action.intervalMs !== undefined) return this.#watch(action.intervalMs);
        return this.#show(await this.#client.getStats(), renderStats);
      case 'limits':
        return this.#limits(action.change);
      case 'resize': {
        const { size, allowShrink } = action;
        return this.#show(
          await this.#client.resize({ size, allowShrink }),
          ({ size }) => `the disk has ${roundSize(Number(size))} (${size} bytes)\n`,
        );
      }
      case 'drain':
        return this.#show(await this.#client.drain({ deadlineMs: action.deadlineMs }), () => 'the disk is drained\n');
      case 'resume':
        return this.#show(await this.#client.resume({}), () => 'the disk goes on\n');
      case 'upgrade':
        return this.#upgrade(action.program);
    }
  }

  #show<A>(answer: Result<A, CallFailure>, render: (answer: A) => string): number | CallFailure {
    if (!answer.ok) return answer.error;
    this.#io.stdout.write(this.#json ? `${JSON.stringify(answer.value, undefined, 2)}\n` : render(answer.value));
    return EXIT.poweredOff;
  }

  async #health(): Promise<number | CallFailure> {
    const health = await this.#client.getHealth();
    const shown = this.#show(health, ({ serving, detail }) => (serving ? 'serving\n' : `not serving: ${detail}\n`));
    return health.ok && !health.value.serving ? EXIT.failed : shown;
  }

  async #limits(change: Extract<DeviceAction, { kind: 'limits' }>['change']): Promise<number | CallFailure> {
    if (change === undefined) {
      const info = await this.#client.getInfo();
      return this.#show(info.ok ? ok(info.value.limits) : info, renderLimits);
    }
    const { bandwidth, ops } = change;
    const paths = [...(bandwidth === undefined ? [] : ['bandwidth']), ...(ops === undefined ? [] : ['ops'])];
    const bucket = (keys: typeof ops) => (keys === undefined ? null : { ...keys, refillTime: keys.refillMs });
    const limits = { bandwidth: bucket(bandwidth), ops: bucket(ops) };
    return this.#show(await this.#client.updateLimits({ limits, updateMask: { paths } }), (changed) => renderLimits(changed.limits));
  }

  /** On a busy machine the process that hands over may end before its answer arrives: then whoever serves says whether it is another. */
  async #upgrade(program: string): Promise<number | CallFailure> {
    const before = await this.#client.getInfo();
    if (!before.ok) return before.error;
    const answer = await this.#client.upgrade({ program });
    const after = !answer.ok && isCutOff(answer.error) ? await this.#client.getInfo() : undefined;
    const isAnother = after?.ok === true && after.value.pid !== before.value.pid;
    const upgraded = isAnother ? ok({ generation: after.value.generation, pid: after.value.pid }) : answer;
    return this.#show(upgraded, ({ pid }) => `process ${pid} serves the disk\n`);
  }

  /** Until the device or this command ends. People are told first of all that it has done, and then of what it does. */
  async #watch(intervalMs: number): Promise<number | CallFailure> {
    const stream = this.#client.watchStats(intervalMs);
    let before: DeviceStats | undefined;
    stream.on('data', (stats: DeviceStats) => {
      if (this.#json) this.#io.stdout.write(`${JSON.stringify(stats)}\n`);
      else if (before === undefined) this.#io.stdout.write(renderStats(stats));
      else this.#io.stdout.write(`\n${renderStats(statsBetween(before, stats), intervalMs)}`);
      before = stats;
    });
    const ended = await this.#client.endOf(stream);
    return ended ?? EXIT.poweredOff;
  }
}

function describeFailure({ status, reason, message }: CallFailure, socket: string): string {
  // Without a reason it is grpc-js that speaks, and not the device.
  if (reason !== '') return reason === 'WOULD_SHRINK' ? message.replace('allow_shrink', '--allow-shrink') : message;
  if (status === 'UNAVAILABLE') return `no device answers at "${printable(socket)}"; is its process still running?`;
  if (status === 'DEADLINE_EXCEEDED')
    return `the device at "${printable(socket)}" does not answer in time; what it was asked for it may still do: see 'chctl device info'`;
  return `the device at "${printable(socket)}" answers ${status}: ${printable(message)}`;
}

/** The connection is gone, and with it the answer. */
function isCutOff({ status, reason }: CallFailure): boolean {
  return reason === '' && status === 'UNAVAILABLE';
}

function fail(io: CommandIo, message: string, status: number = EXIT.failed): number {
  io.stderr.write(`chctl device: ${message}\n`);
  return status;
}
