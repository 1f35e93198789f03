import { expect } from 'chai';
import { explainRefusal, refuseBeforehand } from './host-memory.ts';

const GIB = 2 ** 30;
const HOST = { total: 16 * GIB, swap: 4 * GIB, available: 8 * GIB };
const PAGES = { prefault: false, hugePageSize: undefined };

describe('guest memory that this machine cannot give', () => {
  const rows: readonly (readonly [string, Parameters<typeof refuseBeforehand>[0], string | undefined])[] = [
    ['more than there is', { ...PAGES, size: 64 * GIB }, undefined],
    ['16 times what there is', { ...PAGES, size: 320 * GIB }, undefined],
    [
      'more than that',
      { ...PAGES, size: 321 * GIB },
      '--memory size=321G: this machine has 20G, and no guest gets more than 16 times that; give less',
    ],
    ['prefaulted, as much as is free', { ...PAGES, size: 8 * GIB, prefault: true }, undefined],
    [
      'prefaulted, more',
      { ...PAGES, size: 9 * GIB, prefault: true },
      '--memory size=9G,prefault=on: 8G are free on this machine; give less, or leave prefault=on out',
    ],
    ['prefaulted huge pages, which are counted apart', { size: 9 * GIB, prefault: true, hugePageSize: 2 ** 21 }, undefined],
  ];
  for (const [name, wish, line] of rows) it(`${name} -> ${line ?? 'tried'}`, () => expect(refuseBeforehand(wish, HOST)).to.equal(line));

  it('this machine knows its own memory', () => {
    expect(refuseBeforehand({ ...PAGES, size: 2 ** 20, prefault: true })).to.equal(undefined);
    expect(refuseBeforehand({ ...PAGES, size: 2 ** 52 })).to.match(/^--memory size=4194304G: this machine has \d+[GM], /);
  });

  it('refused by the kernel -> its reason', () => {
    expect(explainRefusal({ ...PAGES, size: GIB }, 'no luck')).to.equal('--memory size=1G: no luck; give less');
  });

  it('huge pages of a size that no machine has -> those that it has', () => {
    expect(explainRefusal({ size: GIB, prefault: false, hugePageSize: 2 ** 24 }, '')).to.match(
      /^--memory hugepage_size=16M: this machine has no huge pages of that size; it has \w+/,
    );
  });
});
