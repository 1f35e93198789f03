/** A ch-block with one disk, and a driver on it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockFile } from '#shared/sys/file-lock.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { connectTo } from '#shared/testing/connect.ts';
import { openDisk } from '../image/testing/open-disk.fixture.ts';
import { compiledBefore } from './compiled.fixture.ts';
import { DrivenDisk } from './driven-disk.fixture.ts';

const MAIN = join(import.meta.dirname, '../main.ts');

export class ServedDisk implements AsyncDisposable {
  readonly driver: DrivenDisk;
  readonly #child: ChildProcess;
  readonly #image: string;
  readonly #said: Promise<string>;

  private constructor(image: string, { child, said, driver }: { child: ChildProcess; said: Promise<string>; driver: DrivenDisk }) {
    this.#image = image;
    this.#child = child;
    this.#said = said;
    this.driver = driver;
  }

  /** `keys` are those of `--disk` but for `path`; `features` those that the driver knows; `imports` come before the program. */
  static async start(image: string, keys: string, features?: bigint, imports: readonly URL[] = []): Promise<ServedDisk> {
    const socket = `${image}.socket`;
    const imported = imports.flatMap(({ href }) => ['--import', href]);
    const child = spawn(process.execPath, [...imported, MAIN, '--socket-path', socket, '--disk', `path=${image},${keys}`], {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: compiledBefore(),
    });
    const said = textOf(child);
    const ended = once(child, 'exit').then(async () => {
      throw new Error(`ch-block has ended: ${await said}`);
    });
    ended.catch(() => {});
    try {
      const connected = await Promise.race([connectTo(socket), ended]);
      rmSync(socket, { force: true });
      const options = { hasLargeRing: true, ...(features === undefined ? {} : { features }) };
      const driver = await Promise.race([DrivenDisk.start(connected, options), ended]);
      return new ServedDisk(image, { child, said, driver });
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Ends it in order; what it has said meanwhile. Nobody has the image any more. */
  async stop(): Promise<string> {
    if (!this.#isRunning) return this.#said;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
    using image = openDisk(this.#image);
    // The kernel's own threads may have its files a little longer.
    while (!lockFile(asFd(image.fd), false).ok) await sleep(1);
    return this.#said;
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver[Symbol.asyncDispose]();
    if (this.#isRunning) this.#child.kill('SIGKILL');
  }
}

async function textOf({ stderr }: ChildProcess): Promise<string> {
  const parts: string[] = [];
  stderr?.on('data', (part: Buffer) => parts.push(part.toString()));
  if (stderr) await once(stderr, 'close');
  return parts.join('');
}
