/** The real ch-block behind a core under test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '#shared/lang/result.ts';
import { type DeviceLauncherEnd, deviceLauncherChannel, startSocketPair } from '#shared/rpc/start-channel.ts';
import { type OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { CHECKOUT } from '../harness/checkout.ts';

const PROGRAM = join(CHECKOUT, 'devices/block/main.ts');

export class BlockProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #channel: DeviceLauncherEnd;

  /** Serves the image at `path` to whoever has the other end of `socket`, which it closes here. */
  constructor(path: string, socket: OwnedFd) {
    const [ours, theirs] = expect(startSocketPair(), 'start socket');
    this.#child = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'inherit', 'inherit', theirs.fd] });
    theirs.close();
    this.#exited = new Promise((resolve) => void this.#child.once('exit', () => resolve()));
    this.#channel = deviceLauncherChannel(ours);
    const image = openSync(path, 'r+');
    const startBlock = { id: 'disk0', path, readOnly: false, numQueues: 1, queueSize: 128, serial: '', image: 1, socket: 2 };
    expect(this.#channel.send({ startBlock }, [asFd(image), socket.fd]), 'start message');
    closeSync(image);
    socket.close();
  }

  /** It does nothing any more until `goOn`: what it is asked for stays outstanding. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  get ended(): Promise<void> {
    return this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
    this.#channel.close();
  }
}
