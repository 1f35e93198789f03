import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const checkout = resolve(import.meta.dirname, '../..');

const MAIN = `
import { Worker } from 'node:worker_threads';
import { word } from './word.ts';
new Worker(new URL('worker.js', import.meta.url)).on('message', (said: string) => console.log(word, said, process.argv.slice(2).join('|')));
`;
const WORKER = `
import { parentPort } from 'node:worker_threads';
parentPort?.postMessage('from the worker');
`;

describe('launching a program', function () {
  this.timeout(60_000);
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ch-launch-'));
    for (const path of ['bin', 'tools', 'package.json', 'package-lock.json'])
      cpSync(join(checkout, path), join(root, path), { recursive: true });
    for (const path of ['node_modules', '.tools']) symlinkSync(join(checkout, path), join(root, path));
    write('devices/block/main.ts', MAIN);
    write('devices/block/worker.ts', WORKER);
    write('devices/block/word.ts', "export const word = 'first';");
    write('proto/ch/x/v1/x.proto', 'syntax = "proto3";');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  /** As if written later than the build that may run within the same tick of the file system's clock. */
  function change(path: string, text: string): void {
    write(path, text);
    const later = new Date(Date.now() + 10_000);
    utimesSync(join(root, path), later, later);
  }
  function launch(environment: NodeJS.ProcessEnv = {}) {
    const { status, stdout, stderr } = spawnSync(join(root, 'bin/ch-block'), ['one', 'two words'], {
      encoding: 'utf8',
      env: { ...process.env, ...environment },
    });
    return { status, stdout, stderr };
  }

  it('builds it, its worker and the messages, and passes the arguments on', () => {
    const first = launch();
    expect(first).to.include({ status: 0, stdout: 'first from the worker one|two words\n' });
    expect(first.stderr).to.include('building');
    expect(existsSync(join(root, 'dist/proto/ch/x/v1/x.proto'))).to.equal(true);
  });

  it('nothing changed -> no build; a source changed -> a build; CH_NO_BUILD -> none', () => {
    launch();
    expect(launch()).to.deep.equal({ status: 0, stdout: 'first from the worker one|two words\n', stderr: '' });
    change('devices/block/word.ts', "export const word = 'second';");
    expect(launch({ CH_NO_BUILD: '1' }).stdout).to.include('first');
    expect(launch().stdout).to.include('second');
  });

  it('a source that does not build -> its error, status 1, and no program', () => {
    write('devices/block/word.ts', 'export const word = ;');
    const failed = launch();
    expect(failed).to.include({ status: 1, stdout: '' });
    expect(failed.stderr).to.include('word.ts');
  });

  it('a program that is gone -> its bundle goes too', () => {
    write('services/chctl/main.ts', "console.log('here');");
    launch();
    expect(existsSync(join(root, 'dist/services/chctl/main.js'))).to.equal(true);
    rmSync(join(root, 'services/chctl/main.ts'));
    change('devices/block/word.ts', "export const word = 'third';");
    launch();
    expect(existsSync(join(root, 'dist/services/chctl/main.js'))).to.equal(false);
  });
});
