/** The real ch-block as the launcher starts it: one inherited socket brings the rest. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '#shared/lang/result.ts';
import { type DeviceLauncherEnd, deviceLauncherChannel, startSocketPair } from '#shared/rpc/start-channel.ts';
import { type OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { SOCK_STREAM, socketPair } from '#shared/sys/unix-socket.ts';
import { NODE_FLAGS } from '../../services/orchestrator/launch/start-process.ts';
import { CHECKOUT } from '../harness/checkout.ts';

const RECVMSG = 47;
export const QUEUE_SIZE = 512;
/** Longer than the requests of any killed process take. */
const LOCK_WAIT_MS = 8000;

export interface Served {
  readonly path: string;
  readonly imageType: 'raw' | 'qcow2';
  /** The image may lie upon others. */
  readonly backingFiles?: boolean;
  readonly direct: boolean;
  readonly readOnly: boolean;
  readonly queues: number;
  /** It takes no requests until a client has it go on. */
  readonly drained?: boolean;
  /** For what is read-only, and may be locked by others too. */
  readonly fence: OwnedFd;
}

export class LaunchedDisk {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly #channel: DeviceLauncherEnd;
  #hasStarted = false;

  constructor() {
    const [ours, theirs] = expect(startSocketPair(), 'start socket');
    const script = join(CHECKOUT, 'dist/devices/block/main.js');
    // As the launcher does it, below bin/chctl.
    const env = { ...process.env, MALLOC_ARENA_MAX: '1', NODE_COMPILE_CACHE: join(CHECKOUT, 'dist/.compile-cache') };
    this.child = spawn(process.execPath, [...NODE_FLAGS, script], { stdio: ['ignore', 'inherit', 'inherit', theirs.fd], env });
    theirs.close();
    this.exited = once(this.child, 'exit');
    this.#channel = deviceLauncherChannel(ours);
  }

  /** Resolves when it waits for its orders. */
  async isWaiting(): Promise<void> {
    while (!this.#proc('syscall').startsWith(`${RECVMSG} `)) await sleep(5);
  }

  /** Has it serve the image, opened afresh as the fence is, to the other end of the socket that comes back. */
  serve(served: Served): OwnedFd {
    const [front, back] = expect(socketPair(SOCK_STREAM), 'vhost-user socket');
    this.#start(served, 'socket', back);
    return front;
  }

  /** Has it take over from the process at the other end of `socket`. */
  takeOver(served: Served, socket: OwnedFd): void {
    this.#start(served, 'handOver', socket);
  }

  /** Has it hand over to the process at the other end of `socket`. */
  handOver(socket: OwnedFd): void {
    expect(this.#channel.send({ handOver: { socket: 1 } }, [socket.fd]), 'order');
    socket.close();
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Whether it has said that it serves. */
  get serves(): boolean {
    for (;;) {
      const received = this.#channel.tryReceive();
      if (!received.ok || received.value === undefined) return this.#hasStarted;
      if (received.value.message.started) this.#hasStarted = true;
    }
  }

  #start(served: Served, to: 'socket' | 'handOver', back: OwnedFd): void {
    const { path, imageType, backingFiles = false, direct, readOnly, queues, drained = false, fence } = served;
    const image = openSync(path, (readOnly ? constants.O_RDONLY : constants.O_RDWR) | (direct ? constants.O_DIRECT : 0));
    const files = readOnly ? [image, openSync(`/proc/self/fd/${fence.fd}`, 'r+')] : [image];
    const places = { image: 1, [to]: files.length + 1, ...(readOnly ? { fence: 2 } : {}) };
    const what = { id: 'disk0', path, imageType, backingFiles, sparse: true, direct, readOnly, serial: '' };
    const how = { numQueues: queues, queueSize: QUEUE_SIZE, lockWaitMs: LOCK_WAIT_MS, drained };
    expect(this.#channel.send({ startBlock: { ...what, ...how, ...places } }, [...files.map(asFd), back.fd]), 'start message');
    for (const file of files) closeSync(file);
    back.close();
  }

  /** Hands in a client of ch.device.v1. */
  connect(client: OwnedFd): void {
    // One that was killed takes no client any more.
    if (!this.child.killed) this.#channel.send({ connect: { socket: 1 } }, [client.fd]);
    client.close();
  }

  /** Bytes that it has asked the host's disk for, so far; undefined where the kernel does not count them. */
  get bytesAskedFor(): number | undefined {
    const count = /^read_bytes: (\d+)$/m.exec(this.#proc('io'))?.[1];
    return count === undefined ? undefined : Number(count);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Has it end in order. */
  async stop(): Promise<void> {
    this.#channel.send({ stop: {} });
    await this.exited;
  }

  async end(): Promise<void> {
    this.kill();
    await this.exited;
    this.#channel.close();
  }

  #proc(file: string): string {
    try {
      return readFileSync(`/proc/${this.child.pid}/${file}`, 'latin1');
    } catch {
      return '';
    }
  }
}
