import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countTests, countsIn, runMocha } from './run-mocha.ts';

describe('test runner', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-runner-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function file(source: string): string {
    const path = join(folder, 'sample.test.mjs');
    writeFileSync(path, source);
    return path;
  }
  const run = (path: string, deadlineMinutes = 1) => runMocha({ files: [path], options: [], deadlineMinutes, show: () => undefined });

  it('counts passed, failed and skipped tests', async () => {
    const path = file("it('a', () => {}); it('b', () => {}); it('c', () => { throw new Error('c'); }); it.skip('d', () => {});");
    expect(await run(path)).to.deep.equal({ passed: 2, failed: 1, skipped: 1 });
    expect(await countTests([path])).to.equal(3);
  });

  it('a file that does not load -> one failure', async () => {
    expect(await run(file('throw new Error("at load");'))).to.deep.equal({ passed: 0, failed: 1, skipped: 0 });
  });

  it('a process that stays after its tests -> killed, one failure', async () => {
    const path = file("it('a', () => {}); setInterval(() => {}, 1000);");
    expect(await run(path, 0.02)).to.deep.equal({ passed: 1, failed: 1, skipped: 0 });
  });

  it('reads the last summary, colours and all', () => {
    expect(
      countsIn('\n  3 passing (1s)\n  7 failing\n\x1b[92m \x1b[0m\x1b[32m 384 passing\x1b[0m (2s)\n\x1b[31m  1 failing\x1b[0m\n'),
    ).to.deep.equal({
      passed: 384,
      failed: 1,
      skipped: 0,
    });
  });
});
