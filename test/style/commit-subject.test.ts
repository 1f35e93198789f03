import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { subjectFault } from './commit-subject.ts';
import { root } from './tree.ts';

/** The rule holds from here on; a message that is in the history stays as it is. */
const SINCE = '2026-11-23T13:00:00Z';

describe('commit subjects', () => {
  for (const subject of ['block: Serve raw images over io_uring', 'vmm-core/pci: Add ECAM', 'docs: Bring the code map up to date']) {
    it(`${subject} -> fine`, () => expect(subjectFault(subject)).to.equal(undefined));
  }
  for (const [subject, fault] of [
    ['Fix things', 'is not'],
    ['block: serve images', 'is not'],
    ['block Serve images', 'is not'],
    ['floppy: Serve images', 'no component'],
    ['block: Added raw images', 'no imperative'],
    ['block: Serving raw images', 'no imperative'],
    ['block: Serve raw images.', 'full stop'],
    [`block: Serve ${'raw '.repeat(20)}images`, 'columns'],
  ] as const) {
    it(`${subject.slice(0, 40)} -> ${fault}`, () => expect(subjectFault(subject)).to.include(fault));
  }

  it('hold for every commit since the rule stands', function () {
    const log = spawnSync('git', ['log', '--no-merges', `--since=${SINCE}`, '--format=%h %s'], { cwd: root, encoding: 'utf8' });
    if (log.status !== 0) this.skip();
    const faults = log.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ line, fault: subjectFault(line.slice(line.indexOf(' ') + 1)) }))
      .filter(({ fault }) => fault !== undefined);
    expect(faults).to.deep.equal([]);
  });
});
