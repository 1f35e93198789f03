import { expect } from 'chai';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { countTests, countsIn, failuresIn, runMocha } from './run-mocha.ts';

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
  const run = (path: string, deadline = new AbortController().signal, show: (text: string) => void = () => {}) =>
    runMocha({ files: [path], options: [], deadline, show });

  it('counts passed, failed and skipped tests, and names the failed', async () => {
    const path = file(
      "it('a', () => {}); it('b', () => {}); describe('of', () => it('c', () => { throw new Error('c'); })); it.skip('d', () => {});",
    );
    expect(await run(path)).to.deep.equal({ passed: 2, failed: 1, skipped: 1, failures: ['of c'] });
    expect(await countTests([path])).to.equal(3);
  });

  it('a file that does not load -> one failure', async () => {
    const failures = ['ended badly, and named no test'];
    expect(await run(file('throw new Error("at load");'))).to.deep.equal({ passed: 0, failed: 1, skipped: 0, failures });
  });

  it('a process that stays after its tests -> killed, one failure', async () => {
    const deadline = new AbortController();
    let shown = '';
    const show = (text: string): void => {
      shown += text;
      if (shown.includes('1 passing')) deadline.abort();
    };
    const path = file("it('a', () => {}); setInterval(() => {}, 1000);");
    const { failures, ...counts } = await run(path, deadline.signal, show);
    expect(counts).to.deep.equal({ passed: 1, failed: 1, skipped: 0 });
    expect(failures.join('\n')).to.match(/^not finished in time, after: 1 passing \(\d+ms\)$/);
    expect(shown).to.match(/not finished in time: killed\n$/);
  });

  it('an interrupted process -> no failure', async () => {
    const path = file("it('a', () => {}); it('b', () => new Promise(() => setInterval(() => {}, 1000))).timeout(0);");
    const { signal } = new AbortController();
    let told = false;
    const outcome = await run(path, signal, (text) => {
      if (told || !text.includes('a')) return;
      told = true;
      // Heard by the runner before anybody else, so that no other listener of this process ends it.
      process.emit('SIGTERM', 'SIGTERM');
    });
    expect([told, outcome.failed, outcome.failures]).to.deep.equal([true, 0, []]);
  });

  it('what a test leaves among temporary files is removed, and named', async () => {
    const mark = join(folder, 'mark');
    const path = file(`
      import { mkdtempSync, writeFileSync } from 'node:fs';
      import { tmpdir } from 'node:os';
      it('a', () => writeFileSync(${JSON.stringify(mark)}, mkdtempSync(tmpdir() + '/forgotten-')));`);
    let shown = '';
    await run(path, undefined, (text) => void (shown += text));
    const left = readFileSync(mark, 'utf8');
    expect([existsSync(left), existsSync(dirname(left))]).to.deep.equal([false, false]);
    expect(shown).to.include(`left behind among temporary files: ${basename(left)}\n`);
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

  it('names failed tests of any depth, colours and all, and nothing that their errors quote', () => {
    const output = `
  1) printed by a test

\x1b[92m \x1b[0m\x1b[32m 384 passing\x1b[0m (2s)
\x1b[31m  3 failing\x1b[0m

\x1b[0m  1) at the top:
\x1b[0m     \x1b[31mError: quotes
  1) this
       of another run:
\x1b[0m\x1b[90m
      at line 1
\x1b[0m
\x1b[0m  2) suite
       of suites
         a: b -> c:

      \x1b[31mAssertionError: expected 1 to equal 2\x1b[0m
      \x1b[30;42m+ expected\x1b[0m

\x1b[0m  3) suite
       "after each" hook for "x":
\x1b[0m     \x1b[31mError: left behind\x1b[0m
`;
    expect(failuresIn(output)).to.deep.equal(['at the top', 'suite of suites a: b -> c', 'suite "after each" hook for "x"']);
    expect(failuresIn('  2 passing (1s)\n')).to.deep.equal([]);
  });
});
