/** The process that is fuzzed, and how it is told whether it is well: by a front end that does everything right. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { connectUnix } from '#shared/sys/unix-socket.ts';
import { pause } from '#shared/sys/pause.ts';
import { Random } from '#shared/testing/random.ts';
import { CHECKOUT } from '../../harness/checkout.ts';
import { DEADLINE_MS } from './client.ts';
import { RESERVED, SECTOR, SECTORS, reservedSector } from './layout.ts';
import type { Variant } from './steps.ts';

export class FuzzedDisk implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'fuzzed-disk-'));
  readonly variant: Variant;
  readonly #path = join(this.folder, 'disk');
  readonly #socket = join(this.folder, 'socket');
  readonly #log = join(this.folder, 'log');
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #image: number;
  readonly #size: number;

  constructor(variant: Variant) {
    this.variant = variant;
    this.#makeImage();
    this.#image = openSync(this.#path, 'r');
    this.#size = statSync(this.#path).size;
    const { imageType, readOnly, queueCount, queueSize, keys } = variant;
    const shape = `image_type=${imageType},readonly=${readOnly ? 'on' : 'off'},num_queues=${queueCount},queue_size=${queueSize}`;
    const disk = `path=${this.#path},${shape}${keys === '' ? '' : `,${keys}`}`;
    const log = openSync(this.#log, 'w');
    this.#child = spawn(process.execPath, [join(CHECKOUT, 'devices/block/main.ts'), '--socket-path', this.#socket, '--disk', disk], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#exited = new Promise((resolve) => this.#child.once('exit', resolve));
  }

  get isRunning(): boolean {
    try {
      // Z: ended, and not collected yet.
      return !/\) Z/.test(readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  }

  /** It has ended, and said why: the image is none that it would serve. */
  async hasRefused(): Promise<boolean> {
    const status = await Promise.race([this.#exited, sleep(DEADLINE_MS, undefined, { ref: false })]);
    return status === 1 && /^ch-block: disk ".*$/m.test(this.lastWords);
  }

  /** The end of what the process has said. */
  get lastWords(): string {
    return readFileSync(this.#log, 'utf8').slice(-3000);
  }

  connect(): OwnedFd {
    for (const end = performance.now() + DEADLINE_MS; ; pause(1)) {
      const connected = existsSync(this.#socket) ? connectUnix(this.#socket) : undefined;
      if (connected?.ok === true) return connected.value;
      if (!this.isRunning) throw new Error('the process has ended');
      if (performance.now() > end) throw new Error(`no connection within ${DEADLINE_MS} ms`);
    }
  }

  /** What a leak would make grow. */
  usage(): { readonly fds: number; readonly maps: number; readonly privateMib: number } {
    const { pid } = this.#child;
    const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').match(/^.*memfd:.*$/gm) ?? [];
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const privateKib = Number(/^Private_Dirty: +(\d+) kB$/m.exec(rollup)?.[1]);
    return { fds: readdirSync(`/proc/${pid}/fd`).length, maps: maps.length, privateMib: Math.ceil(privateKib / 1024) };
  }

  /** The threads of its queues, but for the first, have all that they ever open: they sleep in their engines. A busy one is not counted. */
  get hasThreads(): boolean {
    const { imageType, queueCount } = this.variant;
    if (imageType !== 'raw') return true;
    const tasks = `/proc/${this.#child.pid}/task`;
    const asleep = readdirSync(tasks).filter((task) => {
      try {
        const name = readFileSync(join(tasks, task, 'comm'), 'utf8');
        return /^data[1-9]/.test(name) && readFileSync(join(tasks, task, 'wchan'), 'utf8').startsWith('io_cqring');
      } catch {
        // Threads come and go.
        return false;
      }
    });
    return asleep.length === queueCount - 1;
  }

  /** What its descriptors are, for whoever looks for a leak. */
  get descriptors(): readonly string[] {
    const folder = `/proc/${this.#child.pid}/fd`;
    return readdirSync(folder).map((fd) => `${fd} ${readlinkSync(join(folder, fd))}`);
  }

  /** What is wrong with the image's file, as far as its format lets that be seen without the device. */
  imageDamage(): string | undefined {
    if (this.variant.imageType !== 'raw' || this.variant.damage !== undefined) return undefined;
    const { size } = statSync(this.#path);
    if (size !== this.#size) return `the image has ${size} bytes instead of ${this.#size}`;
    const bytes = new Uint8Array(SECTOR);
    for (let index = 0; index < 0xf0; index++) {
      readSync(this.#image, bytes, 0, SECTOR, (RESERVED.first + index) * SECTOR);
      if (Buffer.compare(bytes, reservedSector(RESERVED.first + index)) !== 0) return `sector ${RESERVED.first + index} was changed`;
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill(this.isRunning ? 'SIGTERM' : 'SIGKILL');
    const killed = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await this.#exited;
    clearTimeout(killed);
    closeSync(this.#image);
    rmSync(this.folder, { recursive: true });
  }

  /** A sparse disk in which only the reserved sectors hold something. */
  #makeImage(): void {
    const raw = this.variant.imageType === 'raw' ? this.#path : join(this.folder, 'raw');
    const fd = openSync(raw, 'wx');
    ftruncateSync(fd, SECTORS * SECTOR);
    for (let sector = RESERVED.first; sector < RESERVED.first + RESERVED.count; sector++)
      writeSync(fd, reservedSector(sector), 0, SECTOR, sector * SECTOR);
    closeSync(fd);
    if (raw === this.#path) return;
    const format = this.variant.imageType === 'vhd' ? ['vpc', '-o', 'subformat=fixed,force_size=on'] : [this.variant.imageType];
    const made = spawnSync('qemu-img', ['convert', '-f', 'raw', raw, '-O', ...format, this.#path], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`qemu-img: ${made.error?.message ?? made.stderr}`);
    rmSync(raw);
    if (this.variant.damage !== undefined) damage(this.#path, new Random(this.variant.damage));
  }
}

/** Changes bytes where metadata lies: at the front of a file, and at the front of its clusters (qcow2) and blocks (VHDX). */
function damage(path: string, random: Random): void {
  const fd = openSync(path, 'r+');
  const { size } = statSync(path);
  const word = new Uint8Array(8);
  for (let count = 1 + random.below(12); count > 0; count--) {
    const cluster = random.below(Math.min(16, size >> 16)) * 0x1_0000;
    const at = random.oneIn(3) ? random.below(0x70) : cluster + random.below(random.oneIn(2) ? 0x40 : 0x1000) * 8;
    readSync(fd, word, 0, 8, at);
    word[random.below(8)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
    if (random.oneIn(4)) word.fill(random.pick([0, 0xff]));
    writeSync(fd, word, 0, 8, at);
  }
  closeSync(fd);
}
