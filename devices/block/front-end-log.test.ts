import { expect } from 'chai';
import { FrontEndLog } from './front-end-log.ts';

describe('what front ends do wrong', () => {
  it('is told of in twenty lines in ten seconds, with how many were kept back', () => {
    const lines: string[] = [];
    const log = new FrontEndLog((line) => lines.push(line));
    for (let count = 0; count < 1000; count++) log.tell(() => `line ${count}`, count);
    expect(lines).to.deep.equal(Array.from({ length: 20 }, (_, count) => `line ${count}`));
    for (const nowMs of [9999, 10_000, 10_001]) log.tell(() => `at ${nowMs}`, nowMs);
    expect(lines.slice(20)).to.deep.equal(['at 10000 (and 981 more before that)', 'at 10001']);
  });
});
