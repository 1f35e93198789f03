import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type LockRange, WHOLE_FILE, lockFile } from '#shared/sys/file-lock.ts';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import { type LockWish, lockImage } from './image-lock.ts';

const SIZE = 1 << 20;
const hasQemu = spawnSync('qemu-io', ['--version']).status === 0;

describe('the lock of an image', () => {
  let folder = '';
  let image = '';
  let open: number[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-lock-'));
    image = join(folder, 'image');
    writeFileSync(image, '');
    truncateSync(image, SIZE);
  });
  afterEach(() => {
    for (const fd of open) closeSync(fd);
    open = [];
    rmSync(folder, { recursive: true });
  });

  function description(flags = 'r+'): Fd {
    const fd = openSync(image, flags);
    open.push(fd);
    return asFd(fd);
  }

  /** `yes` where it is had at once. */
  function take(wish: Omit<LockWish, 'wait'>): string {
    const locked = lockImage(description(wish.readOnly ? 'r' : 'r+'), SIZE, { ...wish, wait: 0 });
    return locked.ok ? 'yes' : locked.error.code;
  }

  const OURS = {
    reader: { readOnly: true, granularity: 'byte-range' },
    writer: { readOnly: false, granularity: 'byte-range' },
    'full reader': { readOnly: true, granularity: 'full' },
    'full writer': { readOnly: false, granularity: 'full' },
  } as const;

  for (const [firstName, first] of Object.entries(OURS)) {
    for (const [secondName, second] of Object.entries(OURS)) {
      const mayBoth = first.readOnly && second.readOnly;
      it(`a ${firstName}, then a ${secondName} -> ${mayBoth ? 'both' : 'the first alone'}`, () => {
        expect(take(first)).to.equal('yes');
        expect(take(second)).to.equal(mayBoth ? 'yes' : 'LOCKED');
      });
    }
  }

  /** What Cloud Hypervisor locks. */
  const THEIRS: readonly (readonly [name: string, shared: boolean, range: LockRange])[] = [
    ['reader', true, { start: 0, length: SIZE }],
    ['writer', false, { start: 0, length: SIZE }],
    ['full writer', false, WHOLE_FILE],
  ];
  for (const [name, shared, range] of THEIRS) {
    for (const [ourName, wish] of Object.entries(OURS)) {
      const mayBoth = shared && wish.readOnly;
      it(`our ${ourName}, then a ${name} of Cloud Hypervisor's -> ${mayBoth ? 'both' : 'ours alone'}`, () => {
        expect(take(wish)).to.equal('yes');
        expect(lockFile(description(shared ? 'r' : 'r+'), shared, range).ok).to.equal(mayBoth);
      });
      it(`a ${name} of Cloud Hypervisor's, then our ${ourName} -> ${mayBoth ? 'both' : 'theirs alone'}`, () => {
        expect(lockFile(description(shared ? 'r' : 'r+'), shared, range).ok).to.equal(true);
        expect(take(wish)).to.equal(mayBoth ? 'yes' : 'LOCKED');
      });
    }
  }

  it('is had once who has it lets go, within the time', async () => {
    const holder = description();
    expect(lockFile(holder, false).ok).to.equal(true);
    const child = spawn('sleep', ['0.2'], { stdio: ['ignore', 'ignore', 'ignore', holder] });
    const ended = once(child, 'exit');
    closeSync(holder);
    open = [];
    expect(lockImage(description(), SIZE, { readOnly: false, granularity: 'byte-range', wait: 10_000 }).ok).to.equal(true);
    await ended;
  }).timeout(15_000);

  describe('and QEMU', () => {
    before(function () {
      if (!hasQemu) this.skip();
    });

    /** Whether QEMU opens it, in a process that ends at once. */
    function qemuOpens(...args: readonly string[]): boolean {
      const { status, stderr } = spawnSync('qemu-io', ['-f', 'raw', ...args, '-c', 'read 0 512', image], { encoding: 'utf8' });
      if (status !== 0) expect(stderr).to.match(/Failed to get|lock/);
      return status === 0;
    }

    const rows: readonly (readonly [name: keyof typeof OURS, reads: boolean, writes: boolean])[] = [
      ['reader', true, false],
      ['writer', false, false],
      ['full reader', false, false],
      ['full writer', false, false],
    ];
    for (const [name, reads, writes] of rows) {
      it(`under a ${name} ${reads ? 'reads' : 'reads nothing'} and ${writes ? 'writes' : 'writes nothing'}`, () => {
        expect(take(OURS[name])).to.equal('yes');
        expect([qemuOpens('-r'), qemuOpens()]).to.deep.equal([reads, writes]);
      }).timeout(10_000);
    }

    /** What is had while QEMU has it open. */
    async function besides(args: readonly string[], names: readonly (keyof typeof OURS)[]): Promise<readonly string[]> {
      const child = spawn('qemu-io', ['-f', 'raw', ...args, image], { stdio: ['pipe', 'pipe', 'inherit'] });
      const ended = once(child, 'exit');
      try {
        child.stdin.write('read 0 512\n');
        await once(child.stdout, 'data');
        let said = '';
        while (!said.includes('ops')) said += String((await once(child.stdout, 'data'))[0]);
        return names.filter((name) => take(OURS[name]) === 'yes');
      } finally {
        child.stdin.end();
        await ended;
      }
    }

    it('that reads lets in a reader, and no writer', async () => {
      expect(await besides(['-r'], ['writer', 'full writer', 'reader'])).to.deep.equal(['reader']);
    }).timeout(10_000);

    it('that writes lets nobody in', async () => {
      expect(await besides([], ['writer', 'full writer', 'reader'])).to.deep.equal([]);
    }).timeout(10_000);
  });
});
