import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, makeClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { expect as check } from 'chai';
import { service as healthService } from 'grpc-health-check';
import type { RateLimits } from '../config/rate-limits.ts';
import { err, expect, ok } from '../lang/result.ts';
import { EPOLLIN } from '../sys/epoll.ts';
import type { OwnedFd } from '../sys/owned-fd.ts';
import { accept, listenUnix } from '../sys/unix-socket.ts';
import { Watcher } from '../sys/watcher.ts';
import { DeviceClient } from './device-client.ts';
import type { DeviceControl, DeviceState, StateOrProblem, Successor } from './device-control.ts';
import { DeviceServer } from './device-server.ts';

/** A device that is its state. */
class PlainDevice implements DeviceControl {
  readonly identity = { id: 'd', kind: 'plain', programVersion: '0', features: [], imagePath: '', imageType: '', readOnly: false };
  state: DeviceState = {
    size: 512,
    hasFrontEnd: false,
    queues: [],
    isDrained: false,
    limits: {},
    limitsGroup: '',
    engine: 'threads',
    writesThrough: true,
  };
  isAnswering = true;
  /** Of the event loop, that an answer takes. */
  turns = 0;
  resizes = 0;
  readonly upgrades: (readonly [Successor, number])[] = [];
  ended = 0;

  /** Whoever asks hears of the state as it was then. */
  async describe(): StateOrProblem {
    const state = await this.#describe();
    for (let turn = 0; turn < this.turns; turn++) await new Promise(setImmediate);
    return state;
  }
  #describe(): StateOrProblem {
    return Promise.resolve(this.isAnswering ? ok(this.state) : err({ status: 'UNAVAILABLE', reason: 'NO_ANSWER', message: 'silent' }));
  }
  statistics() {
    return { sinceMs: 1500, ringFaults: 0, droppedChains: 0, throttledEvents: 0, throttledUs: 0, operations: [] };
  }
  setLimits(limits: RateLimits): StateOrProblem {
    return this.#become({ limits });
  }
  resize(size: number): StateOrProblem {
    this.resizes++;
    return this.#become({ size });
  }
  drain(): StateOrProblem {
    return this.#become({ isDrained: true });
  }
  resume(): StateOrProblem {
    return this.#become({ isDrained: false });
  }
  async upgrade(successor: Successor, generation: number) {
    this.upgrades.push([successor, generation]);
    return this.isAnswering ? ok({ pid: 42 }) : err({ status: 'UNAVAILABLE' as const, reason: 'NO_ANSWER', message: 'silent' });
  }
  end(): void {
    this.ended++;
  }
  #become(change: Partial<DeviceState>): StateOrProblem {
    this.state = { ...this.state, ...change };
    return this.describe();
  }
}

describe('DeviceServer', () => {
  let folder = '';
  let path = '';
  let watcher: Watcher;
  let listener: OwnedFd;
  let stop: () => void;
  let device: PlainDevice;
  let client: DeviceClient;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rpc-'));
    path = join(folder, 'api');
    device = new PlainDevice();
    const server = new DeviceServer(device);
    watcher = new Watcher();
    listener = expect(listenUnix(path, 128), 'listen');
    const watch = watcher.watch(listener.fd, EPOLLIN, () => server.serve(expect(accept(listener.fd), 'accept').take()));
    stop = () => watch.close();
    client = new DeviceClient(path);
  });
  afterEach(async () => {
    client.close();
    stop();
    await watcher.close();
    listener.close();
    rmSync(folder, { recursive: true });
  });

  it('says by the standard health service whether the device answers', async () => {
    const Health = makeClientConstructor(healthService, 'Health');
    const health = new Health(`unix:${path}`, credentials.createInsecure());
    const ask = (): Promise<unknown> =>
      new Promise((resolve) => {
        health['check']?.({ service: 'ch.device.v1.Device' }, (_error: unknown, answer: unknown) => resolve(answer));
      });
    check(await ask()).to.deep.equal({ status: 'SERVING' });
    device.isAnswering = false;
    check(await ask()).to.deep.equal({ status: 'NOT_SERVING' });
    check(expect(await client.getHealth(), 'health')).to.deep.equal({ serving: false, detail: 'silent' });
    health.close();
  });

  it('describes itself by the standard reflection service', async () => {
    const proto = join(import.meta.dirname, '../../node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto');
    const definition = loadSync(proto, { oneofs: true, keepCase: true })['grpc.reflection.v1.ServerReflection'];
    check(definition).to.not.equal(undefined);
    const Reflection = makeClientConstructor(Object(definition), 'ServerReflection');
    const reflection = new Reflection(`unix:${path}`, credentials.createInsecure());
    const stream: unknown = reflection['ServerReflectionInfo']?.();
    const answer = await new Promise((resolve) => {
      if (typeof stream !== 'object' || stream === null || !('on' in stream) || typeof stream.on !== 'function') return;
      stream.on('data', resolve);
      if ('write' in stream && typeof stream.write === 'function') stream.write({ list_services: '' });
      if ('end' in stream && typeof stream.end === 'function') stream.end();
    });
    check(JSON.stringify(answer)).to.contain('"name":"ch.device.v1.Device"');
    reflection.close();
  });

  it('tells what a problem is by reason and field', async () => {
    const refused = await client.updateLimits({ limits: { ops: { size: 1, refillTime: 2 ** 40 } } });
    check(refused.ok ? {} : refused.error).to.deep.equal({
      status: 'INVALID_ARGUMENT',
      reason: 'BAD_VALUE',
      field: 'limits.ops.refill_time',
      message: 'limits.ops.refill_time is 1099511627776; the most is 86400000',
    });
    const unknown = await client.updateLimits({ limits: {}, updateMask: { paths: ['iops'] } });
    check(unknown.ok ? '' : unknown.error.field).to.equal('update_mask');
    device.isAnswering = false;
    const silent = await client.getInfo();
    check(silent.ok ? {} : silent.error).to.deep.equal({ status: 'UNAVAILABLE', reason: 'NO_ANSWER', field: undefined, message: 'silent' });
  });

  it('shows what a client brings in one short line, whatever it is', async () => {
    const odd = `a\r\n${'\u{1f600}'.repeat(10_000)}`;
    const refused = await client.updateLimits({ limits: {}, updateMask: { paths: [odd] } });
    check(refused.ok ? '' : refused.error.message).to.match(
      /^update_mask: there is no "a\?\?[^\n]{150,300}"; known are bandwidth and ops$/,
    );
  });

  it('refuses times that no timer holds', async () => {
    const refused = await client.drain({ deadlineMs: 2 ** 32 - 1 });
    check(refused.ok ? '' : refused.error.message).to.equal('deadline_ms is 4294967295; the most is 86400000');
    check(device.state.isDrained).to.equal(false);
    const failure = await client.endOf(client.watchStats(2 ** 31));
    check(failure?.message).to.equal('interval_ms is 2147483648; it is at least 100 and at most 86400000');
  });

  it('changes the buckets that the mask names, and takes one without size for none', async () => {
    const bucket = { size: 10, oneTimeBurst: 0, refillMs: 5 };
    device.state = { ...device.state, limits: { bandwidth: bucket, ops: bucket } };
    expect(await client.updateLimits({ limits: { ops: { size: 7, refillTime: 5 } }, updateMask: { paths: ['ops'] } }), 'limits');
    check(device.state.limits).to.deep.equal({ bandwidth: bucket, ops: { ...bucket, size: 7 } });
    expect(await client.updateLimits({ limits: { ops: { size: 7 }, bandwidth: { size: 3, refillTime: 1 } } }), 'limits');
    check(device.state.limits).to.deep.equal({ bandwidth: { size: 3, oneTimeBurst: 0, refillMs: 1 } });
  });

  it('changes one bucket while another is being changed', async () => {
    device.turns = 100;
    const change = (name: string) => client.updateLimits({ limits: { [name]: { size: 3, refillTime: 1 } }, updateMask: { paths: [name] } });
    for (const answer of await Promise.all([change('ops'), change('bandwidth')])) expect(answer, 'limits');
    const bucket = { size: 3, oneTimeBurst: 0, refillMs: 1 };
    check(device.state.limits).to.deep.equal({ bandwidth: bucket, ops: bucket });
  });

  it('does a repeated request once, also while the first is under way', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => client.resize({ size: 1024, requestId: 'one' })));
    check(answers.map((answer) => Number(expect(answer, 'resize').generation))).to.deep.equal([2, 2, 2]);
    check(device.resizes).to.equal(1);
  });

  it('has another process take over, and ends when that is answered', async () => {
    device.isAnswering = false;
    const failed = await client.upgrade({ program: '/new' });
    check(failed.ok ? '' : failed.error.reason).to.equal('NO_ANSWER');
    check(device.ended).to.equal(0);
    device.isAnswering = true;
    const ended = new Promise<void>((resolve) => void (device.end = resolve));
    check(expect(await client.upgrade({ socket: '/there' }), 'upgrade')).to.deep.equal({ generation: '2', pid: 42 });
    await ended;
    check(device.upgrades).to.deep.equal([
      [{ kind: 'program', path: '/new' }, 2],
      [{ kind: 'socket', path: '/there' }, 2],
    ]);
  });

  it('serves a client beside a hundred connections that never say a word', async () => {
    let closed = 0;
    const silent: Socket[] = [];
    for (let count = 0; count < 100; count++) {
      const socket = connect(path);
      socket
        .once('close', () => closed++)
        .on('error', () => {})
        .resume();
      silent.push(socket);
      await once(socket, 'connect');
    }
    expect(await client.getHealth(), 'health');
    // All but as many as a device has room for, and the client.
    while (closed < 100 + 1 - 32) await new Promise(setImmediate);
    for (const socket of silent) socket.destroy();
  });

  it('keeps a bounded number of answers', async () => {
    for (let index = 0; index < 257; index++) expect(await client.resize({ size: 512, requestId: String(index) }), 'resize');
    expect(await client.resize({ size: 512, requestId: '256' }), 'repeat');
    check(device.resizes).to.equal(257);
    expect(await client.resize({ size: 512, requestId: '0' }), 'forgotten');
    check(device.resizes).to.equal(258);
  }).timeout(20_000);
});
