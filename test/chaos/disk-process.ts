/** A block device as its users have it: a process of its own behind our real front end, and guest memory with nothing else in it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect } from '#shared/lang/result.ts';
import { type FrontendAddress, GuestMemory } from '#shared/memory/index.ts';
import { UnixSocket, SOCK_STREAM, socketPair } from '#shared/sys/unix-socket.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import { SharedRegion, toFrontend } from '#shared/testing/session-pair.ts';
import { FRONTEND_PROTOCOL_FEATURES, Frontend } from '#shared/vhost-user/frontend/index.ts';
import { VIRTIO_F_RING_EVENT_IDX, VIRTIO_F_RING_INDIRECT_DESC, VIRTIO_F_VERSION_1 } from '#shared/virtio/spec.ts';
import { qemuImg } from '../../devices/block/image/testing/qemu.fixture.ts';
import { CHECKOUT } from '../harness/checkout.ts';

export const GUEST_START = 0x10_0000;
export const GUEST_SIZE = 0x10_0000;
/** Past it there is nothing. */
export const GUEST_END = GUEST_START + GUEST_SIZE;
export const SECTORS = 256;
export const SECTOR_SIZE = 512;
/** What memory holds where nobody wrote. */
export const GUARD = 0xa5;

export interface DiskOptions {
  readonly readOnly?: boolean;
  readonly eventIdx?: boolean;
  /** The image, instead of sectors that hold their own number. */
  readonly image?: Uint8Array;
  readonly queueSize?: number;
  /** What qemu-img makes of the image. */
  readonly imageType?: 'raw' | 'qcow2' | 'vhdx';
  /** More keys of --disk. */
  readonly keys?: string;
}

/** Every byte of sector `n` is `n` turned so that no request can be made of it by accident. */
export function sectorBytes(sector: number): Uint8Array {
  return new Uint8Array(SECTOR_SIZE).fill(0x80 | (sector & 0x7f));
}

export class DiskProcess implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'hostile-disk-'));
  readonly path = join(this.folder, 'disk');
  readonly image: Uint8Array;
  readonly region = new SharedRegion(GUEST_START, GUEST_SIZE);
  readonly memory: GuestMemory;
  readonly frontend: Frontend;
  readonly eventIdx: boolean;
  readonly #log = join(this.folder, 'log');
  readonly #watcher = new Watcher();
  readonly #child: ChildProcess;
  readonly #exited: Promise<readonly [status: number | null, signal: NodeJS.Signals | null]>;

  private constructor(options: DiskOptions) {
    this.image = options.image ?? Buffer.concat(Array.from({ length: SECTORS }, (_, sector) => sectorBytes(sector)));
    this.eventIdx = options.eventIdx ?? false;
    this.#makeImage(options.imageType ?? 'raw');
    this.region.bytes.fill(GUARD);
    const { guestStart, size, frontendStart } = this.region.region;
    this.memory = new GuestMemory([{ guestStart, size, frontendStart, hostAddress: this.region.mapping.address }]);
    const [ours, theirs] = expect(socketPair(SOCK_STREAM), 'socket pair');
    const readOnly = options.readOnly === true ? 'on' : 'off';
    const disk = `path=${this.path},image_type=${options.imageType ?? 'raw'},readonly=${readOnly},num_queues=2`;
    const keys = `queue_size=${options.queueSize ?? 64}${options.keys === undefined ? '' : `,${options.keys}`}`;
    const log = openSync(this.#log, 'w');
    this.#child = spawn(process.execPath, [join(CHECKOUT, 'devices/block/main.ts'), '--fd', '3', '--disk', `${disk},${keys}`], {
      stdio: ['ignore', log, log, theirs.fd],
    });
    closeSync(log);
    this.#exited = new Promise((resolve) => this.#child.once('exit', (status, signal) => resolve([status, signal])));
    theirs.close();
    this.frontend = new Frontend(new UnixSocket(ours), this.#watcher, {
      wantedFeatures: VIRTIO_F_VERSION_1 | VIRTIO_F_RING_INDIRECT_DESC | (this.eventIdx ? VIRTIO_F_RING_EVENT_IDX : 0n),
      wantedProtocolFeatures: FRONTEND_PROTOCOL_FEATURES,
      replyTimeoutMs: 15_000,
    });
  }

  /** Started, negotiated, with its memory, and each queue with the thread that serves it; no ring runs yet. */
  static async start(options: DiskOptions = {}): Promise<DiskProcess> {
    const disk = new DiskProcess(options);
    const offer = expect(await disk.frontend.negotiate(), 'negotiate');
    expect(await disk.frontend.ackFeatures(offer.features), 'features');
    expect(await disk.frontend.setMemoryTable([disk.region.region]), 'memory');
    if ((options.imageType ?? 'raw') === 'raw') await disk.#queueThread();
    return disk;
  }

  /** Resolves when the thread of the second queue has all that it ever opens: it sleeps in its engine then. */
  async #queueThread(): Promise<void> {
    const tasks = `/proc/${this.#child.pid}/task`;
    const read = (task: string, file: string): string => {
      try {
        return readFileSync(join(tasks, task, file), 'utf8');
      } catch {
        // Threads come and go.
        return '';
      }
    };
    while (!readdirSync(tasks).some((task) => read(task, 'comm') === 'data1\n' && read(task, 'wchan').startsWith('io_cqring')))
      await setImmediate();
  }

  get isRunning(): boolean {
    try {
      // Not by the child's exit event: whoever waits here keeps the event loop waiting too. Z: ended, and not collected yet.
      return !/\) Z/.test(readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  }

  /** How the process ended: waits until it has. */
  get exited(): Promise<readonly [status: number | null, signal: NodeJS.Signals | null]> {
    return this.#exited;
  }

  #makeImage(type: string): void {
    const raw = type === 'raw' ? this.path : join(this.folder, 'raw');
    writeFileSync(raw, this.image);
    // Compressed, where the format can be, so that all ways to the guest's memory are taken.
    if (type !== 'raw')
      qemuImg('convert', ...(type === 'qcow2' ? ['-c', '-o', 'cluster_size=4096'] : []), '-f', 'raw', '-O', type, raw, this.path);
  }

  frontendAddress(address: number): FrontendAddress {
    return toFrontend(address);
  }

  memoryBytes(): Uint8Array {
    return this.region.bytes.slice();
  }

  /** The first guest address outside `allowed` ([address, bytes] each) that differs from `before`. */
  firstChange(before: Uint8Array, allowed: readonly (readonly [address: number, length: number])[]): string | undefined {
    const now = this.memoryBytes();
    for (const [address, length] of allowed)
      now.set(before.subarray(address - GUEST_START, address - GUEST_START + length), address - GUEST_START);
    if (Buffer.compare(before, now) === 0) return undefined;
    const at = now.findIndex((byte, index) => byte !== before[index]);
    return `0x${(GUEST_START + at).toString(16)}: ${before[at]} became ${now[at]}`;
  }

  /** The end of what the process has said. */
  get lastWords(): string {
    return readFileSync(this.#log, 'utf8').slice(-2000);
  }

  get imageOnDisk(): Uint8Array {
    return readFileSync(this.path);
  }

  /** What a leak would make grow. */
  usage(): { readonly fds: number; readonly privateKib: number } {
    const { pid } = this.#child;
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return { fds: readdirSync(`/proc/${pid}/fd`).length, privateKib: Number(/^Private_Dirty: +(\d+) kB$/m.exec(rollup)?.[1]) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The process ends with its front end; one that does not is a failure of the test's own time limit.
    this.frontend.close();
    await this.#watcher.close();
    await this.#exited;
    this.region[Symbol.dispose]();
    rmSync(this.folder, { recursive: true });
  }
}
