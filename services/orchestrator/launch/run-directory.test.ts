import { expect } from 'chai';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRunDirectory, register, sweepStale } from './run-directory.ts';

/** No process ever has it: Linux's greatest is 2^22. */
const NOBODYS_PID = 2 ** 22 + 1;

describe('the run directory', () => {
  let folder: string;
  let root: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-run-directory-'));
    root = join(folder, 'ch');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function problem(): string | undefined {
    const made = makeRunDirectory(root);
    return made.ok ? undefined : made.error.message;
  }

  it("is its owner's alone, and empties what is left of its name", () => {
    const path = join(root, `vm-${process.pid}`);
    mkdirSync(join(path, 'left'), { recursive: true, mode: 0o700 });
    expect(makeRunDirectory(root)).to.deep.equal({ ok: true, value: path });
    expect([statSync(path).mode & 0o777, existsSync(join(path, 'left'))]).to.deep.equal([0o700, false]);
  });

  it('is not made where a link leads', () => {
    const target = join(folder, 'elsewhere');
    mkdirSync(join(target, `vm-${process.pid}`), { recursive: true });
    symlinkSync(target, root);
    expect(problem()).to.contain('is a link and no folder');
    expect(existsSync(join(target, `vm-${process.pid}`))).to.equal(true);
  });

  it('is not made where others may write', () => {
    mkdirSync(root);
    chmodSync(root, 0o777);
    expect(problem()).to.contain('may be written to by others');
  });

  it('has a registration that is whole for whoever reads it: it is put in the place of another', () => {
    mkdirSync(root);
    const path = join(root, 'vm.json');
    writeFileSync(path, 'an earlier one');
    const earlier = openSync(path, 'r');
    const registration = { id: 'vm-1', launcherPid: 1, corePid: 2, devices: [], startedAt: '2026-01-01T00:00:00.000Z' };
    register(root, registration);
    expect(readFileSync(earlier, 'utf8')).to.equal('an earlier one');
    closeSync(earlier);
    expect(JSON.parse(readFileSync(path, 'utf8'))).to.deep.equal(registration);
    expect([readdirSync(root), statSync(path).mode & 0o777]).to.deep.equal([['vm.json'], 0o600]);
  });

  it('sweeps the folders of processes that are gone, and nothing else', () => {
    for (const name of [`vm-${NOBODYS_PID}`, `vm-${process.ppid}`, 'vm-mine', 'x']) mkdirSync(join(root, name), { recursive: true });
    sweepStale(join(root, 'vm-mine'));
    expect([`vm-${NOBODYS_PID}`, `vm-${process.ppid}`, 'vm-mine', 'x'].map((name) => existsSync(join(root, name)))).to.deep.equal([
      false,
      true,
      true,
      true,
    ]);
  });
});
