import { expect } from 'chai';
import { splitList, splitPairs, splitTuples } from './grammar.ts';
import { byteSize, deviceId, integer, integerList, powerOfTwo, shortText, toggle, tupleList, uuid } from './value-types.ts';

describe('splitPairs', () => {
  const good: readonly (readonly [string, readonly (readonly [string, string | undefined])[]])[] = [
    ['', []],
    ['boot=1', [['boot', '1']]],
    [
      'boot=1,max=4',
      [
        ['boot', '1'],
        ['max', '4'],
      ],
    ],
    ['tty', [['tty', undefined]]],
    ['file=', [['file', '']]],
    ['path=/a=b', [['path', '/a=b']]],
    [
      'path="/a,b",readonly=on',
      [
        ['path', '/a,b'],
        ['readonly', 'on'],
      ],
    ],
    ['path=/a" "b', [['path', '/a b']]],
    ['path="say ""hi"""', [['path', 'say "hi"']]],
    [
      'path="[",id=x',
      [
        ['path', '['],
        ['id', 'x'],
      ],
    ],
    [
      'list=[1,2],id=x',
      [
        ['list', '[1,2]'],
        ['id', 'x'],
      ],
    ],
    ['list=[1@[2,3],4@[5]]', [['list', '[1@[2,3],4@[5]]']]],
    ['list=["a,]",b]', [['list', '["a,]",b]']]],
  ];
  for (const [text, pairs] of good) {
    it(`${text || '(nothing)'} -> ${pairs.length} pairs`, () => {
      expect(splitPairs(text)).to.deep.equal({ ok: true, value: pairs.map(([key, value]) => ({ key, value })) });
    });
  }

  const bad: readonly (readonly [string, string])[] = [
    ['path="a', 'a quote is not closed'],
    ['list=[1', 'a bracket is not closed'],
    ['list=1]', 'a bracket is closed that was not opened'],
    ['a=1,,b=2', 'there is nothing between two commas'],
    ['a=1,', 'there is nothing between two commas'],
    ['=1', 'there is no key before "=1"'],
  ];
  for (const [text, problem] of bad) {
    it(`${text} -> ${problem}`, () => {
      expect(splitPairs(text)).to.deep.equal({ ok: false, error: problem });
    });
  }
});

describe('lists and tuples', () => {
  it('drops brackets and quotes of a list', () => {
    expect(splitList('["a,b",c]', false)).to.deep.equal({ ok: true, value: ['a,b', 'c'] });
  });

  it('takes tuples apart at the first @', () => {
    expect(splitTuples('[a@[1,2],b@c@d]')).to.deep.equal({
      ok: true,
      value: [
        ['a', '[1,2]'],
        ['b', 'c@d'],
      ],
    });
  });

  it('refuses a tuple list without brackets, and half a tuple', () => {
    expect(splitTuples('a@b').ok).to.equal(false);
    expect(splitTuples('[a@]').ok).to.equal(false);
    expect(splitTuples('[@b]').ok).to.equal(false);
  });
});

describe('value types', () => {
  const GIB = 2 ** 30;
  const table: readonly (readonly [string, { parse(text: string): unknown }, readonly (readonly [string, unknown])[]])[] = [
    [
      'toggle',
      toggle,
      [
        ['on', true],
        ['TRUE', true],
        ['off', false],
        ['False', false],
        ['', false],
        ['yes', undefined],
        ['1', undefined],
      ],
    ],
    [
      'byteSize',
      byteSize,
      [
        ['0', 0],
        ['512', 512],
        ['4K', 4096],
        ['512M', 512 * 2 ** 20],
        ['2g', 2 * GIB],
        ['3T', 3072 * GIB],
        ['M', undefined],
        ['-1M', undefined],
        ['1.5G', undefined],
        ['512MiB', undefined],
        ['0x10', undefined],
        ['lots', undefined],
        ['99999999999G', undefined],
        ['8192T', undefined],
        ['', undefined],
      ],
    ],
    [
      'integer',
      integer(1, 8),
      [
        ['1', 1],
        ['8', 8],
        ['0', undefined],
        ['9', undefined],
        ['+1', undefined],
        ['1.0', undefined],
        ['1e0', undefined],
        ['', undefined],
      ],
    ],
    [
      'powerOfTwo',
      powerOfTwo(4, 1024),
      [
        ['4', 4],
        ['128', 128],
        ['2', undefined],
        ['100', undefined],
        ['2048', undefined],
      ],
    ],
    [
      'integerList',
      integerList,
      [
        ['[0,2-4]', [0, 2, 3, 4]],
        ['3', [3]],
        ['[]', []],
        ['[4-2]', undefined],
        ['[2-2]', undefined],
        ['[a]', undefined],
        ['[0-99999999]', undefined],
      ],
    ],
    [
      'tupleList',
      tupleList(integer(0, 9), integerList),
      [
        [
          '[1@[2,3],4@5]',
          [
            [1, [2, 3]],
            [4, [5]],
          ],
        ],
        ['[x@1]', undefined],
        ['1@2', undefined],
      ],
    ],
    [
      'shortText',
      shortText(4),
      [
        ['abcd', 'abcd'],
        ['abcde', undefined],
        ['\u00e9\u00e9', '\u00e9\u00e9'],
        ['\u00e9\u00e9\u00e9', undefined],
      ],
    ],
    [
      'uuid',
      uuid,
      [
        ['01234567-89AB-cdef-0123-456789abcdef', '01234567-89ab-cdef-0123-456789abcdef'],
        ['0123', undefined],
      ],
    ],
    [
      'deviceId',
      deviceId,
      [
        ['disk0', 'disk0'],
        ['_disk0', '_disk0'],
        ['__x', undefined],
        ['../x', undefined],
        ['a/b', undefined],
        ['a'.repeat(65), undefined],
      ],
    ],
  ];
  for (const [name, type, rows] of table) {
    for (const [text, value] of rows) {
      it(`${name}: ${text || '(nothing)'} -> ${JSON.stringify(value) ?? 'refused'}`, () => {
        expect(type.parse(text)).to.deep.equal(value);
      });
    }
  }
});
