import { expect } from 'chai';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { files, root, text } from './tree.ts';

const SIX = ['main.ts', 'worker.ts', 'spec.ts', 'request.ts', 'device.ts', 'host.ts', 'README.md'];
/** A name that says nothing collects everything. */
const EMPTY_NAMES = /^(utils?|helpers?|types|common|misc|stuff)\./;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
const sources = files.filter((path) => path.endsWith('.ts') && !path.includes('/generated/'));

describe('files', () => {
  it('there are some', () => {
    expect(sources.length).to.be.greaterThan(50);
  });

  it('are named in kebab-case', () => {
    const known = /^(README|ARCHITECTURE|CONTRIBUTING|CHANGELOG|LICENSE|THIRD-PARTY)(\.md)?$/;
    // What is generated is named for what it was generated from.
    const own = files.filter((path) => !path.startsWith('.') && !path.includes('/.') && !path.includes('/generated/'));
    const names = own.filter((path) => !known.test(basename(path)));
    expect(names.filter((path) => !KEBAB.test(basename(path)))).to.deep.equal([]);
  });

  it('are named for the noun inside', () => {
    expect(files.filter((path) => EMPTY_NAMES.test(basename(path)))).to.deep.equal([]);
  });

  it('every device folder holds the six files and a README', () => {
    const devices = existsSync(join(root, 'devices')) ? folders('devices') : [];
    const missing = devices
      .flatMap((device) => SIX.map((name) => `devices/${device}/${name}`))
      .filter((path) => !existsSync(join(root, path)));
    expect(missing).to.deep.equal([]);
  });

  it('every spec.ts opens with the document that it follows', () => {
    const opening = /virtio 1\.\d|[Ss]pecification|Documentation\/|ACPI \d|datasheet/;
    const specs = sources.filter((path) => basename(path) === 'spec.ts');
    expect(specs.length).to.be.greaterThan(0);
    expect(specs.filter((path) => !opening.test(text(path).split('\n').slice(0, 12).join('\n')))).to.deep.equal([]);
  });
});

function folders(path: string): readonly string[] {
  const entries = readdirSync(join(root, path), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
