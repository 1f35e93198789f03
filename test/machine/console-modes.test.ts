/** Where a serial port's and a console's bytes go, through the real `chctl` and core, with a guest that answers on both. */
import { closeSync, constants, existsSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type CommandPlace, type Started, inPlaces } from './chctl-command.ts';
import { FLOOD, writeEchoGuest } from './echo-guest.ts';
import { needsKvm } from './tiny-machine.ts';

/** Far more than anything here takes on a busy machine. */
const DEADLINE_MS = 40_000;

const LINES = [
  { name: 'serial', other: 'console', greeting: 'S' },
  { name: 'console', other: 'serial', greeting: 'C' },
] as const;

describe('serial port and console', function () {
  this.timeout(60_000);
  needsKvm(this);
  let place: CommandPlace;
  const clients: Socket[] = [];
  const terminals: number[] = [];

  afterEach(() => {
    for (const one of clients.splice(0)) one.destroy();
    for (const fd of terminals.splice(0)) closeSync(fd);
  });
  inPlaces((made) => {
    place = made;
    for (const serial of [true, false]) {
      for (const console of [true, false]) writeEchoGuest(join(place.folder, guest({ serial, console })), { serial, console });
    }
  });

  const guest = (lines: { readonly serial: boolean; readonly console: boolean }): string =>
    `guest-${lines.serial ? 's' : ''}${lines.console ? 'c' : ''}`;

  /** A machine with a guest for those lines that are not off. */
  function machine(serial: string, console: string) {
    const kernel = guest({ serial: serial !== 'off', console: console !== 'off' });
    return place.startRunning(['--kernel', kernel, '--serial', serial, '--console', console], true);
  }

  /** With the line under test in `mode`, the other one in `other`. */
  const one = (name: 'serial' | 'console', mode: string, other: string) =>
    name === 'serial' ? machine(mode, other) : machine(other, mode);

  /** A client of a socket, that hears from now on. */
  function client(path: string) {
    const socket = connect(join(place.folder, path));
    clients.push(socket);
    let heard = '';
    socket.on('data', (data) => (heard += data.toString('latin1')));
    return {
      heard: () => heard,
      say: (text: string) => void socket.write(text, 'latin1'),
      /** Says something, and is gone when that has arrived. */
      leave: (text: string) => void socket.end(text, 'latin1'),
      hangUp: () => void socket.destroy(),
    };
  }

  /** The user's side of a line's pty, which never waits. A machine may run before its path has come to us. */
  async function terminal(name: string, { stderr }: Started) {
    const path = (): string | undefined => new RegExp(`${name}: (/dev/pts/\\d+)\n`).exec(stderr())?.[1];
    await until(() => path() !== undefined);
    const fd = openSync(path() ?? '', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    terminals.push(fd);
    const bytes = Buffer.alloc(4096);
    let heard = '';
    const read = (): boolean => {
      try {
        const length = readSync(fd, bytes);
        heard += bytes.toString('latin1', 0, length);
        return length > 0;
      } catch {
        return false;
      }
    };
    return {
      heard: () => {
        while (read());
        return heard;
      },
      say: (text: string) => void writeSync(fd, text, null, 'latin1'),
    };
  }

  async function until(holds: () => boolean): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${holds.toString()}`);
      await sleep(10);
    }
  }

  /** The whole of a flood. */
  const flood = Array.from({ length: FLOOD.letters }, (_, index) => String.fromCharCode(0x41 + index) + '.'.repeat(FLOOD.piece - 1)).join(
    '',
  );

  for (const { name, other, greeting } of LINES) {
    describe(name, () => {
      it('file -> what was said, and nothing else', async () => {
        const started = await one(name, 'file=log', 'socket=s');
        const peer = client('s');
        peer.say('xo');
        expect((await started.ended).status).to.equal(0);
        const log = join(place.folder, 'log');
        expect(readFileSync(log, 'latin1')).to.equal(greeting);
        rmSync(log);
        expect(started.stdout()).to.equal('');
      });

      it('socket -> answers, client after client, and is gone at the end', async () => {
        const started = await one(name, 'socket=s', 'off');
        const first = client('s');
        first.say('hey');
        await until(() => first.heard().endsWith('hey'));
        expect(first.heard()).to.equal(`${greeting}hey`);
        first.hangUp();
        const second = client('s');
        second.say('again');
        await until(() => second.heard() === 'again');
        second.say('o');
        expect((await started.ended).status).to.equal(0);
        expect(existsSync(join(place.folder, 's'))).to.equal(false);
      });

      it('socket without a client -> the guest goes on, and a late one gets the newest', async () => {
        const started = await one(name, 'socket=s', 'socket=t');
        const early = client('s');
        await until(() => early.heard() === greeting);
        early.leave('f');
        // The guest says so there when its flood is over: nobody read it.
        const peer = client('t');
        await until(() => peer.heard().endsWith('$'));
        const late = client('s');
        await until(() => late.heard().endsWith('$'));
        // What is kept, and what the port's buffer still had.
        expect(late.heard().length).to.be.greaterThan(1000);
        expect(`${flood}$`.endsWith(late.heard()), 'the newest, in order').to.equal(true);
        late.say('o');
        expect((await started.ended).status).to.equal(0);
      });

      it('pty -> answers', async () => {
        const started = await one(name, 'pty', 'off');
        const user = await terminal(name, started);
        user.say('a');
        await until(() => user.heard() === `${greeting}a`);
        user.say('o');
        expect((await started.ended).status).to.equal(0);
      });

      it('pty that nobody reads -> the guest goes on', async () => {
        const started = await one(name, 'pty', 'socket=s');
        (await terminal(name, started)).say('f');
        const peer = client('s');
        await until(() => peer.heard().endsWith('$'));
        peer.say('o');
        expect((await started.ended).status).to.equal(0);
      });

      it('null -> the guest finds its device, and nobody hears', async () => {
        const started = await one(name, 'null', 'socket=s');
        const peer = client('s');
        peer.say('xo');
        expect((await started.ended).status).to.equal(0);
        expect(started.stdout()).to.equal('');
      });

      it(`tty, with ${other} off -> standard output`, async () => {
        const started = await one(name, 'tty', 'off');
        await until(() => started.stdout() === greeting);
        started.child.kill('SIGTERM');
        started.child.kill('SIGINT');
        expect((await started.ended).status).to.be.oneOf([130, 143]);
      });
    });
  }

  it('both off -> the machine runs', async () => {
    const started = await machine('off', 'off');
    started.child.kill('SIGTERM');
    started.child.kill('SIGINT');
    expect((await started.ended).status).to.be.oneOf([130, 143]);
  });

  it('two sockets at once -> each has its own line', async () => {
    const started = await machine('socket=s', 'socket=c');
    const [serial, console] = [client('s'), client('c')];
    serial.say('abc');
    console.say('xyz');
    await until(() => serial.heard() === 'Sabc' && console.heard() === 'Cxyz');
    console.say('o');
    expect((await started.ended).status).to.equal(0);
  });

  it('two ptys at once -> each has its own line', async () => {
    const started = await machine('pty', 'pty');
    const [serial, console] = [await terminal('serial', started), await terminal('console', started)];
    serial.say('1');
    console.say('2');
    await until(() => serial.heard() === 'S1' && console.heard() === 'C2');
    console.say('o');
    expect((await started.ended).status).to.equal(0);
  });
});
