/** Who serves the load: our backend, the backends of others, and the file itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CHECKOUT } from '../../harness/checkout.ts';
import type { Setup } from './cases.ts';
import type { Target } from './load.ts';

export const OURS = 'ch-block';
export const OUR_RAW = 'ch-block on raw';
export const STORAGE_DAEMON = 'qemu-storage-daemon';
export const VHOST_USER_BLOCK = 'vhost_user_block';
export const BARE = 'io_uring on the file';
/** Names Cloud Hypervisor's program. */
export const OTHER_PEER = 'CH_VHOST_USER_BLOCK';

const START_TIMEOUT_MS = 20_000;
/** What the load generator asks for; the storage daemon takes any. */
const QUEUE_SIZE = 512;

/** The same bytes in two formats. */
export interface Images {
  readonly raw: string;
  readonly qcow2: string;
}

export interface Side {
  readonly name: string;
  /** Where its load goes now; a backend that ends with its front end is started again first. */
  ready(): Promise<Target>;
  end(): void;
}

/** How a side is started; the first of a setup is ours. */
export interface SideSpec {
  readonly name: string;
  start(folder: string): Promise<Side>;
}

export function sidesOf(setup: Setup, images: Images): readonly SideSpec[] {
  if (setup.format === 'qcow2') {
    return [
      backend(OURS, (socket) => chBlock(socket, images.qcow2, setup)),
      backend(OUR_RAW, (socket) => chBlock(socket, images.raw, { ...setup, format: 'raw' })),
    ];
  }
  const other = process.env[OTHER_PEER] ?? '';
  return [
    backend(OURS, (socket) => chBlock(socket, images.raw, setup)),
    backend(STORAGE_DAEMON, (socket) => storageDaemon(socket, images.raw, setup)),
    ...(other === '' ? [] : [backend(VHOST_USER_BLOCK, (socket) => vhostUserBlock(other, socket, images.raw, setup), true)]),
    ...(setup.direct ? [bare(images.raw)] : []),
  ];
}

function chBlock(socket: string, image: string, { format, direct, queues }: Setup): readonly string[] {
  const keys = [
    `path=${image}`,
    `image_type=${format}`,
    `queue_size=${QUEUE_SIZE}`,
    ...(direct ? ['direct=on'] : []),
    ...(queues > 1 ? [`num_queues=${queues}`] : []),
  ];
  return [join(CHECKOUT, 'bin/ch-block'), '--socket-path', socket, '--disk', keys.join(',')];
}

function storageDaemon(socket: string, image: string, { direct, queues }: Setup): readonly string[] {
  return [
    'qemu-storage-daemon',
    '--blockdev',
    // Several writers of one image, one at a time: QEMU's own lock protocol does not know of that.
    `driver=file,filename=${image},node-name=n0,aio=io_uring,locking=off,cache.direct=${direct ? 'on' : 'off'}`,
    '--export',
    `type=vhost-user-blk,id=e0,node-name=n0,addr.type=unix,addr.path=${socket},num-queues=${queues},writable=on`,
  ];
}

function vhostUserBlock(program: string, socket: string, image: string, { direct, queues }: Setup): readonly string[] {
  return [program, '--block-backend', `path=${image},socket=${socket},num_queues=${queues},queue_size=${QUEUE_SIZE},direct=${direct}`];
}

function bare(path: string): SideSpec {
  const target: Target = { kind: 'file', path, direct: true };
  return { name: BARE, start: () => Promise.resolve({ name: BARE, ready: () => Promise.resolve(target), end: () => {} }) };
}

function backend(name: string, command: Command, endsWithClient = false): SideSpec {
  return { name, start: (folder) => BackendSide.start({ name, folder, command, endsWithClient }) };
}

type Command = (socket: string) => readonly string[];

interface BackendSpec {
  readonly name: string;
  readonly folder: string;
  readonly command: Command;
  readonly endsWithClient: boolean;
}

/** A backend process; each start has a socket path of its own, so that its appearance says that it listens. */
class BackendSide implements Side {
  readonly name: string;
  readonly #spec: BackendSpec;
  #running: Running;
  #fresh = true;

  private constructor(spec: BackendSpec, running: Running) {
    this.name = spec.name;
    this.#spec = spec;
    this.#running = running;
  }

  static async start(spec: BackendSpec): Promise<BackendSide> {
    return new BackendSide(spec, await startProcess(spec));
  }

  async ready(): Promise<Target> {
    if (this.#spec.endsWithClient && !this.#fresh) {
      this.end();
      await this.#running.ended;
      this.#running = await startProcess(this.#spec);
    }
    this.#fresh = false;
    return { kind: 'vhost-user', socket: this.#running.socket, pid: this.#running.child.pid ?? -1 };
  }

  end(): void {
    this.#running.child.kill('SIGKILL');
  }
}

interface Running {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly ended: Promise<string>;
}

let starts = 0;

async function startProcess({ name, folder, command }: BackendSpec): Promise<Running> {
  const socket = join(folder, `${starts++}.sock`);
  const [program = '', ...args] = command(socket);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  const ended = endOf(child);
  const why = await Promise.race([ended, appears(socket)]);
  if (why === undefined) return { child, socket, ended };
  child.kill('SIGKILL');
  throw new Error(`${name} does not start: ${why}: ${said.trim().split('\n')[0] ?? ''}`);
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (status) => resolve(`it ended with status ${status}`));
  });
}

/** Nothing, or that it does not come. */
async function appears(path: string): Promise<string | undefined> {
  const endMs = performance.now() + START_TIMEOUT_MS;
  while (!existsSync(path)) {
    if (performance.now() > endMs) return 'its socket does not appear';
    await delay(5);
  }
  return undefined;
}
