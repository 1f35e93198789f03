import { execFile } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { type SavedVcpu, restoreVcpu, stateFormat } from '../../vmm-core/vcpu/state.ts';
import { TinyMachine, needsKvm } from './tiny-machine.ts';

const COUNTER = 0x10_1000;
/** Counts in a register and in memory at once, and tells both: out 0x80, bl; out 0x80, [counter]. */
const COUNT_AND_TELL = [
  ...[0xfe, 0xc3], // a: inc bl
  ...[0xfe, 0x05, 0x00, 0x10, 0x10, 0x00], // inc byte [0x101000]
  ...[0x88, 0xd8, 0xe6, 0x80], // mov al, bl; out 0x80, al
  ...[0xa0, 0x00, 0x10, 0x10, 0x00, 0xe6, 0x80], // mov al, [0x101000]; out 0x80, al
  ...[0xeb, 0xeb], // jmp a
];

describe('save and restore of a machine', function () {
  this.timeout(60_000);
  needsKvm(this);
  let folder = '';
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'saved-machine-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  async function saved(machine: TinyMachine): Promise<SavedVcpu[]> {
    const memory = openSync(join(folder, 'memory'), 'w+');
    try {
      return await machine.save(asFd(memory));
    } finally {
      closeSync(memory);
    }
  }

  it('continues in a new process with the same registers and memory', async () => {
    const before: number[] = [];
    {
      await using machine = new TinyMachine({ code: [0x31, 0xdb, ...COUNT_AND_TELL], at: { [COUNTER]: [100] } });
      machine.start();
      await machine.log.reaches(21);
      must(await machine.threads.pauseAll(), 'test');
      writeFileSync(join(folder, 'state'), JSON.stringify(await saved(machine)));
      before.push(...machine.log.all().map(({ value }) => value));
    }
    const entry = fileURLToPath(new URL('./restored-machine.fixture.ts', import.meta.url));
    const args = [entry, join(folder, 'state'), join(folder, 'memory'), '20'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
    const values: number[] = JSON.parse(stdout).map(({ value }: { value: number }) => value);
    const all = [...before, ...values];
    const expected = all.map((_, index) => (index % 2 === 0 ? 1 + index / 2 : 101 + (index - 1) / 2) & 0xff);
    expect(all).to.deep.equal(expected);
  });

  it('leaves holes where the guest has written nothing', async () => {
    await using machine = new TinyMachine({ code: [0xeb, 0xfe] });
    await saved(machine);
    const { size, blocks } = statSync(join(folder, 'memory'));
    expect(size).to.equal(machine.memory.length);
    expect(blocks * 512).to.be.lessThan(0x10_0000);
  });

  it('refuses a state that is not one', async () => {
    await using machine = new TinyMachine({ code: [0xeb, 0xfe] });
    const [good] = await saved(machine);
    const format = must(stateFormat(machine.kvm), 'test');
    const rows: [string, Partial<SavedVcpu>][] = [
      ['STATE_VERSION', { version: 2 }],
      ['STATE_MALFORMED', { files: { ...good?.files, regs: 'AAAA' } }],
      ['STATE_MALFORMED', { files: {} }],
      ['STATE_MALFORMED', { xsave: '' }],
      ['STATE_MALFORMED', { nested: 'AAAA' }],
      ['STATE_MALFORMED', { msrs: [[0x10, 'twelve']] }],
    ];
    const codes = rows.map(([, change]) => {
      const result = good === undefined ? undefined : restoreVcpu(machine.boot, { ...good, ...change }, format);
      return result === undefined || result.ok ? 'ok' : result.error.code;
    });
    expect(codes).to.deep.equal(rows.map(([code]) => code));
  });
});
