import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const checkout = resolve(import.meta.dirname, '../..');
/** Takes the terminal raw, says its pid and its parent's, and answers signals and one key. */
const PROGRAM = `
process.stdin.setRawMode(true);
for (const [name, status] of [['SIGTERM', 143], ['SIGINT', 130]]) process.on(name, () => { console.log('<' + name + '>'); process.exit(status); });
process.stdin.on('data', (data) => { if (data.toString() === 'k') process.kill(process.pid, 'SIGKILL'); if (data.toString() === 'q') process.exit(7); });
console.log('<ready ' + process.ppid + '>');
`;

describe('the terminal under chctl', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-terminal-'));
    writeFileSync(join(folder, 'program.cjs'), PROGRAM);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs the program as bin/chctl does, on a pseudo terminal that script(1) makes; `act` gets the keyboard and the pid of the shell. */
  async function onTerminal(act: (keyboard: NodeJS.WritableStream, shell: number) => void): Promise<string> {
    const launch = `node='${process.execPath}'; main='${folder}/program.cjs'; . '${checkout}/bin/lib/keep-terminal.sh'`;
    writeFileSync(join(folder, 'session'), `stty -g\nsh '${folder}/launch'\necho "<status $?>"\nstty -g\n`);
    writeFileSync(join(folder, 'launch'), launch);
    const child = spawn('script', ['-qfec', `sh '${folder}/session'`, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      const before = output;
      output += data.toString();
      const ready = /<ready (\d+)>/.exec(output);
      if (ready !== null && !before.includes('<ready ')) act(child.stdin, Number(ready[1]));
    });
    await once(child, 'close');
    const settings = output.split('\r\n').filter((line) => /^[0-9a-f]+(:[0-9a-f]+)+$/.test(line));
    expect(settings).to.have.length(2);
    expect(settings[1]).to.equal(settings[0]);
    return output;
  }

  it('an ordinary end -> settings back, status passed on', async () => {
    expect(await onTerminal((keyboard) => void keyboard.write('q'))).to.include('<status 7>');
  });

  it('the program is killed -> settings back, status 137', async () => {
    expect(await onTerminal((keyboard) => void keyboard.write('k'))).to.include('<status 137>');
  });

  it('SIGTERM to chctl -> the program gets it, settings back, its status passed on', async () => {
    const output = await onTerminal((_, shell) => void process.kill(shell, 'SIGTERM'));
    expect(output).to.include('<SIGTERM>').and.include('<status 143>');
  });
});
