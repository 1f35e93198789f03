import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, text } from './tree.ts';

/** Tests that `document` names as `file` "part of a title", and that are not there. */
function lost(document: string): { readonly named: number; readonly lost: readonly string[] } {
  const named = [...document.matchAll(/`([\w./-]+\.test\.ts)` "([^"]+)"/g)].map(([, path = '', title = '']) => ({ path, title }));
  const gone = named.filter(({ path, title }) => !existsSync(join(root, path)) || !text(path).includes(title));
  return { named: named.length, lost: gone.map(({ path, title }) => `${path}: ${title}`) };
}

describe('the table of attacks', () => {
  it('names tests that there are', () => {
    const found = lost(text('test/chaos/README.md'));
    expect(found.lost).to.deep.equal([]);
    expect(found.named).to.be.greaterThan(60);
  });

  it('and would not name others', () => {
    expect(lost('`test/style/attacks.test.ts` "no such title, of ' + 'course"').lost).to.have.length(1);
    expect(lost('`test/style/none.test.ts` "the table of attacks"').lost).to.have.length(1);
  });
});
