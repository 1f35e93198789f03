import { expect } from 'chai';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRunDirectory, sweepStale } from './run-directory.ts';

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
