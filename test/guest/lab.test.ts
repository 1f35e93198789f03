import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { CHECKOUT } from '../harness/checkout.ts';
import { Lab } from '../harness/lab/lab.ts';
import { type Place, run } from '../harness/lab/place.ts';
import { sharedPlace } from '../harness/shared-place.ts';

const TIMEOUT_MS = 30_000;

describe('the place where machines run', function () {
  this.timeout(200_000);
  let place: Place;
  before(async () => {
    place = await sharedPlace();
  });

  it('a command has its input, its two outputs and its status', async () => {
    const result = await run(place, 'cat; echo wrong >&2; exit 3', { timeoutMs: TIMEOUT_MS, stdin: 'typed\n' });
    expect(result).to.deep.equal({ status: 3, stdout: 'typed\n', stderr: 'wrong\n', left: [], timedOut: false });
  });

  it('all that a command says comes before its end, and it ends though another process may still say something', async () => {
    const result = await run(place, 'seq 200000; setsid sleep 5 &', { timeoutMs: TIMEOUT_MS });
    expect(result.stdout.length).to.equal(1_288_895);
    expect(result.stdout.slice(-7)).to.equal('200000\n');
  });

  // A port that a command polls may hold back what was typed for it: see the lab's agent.
  it('a command has pipes in the lab, not the ports that its bytes come through', async function () {
    if (!(place instanceof Lab)) return this.skip();
    const command = await place.start('test -p /dev/stdin -a -p /dev/stdout');
    expect((await command.ended).status).to.equal(0);
  });

  it('has a KVM with hardware virtualization below it', async () => {
    const result = await run(place, 'grep -cE "svm|vmx" /proc/cpuinfo; test -w /dev/kvm', { timeoutMs: TIMEOUT_MS });
    expect(result.status).to.equal(0);
    expect(Number(result.stdout)).to.be.greaterThan(0);
  });

  it('commands run side by side', async () => {
    // Each waits for what the other one makes.
    const meet = (own: string, other: string): string =>
      `touch ${place.share}/${own}; until [ -e ${place.share}/${other} ]; do sleep 0.1; done; echo met`;
    const both = await Promise.all([meet('a', 'b'), meet('b', 'a')].map((script) => run(place, script, { timeoutMs: TIMEOUT_MS })));
    expect(both.map(({ stdout }) => stdout)).to.deep.equal(['met\n', 'met\n']);
  });

  it('past its deadline a command is killed with its children', async () => {
    const result = await run(place, 'sleep 1000 & sleep 1000', { timeoutMs: 500 });
    expect([result.timedOut, result.status]).to.deep.equal([true, 137]);
    const sleeping = await run(place, 'cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep -o "sleep 100[0]"', { timeoutMs: TIMEOUT_MS });
    expect(sleeping.stdout).to.equal('');
  });

  it('processes that outlive their command are named and killed', async () => {
    const result = await run(place, 'sleep 1001 >/dev/null & true', { timeoutMs: TIMEOUT_MS });
    expect(result.left.join('\n').trim()).to.match(/^\d+ sleep 1001$/);
  });

  it('a command that makes its descriptors non-blocking harms no later one', async () => {
    const make = `perl -MFcntl -e 'fcntl(STDIN, F_SETFL, fcntl(STDIN, F_GETFL, 0) | O_NONBLOCK)'`;
    const command = await place.start(make);
    expect((await command.ended).status).to.equal(0);
    expect((await run(place, 'echo fine', { timeoutMs: TIMEOUT_MS })).stdout).to.equal('fine\n');
  });

  it('a signal reaches the command', async () => {
    const command = await place.start(`trap 'echo caught; exit 5' TERM; echo set; while :; do sleep 0.1; done`);
    const output = await new Promise<string>((resolve) => {
      let text = '';
      command.onOutput((chunk) => {
        text += chunk.toString();
        if (text === 'set\n') command.signal('TERM');
        if (text.includes('caught')) resolve(text);
      });
    });
    expect(output).to.equal('set\ncaught\n');
    expect((await command.ended).status).to.equal(5);
  });

  it('a command on the terminal has its size', async function () {
    if (!(place instanceof Lab)) return this.skip();
    const command = place.startOnTerminal('stty size; exit 4', { rows: 33, columns: 99 });
    let text = '';
    command.onOutput((chunk) => (text += chunk.toString()));
    expect((await command.ended).status).to.equal(4);
    expect(text).to.equal('33 99\r\n');
  });

  it('SIGINT while it comes up for a user -> status 130, nothing left', async function () {
    if (!(place instanceof Lab)) return this.skip();
    const user = spawn(process.execPath, [join(CHECKOUT, 'test/harness/lab/main.ts'), 'true'], { stdio: 'ignore' });
    const ended = once(user, 'exit');
    const folder = (): string | undefined => readdirSync(tmpdir()).find((name) => name.startsWith(`ch-lab-${user.pid}-`));
    while (!existsSync(join(tmpdir(), folder() ?? '-', 'qemu.log'))) await sleep(20);
    const qemu = childOf(user.pid ?? 0, 'qemu-system');
    user.kill('SIGINT');
    expect(await ended).to.deep.equal([130, null]);
    expect(folder()).to.equal(undefined);
    expect(qemu === undefined || !existsSync(`/proc/${qemu}`)).to.equal(true);
  });
});

/** The process id of a child whose command begins with `command`. */
function childOf(parent: number, command: string): string | undefined {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1').trim().split(' ');
  return children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(command));
}
