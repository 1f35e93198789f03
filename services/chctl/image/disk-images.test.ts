import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageCommand } from './image-command.ts';

const MIB = 2 ** 20;
const DESCRIBER = join(import.meta.dirname, '../../../devices/block/image/main.ts');
const hasQemu = spawnSync('qemu-img', ['--version']).status === 0;

describe('chctl image info, create, check', function () {
  this.timeout(20_000);
  let folder = '';
  let said = '';
  const io = { stdout: { write: (text: string) => (said += text) }, stderr: { write: (text: string) => (said += text) } };
  const path = (name: string): string => join(folder, name);

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ch-image-disks-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** `@name` in the line is a file of the test's folder. What it said, and its status where that is not 0. */
  async function run(line: string): Promise<string> {
    said = '';
    const status = await imageCommand(line.replaceAll('@', `${folder}/`).split(' '), io, DESCRIBER);
    return `${status === 0 ? '' : `${status}: `}${said.replaceAll(folder, '.')}`;
  }

  const refused: readonly (readonly [string, RegExp])[] = [
    ['info', /^2: .*info needs one FILE/],
    ['info @a @b', /^2: .*info needs one FILE/],
    ['info @a --type qcow', /^2: .*type 'qcow' is none of raw, qcow2, vhd, vhdx/],
    ['info @none', /^1: chctl image: \.\/none does not exist\n$/],
    ['info /dev', /^1: .*\/dev is neither a file nor a block device/],
    ['check', /^2: .*check needs one FILE/],
    ['check @a --jsn', /^2: .*unknown option "--jsn"; did you mean "--json"/],
    ['create @a 1G --type raw --type qcow2', /^2: .*--type is given twice/],
    ['create', /^2: .*create needs FILE SIZE/],
    ['create @a', /^2: .*needs a SIZE/],
    ['create @a 1X', /^2: .*size '1X': expected a size in bytes/],
    ['create @a 0', /^2: .*size '0'/],
    ['create @a 1000', /^2: .*size '1000': a disk has a multiple of 512 bytes/],
    ['create @a 9999999T', /^2: .*size '9999999T'/],
    ['create @a 1G --type vmdk', /^2: .*type 'vmdk' is none of/],
    ['create @a 1G --backing base', /^2: .*a format is never guessed/],
    ['create @a 1G --backing-type raw', /^2: .*go together/],
    ['create @a 1G --backing base --backing-type raw', /^2: .*only --type qcow2 has backing files/],
    ['create @a 1G --type qcow2 --backing base --backing-type vhd', /^2: .*neither raw nor qcow2/],
    ['create @a 1G --type qcow2 --backing base --backing-type raw', /^1: .*there is no backing file \.\/base/],
    ['create @none/a 1G', /^1: .*"\.\/none\/a" cannot be made: its folder does not exist; make that first/],
  ];
  for (const [line, message] of refused) {
    it(`${line} -> ${String(message)}`, async () => {
      const outcome = await run(line);
      expect(outcome).to.match(message);
      expect(outcome.trimEnd().split('\n')).to.have.length(1);
      expect(readdirSync(folder)).to.deep.equal([]);
    });
  }

  it('create raw -> so many zeros; once more -> not overwritten', async () => {
    expect(await run('create @disk 1M')).to.equal('');
    expect(statSync(path('disk')).size).to.equal(MIB);
    writeFileSync(path('disk'), 'kept');
    expect(await run('create @disk 1M')).to.equal('1: chctl image: ./disk exists already: give another name, or remove it\n');
    expect(readFileSync(path('disk'), 'latin1')).to.equal('kept');
  });

  it('info on a raw disk', async () => {
    await run('create @disk 1M');
    expect(await run('info @disk')).to.match(
      /^\.\/disk\n {2}format +raw \(image_type=raw\)\n {2}virtual size +1 MiB \(1048576 bytes\)\n {2}host space +0/,
    );
  });

  it('info on a format that is not supported -> what to do', async () => {
    writeFileSync(path('disk'), Buffer.concat([Buffer.from('KDMV'), Buffer.alloc(1020)]));
    expect(await run('info @disk'))
      .to.match(/format +VMDK\n/)
      .and.match(/qemu-img convert -O raw/);
    expect(await run('check @disk')).to.match(/^1: .*VMDK is not supported/);
  });

  it('info on a damaged image -> one line', async () => {
    writeFileSync(path('disk'), Buffer.concat([Buffer.from('vhdxfile'), Buffer.alloc(MIB)]));
    expect(await run('info @disk')).to.equal('1: chctl image: ./disk is a corrupt VHDX: none of its two headers is valid\n');
  });

  it('check on a raw disk -> nothing to check', async () => {
    await run('create @disk 1M');
    expect(await run('check @disk')).to.equal('./disk is raw: there is nothing to check\n');
  });

  describe('of qemu-img', () => {
    before(function () {
      if (!hasQemu) this.skip();
    });

    const info = async (line: string): Promise<unknown> => JSON.parse(await run(`info ${line} --json`));

    for (const type of ['qcow2', 'vhdx']) {
      it(`create ${type} -> info knows it, check finds nothing`, async () => {
        expect(await run(`create @disk 3G --type ${type}`)).to.equal('');
        expect(await info('@disk')).to.include({ format: type, imageType: type, virtualSize: 3 * 2 ** 30, dirty: false, corrupt: false });
        expect(await run('check @disk')).to.equal('./disk has no errors\n');
      });
    }

    it('create vhd -> raw to whoever does not say that it is one', async () => {
      expect(await run('create @disk 5M --type vhd')).to.equal('');
      expect(await info('@disk --type vhd')).to.include({ format: 'vhd', virtualSize: 5 * MIB });
      expect(await info('@disk')).to.include({ format: 'raw', virtualSize: 5 * MIB + 512 });
      expect(await run('info @disk')).to.match(/note +its last 512 bytes look like the footer of a fixed VHD: .*image_type=vhd/);
      expect(await run('check @disk --type vhd')).to.equal('./disk has no errors\n');
    });

    it('create with a backing file -> named as it was given, of its size', async () => {
      await run('create @base 2M');
      expect(await run('create @a:b --type qcow2 --backing base --backing-type raw')).to.equal('');
      expect(await info('@a:b')).to.deep.include({ virtualSize: 2 * MIB, backingFile: { name: './base', format: 'raw' } });
      expect(await run('info @a:b')).to.match(/backing file +\.\/base \(raw\)\n/);
      rmSync(path('base'));
      expect(await run('check @a:b')).to.equal('./a:b has no errors\n');
    });

    it('info on a qcow2 with snapshots', async () => {
      await run('create @disk 1M --type qcow2');
      for (const name of ['first', 'the\u001b[31mother']) spawnSync('qemu-img', ['snapshot', '-c', name, path('disk')]);
      expect(await run('info @disk')).to.match(/snapshots +first, the\?\[31mother\n {2}features +version 3\n {2}state +clean\n$/);
    });

    it('a size that a format cannot have -> one line, and no file', async () => {
      expect(await run('create @disk 8000T --type vhdx')).to.match(/^1: chctl image: \.\/disk cannot be made: .+\n$/);
      expect(readdirSync(folder)).to.deep.equal([]);
    });

    it('check on a qcow2 with lost clusters, and with errors', async () => {
      await run('create @disk 1M --type qcow2');
      spawnSync('qemu-io', ['-f', 'qcow2', '-c', 'write 0 128k', path('disk')]);
      const disk = readFileSync(path('disk'));
      const table = Number(disk.readBigUInt64BE(Number(disk.readBigUInt64BE(40))) & 0xff_ffff_ffff_fe00n);
      const entry = disk.readBigUInt64BE(table);
      disk.writeBigUInt64BE(0n, table);
      writeFileSync(path('disk'), disk);
      expect(await run('check @disk')).to.equal("./disk has no errors; 1 cluster is in nobody's use\n");
      expect(JSON.parse(await run('check @disk --json'))).to.include({ imageType: 'qcow2', whole: true, errors: 0, leaks: 1 });
      disk.writeBigUInt64BE(entry + 0x4000_0000n, table);
      writeFileSync(path('disk'), disk);
      expect(await run('check @disk')).to.match(/^1: chctl image: \.\/disk is corrupt: \d+ errors?[;,] .*\n$/);
      const [json = '', line = ''] = (await run('check @disk --json')).replace(/^1: /, '').split(/(?=chctl image: )/);
      expect(JSON.parse(json)).to.include({ whole: false });
      expect(line).to.match(/is corrupt/);
    });

    it('check on a VHDX that is cut short -> corrupt', async () => {
      await run('create @disk 64M --type vhdx');
      spawnSync('qemu-io', ['-f', 'vhdx', '-c', 'write 0 8k', path('disk')]);
      truncateSync(path('disk'), statSync(path('disk')).size - MIB);
      expect(await run('check @disk')).to.match(/^1: chctl image: \.\/disk is corrupt: the block table is wrong about 1 blocks/);
      expect(await run('info @disk')).to.match(/state +corrupt\n/);
    });
  });
});
