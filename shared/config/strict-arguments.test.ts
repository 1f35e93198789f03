import { expect } from 'chai';
import { FLAG, parseStrictly } from './strict-arguments.ts';

const SHAPES = { size: 'SIZE', path: 'PATH', json: FLAG, help: FLAG } as const;

describe('a command line of options that may be given once', () => {
  it('options, flags and other words -> as they were given', () => {
    const parsed = parseStrictly(['info', '--size', '1G', '--json', 'disk', '--path=--odd'], SHAPES);
    if (!parsed.ok) throw new Error(parsed.error);
    const { positionals, names } = parsed.value;
    expect([positionals, names]).to.deep.equal([
      ['info', 'disk'],
      ['size', 'json', 'path'],
    ]);
    expect([parsed.value.text('size'), parsed.value.text('path'), parsed.value.has('json')]).to.deep.equal(['1G', '--odd', true]);
  });

  it('-h -> --help; not so where there is none', () => {
    const parsed = parseStrictly(['-h'], SHAPES);
    expect(parsed.ok && parsed.value.has('help')).to.equal(true);
    expect(parseStrictly(['-h'], { json: FLAG })).to.deep.equal({ ok: false, error: 'unknown option "-h"' });
  });

  const bad: readonly (readonly [string, string])[] = [
    ['--sise 1G', 'unknown option "--sise"; did you mean "--size"?'],
    ['-x', 'unknown option "-x"'],
    ['--no-json', 'unknown option "--no-json"; did you mean "--json"?'],
    ['--toString', 'unknown option "--toString"'],
    ['--size', '--size needs a value: --size SIZE'],
    ['--size --json', '--size needs a value: --size SIZE'],
    ['--json=yes', '--json takes no value, but was given "yes"; leave the value out'],
    ['--size 1G --size 2G', '--size is given twice; keep one of them'],
    ['--json --json', '--json is given twice; keep one of them'],
  ];
  for (const [line, error] of bad) {
    it(`${line} -> ${error}`, () => expect(parseStrictly(line.split(' '), SHAPES)).to.deep.equal({ ok: false, error }));
  }
});
