import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { type Declared, type Shape, declaredLayouts } from './layouts.ts';

/** What gcc and the kernel's headers said: `npm run layout:refresh` asks them again. */
const headers: Readonly<Record<string, Shape>> = JSON.parse(readFileSync(new URL('headers.json', import.meta.url), 'utf8'));

/** Declared up to the last field that is read; the headers know later ones (setup_header: kernel_info_offset of protocol 2.15). */
const SHORTENED = ['setup_header'];

describe('layouts', () => {
  let declared: Declared;
  before(async () => {
    declared = await declaredLayouts();
  });

  it('every struct() is exported, so that it can be compared', () => {
    const hidden = [...declared.named].filter(([tag]) => !declared.exported.has(tag)).map(([tag, path]) => `${tag} in ${path}`);
    expect(hidden).to.deep.equal([]);
  });

  it('every struct has the size and the offsets that the C headers give', () => {
    expect(declared.exported.size).to.be.greaterThan(10);
    for (const [tag, shape] of declared.exported) {
      expect(headers, `${tag} is new: npm run layout:refresh`).to.have.property(tag);
      expect(shape.offset, tag).to.deep.equal(headers[tag]?.offset);
      if (!SHORTENED.includes(tag)) expect(shape.size, `sizeof ${tag}`).to.equal(headers[tag]?.size);
    }
  });
});
