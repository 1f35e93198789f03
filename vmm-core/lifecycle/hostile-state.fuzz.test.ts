/** Saved states that were made to mislead, their checksums right: each is refused in one line, or restored, and then works on. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { Random } from '#shared/testing/random.ts';
import { InterruptTarget } from '../bus/testing/interrupt-target.ts';
import { RestorableMachine } from './testing/restorable-machine.fixture.ts';

interface Content {
  readonly memorySize: number;
  readonly vcpus: readonly Readonly<Record<string, unknown>>[];
  readonly slices: readonly { readonly name: string; readonly version: number; readonly bytes: string }[];
  readonly clock: Readonly<Record<string, unknown>>;
  readonly queues: Readonly<Record<string, readonly number[]>>;
}

const SEED = 20261123;
const ROUNDS = 60;
const WORDS = [0, 1, 5, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as const;
const LEAVES = [-1, 0, 1, 1.5, 2 ** 32, 2 ** 53, 1e300, null, true, '', 'z', [], {}] as const;

/** Words of a virtio device's slice: its registers, of its first queue, and of its first vector behind `queues` of them. */
const STATUS = 1;
const STATE = 2;
const CONFIG_VECTOR = 7;
const QUEUE_SELECT = 8;
const WRITES_HEAD = 11;
const QUEUE = { size: 16, vector: 17, enabled: 18, descriptorLow: 19, descriptorHigh: 20 } as const;
const FIRST_GSI = (queues: number): number => 16 + queues * 10 + 2 + 4;
const SERIAL_OUTPUT_HEAD = 1;
/** Behind the configuration space of 256 bytes. */
const BAR_LOW = 64;

describe('a saved state made to mislead', function () {
  this.timeout(120_000);
  let machine: RestorableMachine;
  let good: Content;
  before(async function () {
    if (!InterruptTarget.available) return this.skip();
    machine = new RestorableMachine();
    good = JSON.parse(await machine.saved()).content;
  });
  after(() => machine?.[Symbol.asyncDispose]());

  async function restore(content: unknown): Promise<string> {
    const sha256 = createHash('sha256').update(JSON.stringify(content)).digest('hex');
    const result = await machine.restore(JSON.stringify({ format: 'vmm-core machine', version: 1, sha256, content }));
    return result.ok ? 'restored' : result.error;
  }

  /** The content with a 32-bit word of a slice changed. */
  function withWord(name: string, word: number, value: number): Content {
    const slices = good.slices.map((slice) => {
      if (slice.name !== name) return slice;
      const bytes = Buffer.from(slice.bytes, 'base64');
      bytes.writeInt32LE(value | 0, word * 4);
      return { ...slice, bytes: bytes.toString('base64') };
    });
    return { ...good, slices };
  }

  const vcpu = (changes: Readonly<Record<string, unknown>>): Content => ({ ...good, vcpus: [{ ...good.vcpus[0], ...changes }] });

  const damaged = (what: string): string => `the state file is damaged: ${what}`;
  const rows: readonly (readonly [name: string, change: () => Content, line: string])[] = [
    ['nothing changed', () => good, 'restored'],
    ['a status beyond its byte', () => withWord('disk0-virtio', STATUS, 0x100), damaged('disk0: its status is 0x100')],
    ['a state of no device', () => withWord('disk0-virtio', STATE, 2), damaged('disk0: its state is 2')],
    ['a queue selected below the first', () => withWord('rng-virtio', QUEUE_SELECT, -3), damaged('rng: it has selected queue -3')],
    [
      'a vector below the first',
      () => withWord('rng-virtio', CONFIG_VECTOR, -1),
      damaged('rng: its configuration has a vector that is none'),
    ],
    ['a queue of no power of two', () => withWord('rng-virtio', QUEUE.size, 3), damaged('rng: queue 0 has 3 entries')],
    ['a queue of nothing', () => withWord('disk0-virtio', QUEUE.size, 0), damaged('disk0: queue 0 has 0 entries')],
    ['a queue too long', () => withWord('disk0-virtio', QUEUE.size, 256), damaged('disk0: queue 0 has 256 entries')],
    ['a queue with a vector too far', () => withWord('disk0-virtio', QUEUE.vector, 3), damaged('disk0: queue 0 has a vector that is none')],
    ['a queue enabled twice', () => withWord('disk0-virtio', QUEUE.enabled, 2), damaged('disk0: queue 0 cannot have been enabled')],
    [
      'a queue at an odd address',
      () => withWord('disk0-virtio', QUEUE.descriptorLow, 0x80_0001),
      damaged('disk0: queue 0 cannot have been enabled'),
    ],
    [
      'a queue beyond every address',
      () => withWord('rng-virtio', QUEUE.descriptorHigh, -1),
      damaged('rng: queue 0 cannot have been enabled'),
    ],
    ['a queue where no memory is', () => withWord('rng-virtio', QUEUE.descriptorHigh, 1), 'restored'],
    [
      'a million writes that wait',
      () => withWord('disk0-virtio', WRITES_HEAD, 1e6),
      damaged('disk0: 999999 writes to its configuration wait'),
    ],
    [
      'a write that waits and was none',
      () => withWord('rng-virtio', WRITES_HEAD, 1),
      damaged('rng: a write to its configuration waits that is none'),
    ],
    ["an interrupt of the IOAPIC's", () => withWord('disk0-virtio', FIRST_GSI(2), 5), damaged('disk0: MSI-X vector 0 has the GSI 5')],
    ['an interrupt too far', () => withWord('rng-virtio', FIRST_GSI(1), 4096), damaged('rng: MSI-X vector 0 has the GSI 4096')],
    ['more output than fits', () => withWord('com1', SERIAL_OUTPUT_HEAD, 1e6), damaged('com1: more bytes wait than there is room for')],
    ['a BAR at an odd address', () => withWord('rng-config', BAR_LOW, 5), damaged('a base address is where no device can be')],
    ['a BAR in memory', () => withWord('disk0-config', BAR_LOW, 0x10_0000), damaged('a base address is where no device can be')],
    ['a BAR beyond every address', () => withWord('rng-config', BAR_LOW + 1, -1), damaged('a base address is where no device can be')],
    ['a wish that is none', () => withWord('power', 0, 4), damaged('power: a wish that is none (4)')],
    ['a queue less', () => ({ ...good, queues: { ...good.queues, disk0: [0] } }), damaged('it has 1 queues of disk0')],
    ['queues of nobody', () => ({ ...good, queues: { ...good.queues, x: [] } }), damaged('it has queues of x, which this machine has not')],
    ['another vCPU', () => vcpu({ id: 1 }), damaged('vCPU 0 is not where it belongs')],
    ['a CPUID leaf too long', () => vcpu({ cpuid: [[1, 0, 0, 1, 2, 3, 4, 5]] }), damaged('vcpus is missing or wrong')],
    ['a CPUID register beyond 32 bits', () => vcpu({ cpuid: [[1, 0, 0, 2 ** 32, 2, 3, 4]] }), damaged('vcpus is missing or wrong')],
    ['an MSR of no number', () => vcpu({ msrs: [['16', '0']] }), damaged('vcpus is missing or wrong')],
    ['an MSR beyond 64 bits', () => vcpu({ msrs: [[16, '10000000000000000']] }), 'saved vCPU state: msrs is missing or has the wrong size'],
  ];
  for (const [name, change, line] of rows) {
    it(`${name} -> ${line}`, async () => {
      expect(await restore(change())).to.equal(line);
    });
  }

  it('anything changed anywhere -> one line, or a machine that works', async () => {
    const random = new Random(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      const slice = good.slices[random.below(good.slices.length)];
      if (slice === undefined || random.oneIn(3)) {
        const { content, path } = withLeaf(good, random);
        expect(await tried(content, path)).to.match(/^[^\n]+$/);
      } else {
        const word = random.below(Math.min(200, Buffer.from(slice.bytes, 'base64').length / 4));
        const value = WORDS[random.below(WORDS.length)] ?? 0;
        expect(await tried(withWord(slice.name, word, value), `${slice.name} word ${word} = ${value}`)).to.match(/^[^\n]+$/);
      }
    }
  });

  async function tried(content: unknown, what: string): Promise<string> {
    try {
      return await restore(content);
    } catch (error) {
      throw new Error(what, { cause: error });
    }
  }
});

/** A copy with one value, anywhere in it, replaced by another. */
function withLeaf(content: Content, random: Random): { readonly content: unknown; readonly path: string } {
  const path: string[] = [];
  const change = (value: unknown): unknown => {
    const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    const chosen = entries[random.below(Math.max(1, entries.length))];
    if (chosen === undefined || random.oneIn(12)) return LEAVES[random.below(LEAVES.length)];
    path.push(chosen[0]);
    const changed = change(chosen[1]);
    if (Array.isArray(value)) return value.map((item: unknown, index) => (String(index) === chosen[0] ? changed : item));
    return { ...Object.fromEntries(entries), [chosen[0]]: changed };
  };
  const changed = change(content);
  return { content: changed, path: path.join('.') };
}
