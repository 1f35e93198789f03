import { expect as check } from 'chai';
import { expect } from '../lang/result.ts';
import { drainEventFd } from '../sys/eventfd.ts';
import { Mapping } from '../sys/mapping.ts';
import { eventFd } from '../testing/session-pair.ts';
import { DirtyLog, logSizeFor } from './dirty-log.ts';

/** Bytes of the log, with as many behind it that nobody may touch. */
const LENGTH = 8;
const BEYOND = 0x5a;

function marked(marks: readonly (readonly [address: number, length: number])[]): readonly number[] {
  using mapping = expect(Mapping.map({ length: 4096 }), 'log');
  const bytes = new Uint8Array(mapping.view());
  bytes.fill(BEYOND, LENGTH);
  const log = new DirtyLog({ address: mapping.address, length: LENGTH, callFd: undefined });
  for (const [address, length] of marks) log.mark(address, length);
  check(bytes.subarray(LENGTH).every((byte) => byte === BEYOND)).to.equal(true);
  return Array.from({ length: LENGTH * 8 }, (_, page) => page).filter((page) => ((bytes[page >> 3] ?? 0) & (1 << (page & 7))) !== 0);
}

describe('a dirty log', () => {
  const rows: readonly (readonly [string, readonly (readonly [number, number])[], readonly number[]])[] = [
    ['a byte', [[0x1000, 1]], [1]],
    ['the last byte of a page', [[0x1fff, 1]], [1]],
    ['two bytes over a border', [[0x1fff, 2]], [1, 2]],
    ['a whole page', [[0x3000, 0x1000]], [3]],
    ['a byte more', [[0x3000, 0x1001]], [3, 4]],
    ['over a byte of the log', [[0x6800, 0x3000]], [6, 7, 8, 9]],
    [
      'the same twice',
      [
        [0, 1],
        [5, 1],
      ],
      [0],
    ],
    ['nothing', [[0x1000, 0]], []],
    ['the last page of the log', [[63 * 0x1000, 0x1000]], [63]],
    ['past the end of the log', [[62 * 0x1000, 2 ** 40]], [62, 63]],
    [
      'beyond the log',
      [
        [64 * 0x1000, 1],
        [2 ** 52, 1],
        [2 ** 53, 2 ** 53],
      ],
      [],
    ],
  ];
  for (const [name, marks, pages] of rows)
    it(`${name} -> pages ${pages.join(', ') || 'none'}`, () => check(marked(marks)).to.deep.equal(pages));

  it('signals for pages that were clean, and not where its owner let the signal run full', () => {
    using mapping = expect(Mapping.map({ length: 4096 }), 'log');
    using call = eventFd();
    const bytes = new Uint8Array(mapping.view());
    const log = new DirtyLog({ address: mapping.address, length: 4096, callFd: call.fd });
    log.mark(0x1000, 0x2000);
    log.mark(0x1800, 1);
    check(drainEventFd(call.fd)).to.equal(1);
    bytes[0] = 0;
    log.mark(0x1800, 1);
    check(drainEventFd(call.fd)).to.equal(1);
  });

  const sizes = [
    [0, 0],
    [1, 1],
    [8 * 4096, 1],
    [8 * 4096 + 1, 2],
    [2 ** 40, 2 ** 25],
  ] as const;
  for (const [end, size] of sizes) it(`needs ${size} bytes for ${end}`, () => check(logSizeFor(end)).to.equal(size));
});
