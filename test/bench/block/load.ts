/** The load generator (`load.c`): one program for every side, so that all are asked the same in the same way. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildWithLibblkio, libblkio } from '../frame/libblkio.ts';

const SOURCE = join(import.meta.dirname, 'load.c');
/** Beyond what it measures: a side that does not answer is told of. */
const PATIENCE_MS = 20_000;
const run = promisify(execFile);

export interface Workload {
  readonly write: boolean;
  readonly sequential: boolean;
  /** Bytes a request. */
  readonly block: number;
  /** Requests under way on each queue. */
  readonly depth: number;
  readonly queues: number;
}

/** Where the load goes: a vhost-user backend, whose processor time is taken too, or the file itself through io_uring. */
export type Target =
  | { readonly kind: 'vhost-user'; readonly socket: string; readonly pid: number }
  | { readonly kind: 'file'; readonly path: string; readonly direct: boolean };

/** How long: what is done in the first milliseconds does not count. */
export interface Span {
  readonly warmupMs: number;
  readonly measureMs: number;
}

export interface Sample {
  readonly requests: number;
  /** Thousands of requests a second. */
  readonly kiops: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Processor time a request: the backend's; of a file, the generator's, in which its io_uring works. */
  readonly cpuUs: number;
}

export class LoadGenerator {
  readonly #program: string;
  readonly #libraries: string;

  /** Builds it where this version of it was not built yet. */
  constructor(note: (line: string) => void) {
    const library = libblkio(note);
    const version = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 8);
    this.#libraries = library.libraries;
    this.#program = join(library.folder, `load-${version}`);
    if (existsSync(this.#program)) return;
    note('building the load generator');
    buildWithLibblkio(library, SOURCE, this.#program);
  }

  async measure(target: Target, workload: Workload, span: Span): Promise<Sample> {
    const options = [...targetOptions(target), ...workloadOptions(workload), `warmup=${span.warmupMs}`, `measure=${span.measureMs}`];
    const stdout = await this.#run(options, PATIENCE_MS + span.warmupMs + span.measureMs);
    const said: { requests: number; seconds: number; p50Us: number; p99Us: number; cpuUs: number; ownCpuUs: number } = JSON.parse(stdout);
    const { requests, seconds, p50Us, p99Us } = said;
    const cpuUs = (target.kind === 'file' ? said.ownCpuUs : said.cpuUs) / requests;
    return { requests, kiops: requests / seconds / 1000, p50Us, p99Us, cpuUs };
  }

  /** The command line that has a backend serve one request and keeps it connected until standard input ends; says so in a line. */
  holding(target: Target): { readonly program: string; readonly args: readonly string[]; readonly env: Record<string, string> } {
    return { program: this.#program, args: [...targetOptions(target), 'hold=1'], env: this.#environment };
  }

  async #run(options: readonly string[], timeout: number): Promise<string> {
    try {
      const { stdout } = await run(this.#program, options, { env: this.#environment, timeout });
      return stdout;
    } catch (error) {
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
      throw new Error(said === '' ? `the load generator did not end in ${timeout} ms` : said, { cause: error });
    }
  }

  get #environment(): Record<string, string> {
    return { LD_LIBRARY_PATH: this.#libraries };
  }
}

function targetOptions(target: Target): readonly string[] {
  if (target.kind === 'vhost-user') return ['driver=virtio-blk-vhost-user', `path=${target.socket}`, `cpu-of=${target.pid}`];
  return ['driver=io_uring', `path=${target.path}`, `direct=${Number(target.direct)}`];
}

function workloadOptions({ write, sequential, block, depth, queues }: Workload): readonly string[] {
  return [`write=${Number(write)}`, `sequential=${Number(sequential)}`, `block=${block}`, `depth=${depth}`, `queues=${queues}`];
}
