/** A machine of the real `chctl` whose guest does what letters say (`command-guest.ts`), and `chctl device` on its disks. */
import { spawnSync } from 'node:child_process';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { CHECKOUT } from '../harness/checkout.ts';
import type { CommandPlace, MachineProcesses, Started } from './chctl-command.ts';

/** Far more than anything takes on a busy machine. */
const DEADLINE_MS = 60_000;

export class CommandMachine {
  readonly #place: CommandPlace;
  readonly #machine: Started & MachineProcesses;
  readonly #socket: Socket;
  #heard = '';

  private constructor(place: CommandPlace, machine: Started & MachineProcesses, socket: Socket) {
    this.#place = place;
    this.#machine = machine;
    this.#socket = socket;
    socket.on('data', (data) => (this.#heard += data.toString('latin1')));
  }

  /** Of the guest in the place's file `guest`; it can be talked to. */
  static async start(place: CommandPlace, ...args: readonly string[]): Promise<CommandMachine> {
    const all = ['--kernel', 'guest', '--serial', 'socket=s', '--memory', 'size=64M', ...args];
    const started = await place.startRunning(all, true);
    const machine = new CommandMachine(place, started, connect(join(place.folder, 's')));
    await machine.until(() => machine.#heard.endsWith('>'), 'a greeting');
    return machine;
  }

  /** The process that served its first disk at the start. */
  get device(): number {
    return this.#machine.device;
  }

  /** What it is registered as. */
  get name(): string {
    return `vm-${this.#machine.launcher}`;
  }

  /** Has the guest do something, until it has said `answer`. */
  async tell(letters: string, answer: string): Promise<void> {
    this.#heard = '';
    this.#socket.write(letters);
    await this.until(() => this.#heard === answer, answer);
  }

  /** Again and again, until it says `answer`. */
  async untilSaid(letters: string, answer: string): Promise<void> {
    for (this.#heard = ''; this.#heard !== answer;) {
      this.#heard = '';
      this.#socket.write(letters);
      await this.until(() => this.#heard.length === answer.length, `as much as ${answer}`);
    }
  }

  /** What `chctl device` says. */
  deviceSays(...args: readonly string[]): string {
    const options = { cwd: this.#place.folder, env: this.#place.environment, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(join(CHECKOUT, 'bin/chctl'), ['device', ...args], options);
    expect([status, stderr]).to.deep.equal([0, '']);
    return stdout;
  }

  async powerOff(): Promise<void> {
    this.#socket.write('o');
    const { status, lines } = await this.#machine.ended;
    this.#socket.destroy();
    expect([status, lines]).to.deep.equal([0, []]);
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    while (!holds()) {
      if (Date.now() > deadline || this.#machine.child.exitCode !== null) {
        throw new Error(`not ${what}: ${this.#heard} ${this.#machine.stderr().slice(-3000)}`);
      }
      await sleep(5);
    }
  }
}
