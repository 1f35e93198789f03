/** One process under fuzz with its memory, its player and its probe. */
import { spawnSync } from 'node:child_process';
import { FuzzedDisk } from './fuzzed-disk.ts';
import { FuzzedMemory } from './memory.ts';
import { Player } from './player.ts';
import { Probe } from './probe.ts';
import type { Step, Variant } from './steps.ts';

export type Counts = Player['counts'];

export interface Outcome {
  readonly counts: Counts;
  /** What went wrong, with the process's last words. */
  readonly failure: string | undefined;
}

const RAW: Variant = { imageType: 'raw', readOnly: false, queueCount: 2, queueSize: 256, keys: '' };

const PLAIN: readonly [Variant, ...Variant[]] = [
  RAW,
  { ...RAW, queueCount: 1, queueSize: 16 },
  { ...RAW, readOnly: true },
  { ...RAW, queueCount: 3, queueSize: 4 },
  { ...RAW, queueSize: 64, keys: 'ops_size=100000,ops_refill_time=100,bw_size=1000000000,bw_refill_time=100' },
  { ...RAW, queueSize: 128, keys: 'direct=on,sparse=off' },
];

/** Made by qemu-img. */
const FORMATTED: readonly Variant[] = [
  { ...RAW, imageType: 'qcow2' },
  { ...RAW, imageType: 'vhdx', queueSize: 32 },
  { ...RAW, imageType: 'vhd' },
  { ...RAW, imageType: 'qcow2', keys: 'direct=on,sparse=off' },
  { ...RAW, imageType: 'qcow2', readOnly: true },
  { ...RAW, imageType: 'qcow2', damage: 0 },
  { ...RAW, imageType: 'vhdx', damage: 0 },
  { ...RAW, imageType: 'qcow2', damage: 0 },
];

export const VARIANTS: readonly [Variant, ...Variant[]] = hasQemuImg() ? [...PLAIN, ...FORMATTED] : PLAIN;

function hasQemuImg(): boolean {
  return spawnSync('qemu-img', ['--version']).status === 0;
}

export function noCounts(): Counts {
  return { steps: 0, returned: 0, settled: 0, refused: 0, cut: 0, faults: 0 };
}

export function addCounts(to: Counts, from: Counts): void {
  for (const key of ['steps', 'returned', 'settled', 'refused', 'cut', 'faults'] as const) to[key] += from[key];
}

export class Fuzzer implements AsyncDisposable {
  readonly #disk: FuzzedDisk;
  readonly #memory: FuzzedMemory;
  readonly #probe: Probe;

  private constructor(variant: Variant) {
    this.#disk = new FuzzedDisk(variant);
    this.#memory = new FuzzedMemory(this.#disk.folder);
    this.#probe = new Probe(this.#disk);
  }

  /** A process that serves; undefined where it refuses a damaged image, as it should. */
  static async start(variant: Variant): Promise<Fuzzer | undefined> {
    const fuzzer = new Fuzzer(variant);
    try {
      fuzzer.#probe.run();
      return fuzzer;
    } catch (error) {
      if (variant.damage !== undefined && (await fuzzer.#disk.hasRefused())) {
        await fuzzer[Symbol.asyncDispose]();
        return undefined;
      }
      const failure = `${String(error)}\n${fuzzer.#disk.lastWords}`;
      await fuzzer[Symbol.asyncDispose]();
      throw new Error(failure, { cause: error });
    }
  }

  run(steps: readonly Step[]): Outcome {
    using player = new Player(this.#disk, this.#memory);
    try {
      player.play(steps);
      this.#probe.run();
      const damage = this.#memory.damage();
      if (damage !== undefined) throw new Error(damage);
      return { counts: player.counts, failure: undefined };
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      const fate = this.#disk.isRunning ? '' : ' (the process has ended)';
      return { counts: player.counts, failure: `${words}${fate}\n${this.#disk.lastWords}` };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disk[Symbol.asyncDispose]();
    this.#probe[Symbol.dispose]();
    this.#memory[Symbol.dispose]();
  }
}
