import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import { Random } from '#shared/testing/random.ts';
import { VCPU_STATE_VERSION } from '../vcpu/state.ts';
import { type SavedMachine, readSavedMachine, writeSavedMachine } from './saved-machine.ts';

const MACHINE: SavedMachine = {
  memorySize: 0x400_0000,
  vcpus: [
    {
      version: VCPU_STATE_VERSION,
      id: 0,
      tscKhz: 2_000_000,
      cpuid: [[1, 0, 0, 1, 2, 3, 4]],
      msrs: [[0x10, 'ffffffffffffffff']],
      files: { regs: 'AAECAw==' },
      xsave: 'AAAA',
      nested: '',
    },
  ],
  slices: [
    { name: 'serial', version: 3, bytes: Uint8Array.of(0, 255, 128) },
    { name: 'empty', version: 1, bytes: new Uint8Array(0) },
  ],
  clock: { nanoseconds: 2n ** 63n, realtimeNanoseconds: 1_700_000_000_000_000_000n },
  queues: { disk0: [0, 65535], rng: [7] },
};

describe('saved machine', () => {
  let path = '';
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'saved-machine-'));
    path = join(folder, 'state');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function withFile<T>(flags: string, use: (file: Fd) => T): T {
    const file = openSync(path, flags);
    try {
      return use(asFd(file));
    } finally {
      closeSync(file);
    }
  }

  /** What a machine is written as. */
  function textOf(machine: SavedMachine): string {
    expect(withFile('w', (file) => writeSavedMachine(file, machine))).to.deep.equal({ ok: true, value: undefined });
    return readFileSync(path, 'utf8');
  }

  /** A file whose checksum is right. */
  function sealed(content: object): string {
    const sha256 = createHash('sha256').update(JSON.stringify(content)).digest('hex');
    return JSON.stringify({ format: 'vmm-core machine', version: 1, sha256, content });
  }

  function read(text: string): ReturnType<typeof readSavedMachine> {
    writeFileSync(path, text);
    return withFile('r', readSavedMachine);
  }

  it('comes back as it was written', () => {
    expect(read(textOf(MACHINE))).to.deep.equal({ ok: true, value: MACHINE });
  });

  it('a clock without the time of day comes back without it', () => {
    const clock = { nanoseconds: 5n, realtimeNanoseconds: undefined };
    expect(read(textOf({ ...MACHINE, clock }))).to.deep.equal({ ok: true, value: { ...MACHINE, clock } });
  });

  const DAMAGED: readonly (readonly [part: string, changes: Readonly<Record<string, unknown>>])[] = [
    ['memorySize', { memorySize: undefined }],
    ['memorySize', { memorySize: -1 }],
    ['memorySize', { memorySize: 1.5 }],
    ['memorySize', { memorySize: '4096' }],
    ['vcpus', { vcpus: {} }],
    ['vcpus', { vcpus: [] }],
    ['vcpus', { vcpus: [null] }],
    ['vcpus', { vcpus: [{ ...MACHINE.vcpus[0], version: VCPU_STATE_VERSION + 1 }] }],
    ['vcpus', { vcpus: [{ ...MACHINE.vcpus[0], tscKhz: null }] }],
    ['vcpus', { vcpus: [{ ...MACHINE.vcpus[0], cpuid: [['1']] }] }],
    ['vcpus', { vcpus: [{ ...MACHINE.vcpus[0], cpuid: [7] }] }],
    ['vcpus', { vcpus: [{ ...MACHINE.vcpus[0], msrs: [[{}, '0']] }] }],
    ['vcpus', { vcpus: [{ ...MACHINE.vcpus[0], files: [] }] }],
    ['vcpus', { vcpus: [{ ...MACHINE.vcpus[0], files: { regs: 1 } }] }],
    ['vcpus', { vcpus: [{ ...MACHINE.vcpus[0], xsave: undefined }] }],
    ['slices', { slices: 'none' }],
    ['slices', { slices: [null] }],
    ['slices', { slices: [{ name: 1, version: 1, bytes: '' }] }],
    ['slices', { slices: [{ name: 'a', version: -1, bytes: '' }] }],
    ['slices', { slices: [{ name: 'a', version: 1 }] }],
    ['clock', { clock: undefined }],
    ['clock', { clock: { nanoseconds: 5 } }],
    ['clock', { clock: { nanoseconds: '-5' } }],
    ['clock', { clock: { nanoseconds: '18446744073709551616' } }],
    ['clock', { clock: { nanoseconds: '5', realtimeNanoseconds: 'now' } }],
    ['queues', { queues: [] }],
    ['queues', { queues: { disk0: 1 } }],
    ['queues', { queues: { disk0: [65536] } }],
    ['queues', { queues: { disk0: [-1] } }],
    ['queues', { queues: { disk0: ['1'] } }],
  ];
  for (const [part, changes] of DAMAGED) {
    it(`${JSON.stringify(changes).slice(0, 70)} -> ${part} is damaged`, () => {
      const error = `the state file is damaged: ${part} is missing or wrong`;
      expect(read(sealed({ ...JSON.parse(textOf(MACHINE)).content, ...changes }))).to.deep.equal({ ok: false, error });
    });
  }

  const STRANGE: readonly (readonly [text: string, line: RegExp])[] = [
    ['', /^the state file cannot be read: /],
    ['{', /^the state file cannot be read: /],
    ['null', /is not a saved machine/],
    ['[]', /is not a saved machine/],
    ['{}', /is not a saved machine/],
    ['{"format":"vmm-core machine"}', /has version undefined; this program reads version 1$/],
    ['{"format":"vmm-core machine","version":2}', /has version 2; this program reads version 1$/],
  ];
  for (const [text, line] of STRANGE) {
    it(`${text || 'nothing'} -> refused in one line`, () => {
      const result = read(text);
      expect(result.ok ? '' : result.error)
        .to.match(line)
        .and.not.include('\n');
    });
  }

  it('a file larger than any state is not read', () => {
    writeFileSync(path, '');
    truncateSync(path, 2 ** 40);
    const error = "the state file has 1099511627776 bytes, more than any machine's";
    expect(withFile('r', readSavedMachine)).to.deep.equal({ ok: false, error });
  });

  it('content that is none, or has another checksum -> refused', () => {
    const error = 'the state file is damaged: its checksum is another';
    const good = JSON.parse(textOf(MACHINE));
    for (const changes of [
      { sha256: 'f00' },
      { sha256: undefined },
      { content: 7 },
      { content: undefined },
      { content: { ...good.content, memorySize: 4096 } },
    ]) {
      expect(read(JSON.stringify({ ...good, ...changes }))).to.deep.equal({ ok: false, error });
    }
  });

  it('a byte changed anywhere is refused', () => {
    const text = textOf(MACHINE);
    const random = new Random(1);
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(text);
      const at = random.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(7));
      const result = read(bytes.toString('latin1'));
      expect(result.ok, `byte ${at}: ${bytes[at]}`).to.equal(false);
    }
  });
});
