import { expect } from 'chai';
import { mayMove } from './child.ts';

describe('a child process', () => {
  const STATES = ['starting', 'running', 'stopping', 'ended'] as const;
  const ALLOWED = new Set([
    'starting running',
    'starting stopping',
    'starting ended',
    'running stopping',
    'running ended',
    'stopping ended',
  ]);
  for (const from of STATES) {
    for (const to of STATES) {
      it(`${from} -> ${to}: ${ALLOWED.has(`${from} ${to}`) ? 'may' : 'may not'}`, () => {
        expect(mayMove(from, to)).to.equal(ALLOWED.has(`${from} ${to}`));
      });
    }
  }
});
