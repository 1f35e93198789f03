import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { newcArchive } from './newc.ts';

describe('newcArchive', () => {
  const archive = newcArchive([
    { kind: 'folder', path: 'dev' },
    { kind: 'character device', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'file', path: 'init', content: Buffer.from('abc'), executable: true },
    { kind: 'link', path: 'sh', target: 'init' },
  ]);

  it('every record starts at a multiple of 4 and carries the magic', () => {
    const starts = [...archive.toString('latin1').matchAll(/070701[0-9a-f]{104}/g)].map(({ index }) => index % 4);
    expect(starts).to.deep.equal([0, 0, 0, 0, 0]);
  });

  it("a file's header holds mode, size and name size in the fields of the format", () => {
    const at = archive.indexOf('init') - 110;
    const field = (index: number): number => Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    expect([field(1), field(6), field(11)]).to.deep.equal([0o100755, 3, 5]);
  });

  it('busybox unpacks what was packed', function () {
    const listed = spawnSync('busybox', ['cpio', '-t'], { input: archive });
    if (listed.error !== undefined) this.skip();
    expect(listed.stdout.toString().trim().split('\n')).to.deep.equal(['dev', 'dev/console', 'init', 'sh']);
  });
});
