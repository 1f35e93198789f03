import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuHasVirtualization } from '../orchestrator/index.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

describe('chctl', function () {
  this.timeout(20_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'chctl-'));
    writeFileSync(join(folder, 'kernel'), 'no kernel');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function chctl(...args: readonly string[]) {
    const env = { ...process.env, XDG_RUNTIME_DIR: folder };
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', env });
    return { status, stdout, stderr };
  }
  const runFolders = (): readonly string[] => (existsSync(join(folder, 'ch')) ? readdirSync(join(folder, 'ch')) : []);

  const bad: readonly (readonly [string, readonly string[], number, string])[] = [
    ['unknown option', ['run', '--kernal', 'x'], 2, 'chctl: unknown option "--kernal"; did you mean "--kernel"?'],
    ['memory 0', ['run', '--memory', 'size=0'], 2, 'chctl: --memory size=0: expected a size from 2M to 16384G'],
    ['no CPU', ['run', '--cpus', 'boot=0'], 2, 'chctl: --cpus boot=0: expected a whole number from 1 to 254'],
    ['no time to stop', ['run', '--stop-timeout', '1m'], 2, 'chctl: --stop-timeout "1m": expected a whole number from 1 to 86400'],
    ['not built yet', ['run', '--net', 'tap=x'], 2, 'chctl: --net is not supported yet; leave it out'],
    ['help later in a bad line', ['run', '--cpus', 'boot=0', '--net', 'x', '--help'], 2, 'chctl: --net is not supported yet'],
    ['unknown command, nearer to another', ['devcie'], 2, 'chctl: there is no command "devcie"; did you mean "device"?'],
    ['unknown command', ['rnu'], 2, 'chctl: there is no command "rnu"; did you mean "run"?'],
  ];
  for (const [name, args, status, line] of bad) {
    it(`${name} -> one line, status ${status}, nothing left`, () => {
      const ended = chctl(...args);
      expect(ended.stderr.slice(0, line.length)).to.equal(line);
      expect(ended.stderr.trimEnd().split('\n')).to.have.length(1);
      expect(ended).to.include({ status, stdout: '' });
      expect(runFolders()).to.deep.equal([]);
    });
  }

  it('the help of run fits a page, every option apart from what it does', () => {
    const { stdout } = chctl('run', '--help');
    const between = (from: string, to: string): string[] => stdout.slice(stdout.indexOf(from), stdout.indexOf(to)).trimEnd().split('\n');
    for (const line of [...between('  --kernel', 'Keys of --disk'), ...between('  path=', 'Examples')])
      expect(line)
        .to.match(/^( {2}\S.*| {26}\S.*)$/)
        .and.match(/^.{1,110}$/)
        .and.not.match(/\.\.\.\w/);
  });

  for (const args of [['help'], ['--help'], ['run', '--help'], ['run', '-h'], ['help', 'run'], ['image', '--help'], ['doctor', '--help']]) {
    it(`${args.join(' ')} -> usage on standard output, status 0`, () => {
      const ended = chctl(...args);
      expect(ended).to.include({ status: 0, stderr: '' });
      expect(ended.stdout.toLowerCase()).to.include('usage: chctl');
    });
  }

  it('a cache folder that cannot be made -> one line, status 1, nothing left', () => {
    const env = { ...process.env, XDG_RUNTIME_DIR: folder, XDG_CACHE_HOME: join(folder, 'kernel') };
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'run', '--slow-kvm'], { encoding: 'utf8', env });
    expect(stderr).to.equal(
      `chctl: the demo guest's folder "${join(folder, 'kernel/ch')}" cannot be made (ENOTDIR): set XDG_CACHE_HOME to a folder of your own, or give a kernel with --kernel PATH\n`,
    );
    expect(status).to.equal(1);
    expect(runFolders()).to.deep.equal([]);
  });

  it('without options, on a CPU without virtualization -> one line that names the lab, no demo guest made', function () {
    if (cpuHasVirtualization()) return this.skip();
    const env = { ...process.env, XDG_RUNTIME_DIR: folder, XDG_CACHE_HOME: join(folder, 'cache') };
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'run'], { encoding: 'utf8', env });
    expect(stderr).to.match(/^chctl: this CPU offers no vmx or svm: .*'npm start'.*\n$/);
    expect(status).to.equal(1);
    expect(existsSync(join(folder, 'cache'))).to.equal(false);
  });

  it('a run folder that cannot be made -> one line, status 1', () => {
    writeFileSync(join(folder, 'ch'), 'in the way');
    const ended = chctl('run', '--kernel', join(folder, 'kernel'));
    expect(ended.status).to.equal(1);
    expect(ended.stderr).to.include(join(folder, 'ch'));
    expect(ended.stderr.trimEnd().split('\n')).to.have.length(1);
  });
});
