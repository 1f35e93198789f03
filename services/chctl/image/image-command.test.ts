import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageCommand } from './image-command.ts';

const MIB = 2 ** 20;

/** An ELF header that says 64-bit x86, and a word to know it by. */
function kernel(word: string): Buffer {
  const bytes = Buffer.alloc(1000, word);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2]);
  bytes.writeUInt16LE(62, 18);
  return bytes;
}

const hasTools = spawnSync('/usr/sbin/mke2fs', ['-V']).status === 0;

describe('chctl image', () => {
  let folder: string;
  let said: string;
  const io = { stdout: { write: (text: string) => (said += text) }, stderr: { write: (text: string) => (said += text) } };
  const path = (name: string): string => join(folder, name);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-image-test-'));
    said = '';
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const bad: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[], 2, /needs info, create, check, kernel or make/],
    [['kernle'], 2, /no 'chctl image kernle'; did you mean 'kernel'\?/],
    [['burn'], 2, /no 'chctl image burn': there are info, /],
    [['kernel'], 2, /kernel needs \[DISK\] KERNEL/],
    [['kernel', 'a', 'b', 'c'], 2, /kernel needs \[DISK\] KERNEL/],
    [['kernel', '--initrd', 'x', 'a'], 2, /--initrd/],
    [['kernel', '/nonexistent/disk', '/nonexistent/k'], 1, /\/nonexistent\/disk: no such file/],
    [['kernel', '/etc/passwd', '/nonexistent/k'], 1, /\/etc\/passwd: no ext2, ext3 or ext4/],
    [['make'], 2, /debian or demo/],
    [['make', 'ubuntu', 'x'], 2, /no image 'ubuntu'/],
    [['make', 'debian'], 2, /needs one DISK/],
    [['make', 'debian', 'x', '--size', '2X'], 2, /size '2X' is not/],
    [['make', 'demo'], 2, /needs one FOLDER/],
  ];
  for (const [argv, status, message] of bad) {
    it(`${argv.join(' ') || '(nothing)'} -> status ${status}, one line`, async () => {
      expect(await imageCommand(argv, io, '')).to.equal(status);
      expect(said).to.match(message);
      expect(said.trim().split('\n')).to.have.length(1);
    });
  }

  it('--help -> the usage, status 0', async () => {
    expect(await imageCommand(['--help'], io, '')).to.equal(0);
    expect(said).to.match(/^Usage: chctl image info .*^ *chctl image kernel /ms);
  });

  it('a qcow2 image -> says how to convert it', async () => {
    writeFileSync(path('disk'), Buffer.concat([Buffer.from('QFI\xfb', 'latin1'), Buffer.alloc(100_000)]));
    expect(await imageCommand(['kernel', path('disk'), path('k')], io, '')).to.equal(1);
    expect(said).to.match(/qemu-img convert -O raw/);
  });

  /** A root with two kernels, as an ext4 file system of 8 MiB at `offset` of a disk. */
  function makeDisk(offset: number): string {
    const root = path('root');
    for (const release of ['6.9.0', '6.10.0']) {
      mkdirSync(join(root, 'lib/modules', release), { recursive: true });
      mkdirSync(join(root, 'boot'), { recursive: true });
      writeFileSync(join(root, 'boot', `vmlinuz-${release}`), kernel(release));
    }
    writeFileSync(join(root, 'boot/vmlinuz-7.0.0-no-modules'), kernel('none'));
    const disk = path('disk.raw');
    writeFileSync(disk, '');
    truncateSync(disk, offset + 8 * MIB);
    const made = spawnSync('/usr/sbin/mke2fs', ['-q', '-F', '-t', 'ext4', '-d', root, '-E', `offset=${offset}`, disk, '8M']);
    expect(made.stderr.toString()).to.equal('');
    return disk;
  }

  const partitioned: readonly (readonly [string, number, (disk: string) => void])[] = [
    ['a whole disk', 0, () => {}],
    ['an MBR partition', MIB, (disk) => patch(disk, 446 + 8, le32(2048), [510, Buffer.from([0x55, 0xaa])])],
    ['a GPT partition', 2 * MIB, gpt],
  ];
  for (const [name, offset, partition] of partitioned) {
    it(`kernel from ${name} -> the newest that has modules`, async function () {
      if (!hasTools) return this.skip();
      const disk = makeDisk(offset);
      partition(disk);
      expect(await imageCommand(['kernel', disk, path('k')], io, '')).to.equal(0);
      expect(readFileSync(path('k')).equals(kernel('6.10.0'))).to.equal(true);
      expect(readdirSync(folder).toSorted()).to.deep.equal(['disk.raw', 'k', 'root']);
    });
  }

  it('a file system without kernels -> status 1, nothing written', async function () {
    if (!hasTools) return this.skip();
    writeFileSync(path('disk'), '');
    spawnSync('/usr/sbin/mke2fs', ['-q', '-F', path('disk'), '1M']);
    expect(await imageCommand(['kernel', path('disk'), path('k')], io, '')).to.equal(1);
    expect(said).to.match(/has no kernel/);
    expect(existsSync(path('k'))).to.equal(false);
  });
});

function gpt(disk: string): void {
  const header = Buffer.alloc(92);
  header.write('EFI PART');
  header.writeBigUInt64LE(2n, 72);
  header.writeUInt32LE(4, 80);
  header.writeUInt32LE(128, 84);
  const entry = Buffer.alloc(128, 1);
  entry.writeBigUInt64LE(4096n, 32);
  patch(disk, 512, header, [1024 + 128, entry]);
}

function patch(disk: string, at: number, bytes: Buffer, more: readonly [number, Buffer]): void {
  const content = readFileSync(disk);
  bytes.copy(content, at);
  more[1].copy(content, more[0]);
  writeFileSync(disk, content);
}

function le32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
