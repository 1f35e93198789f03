import { expect } from 'chai';
import { STATE, WORD, controlBuffer, controlWords, enterState, mayFollow, stateOf } from './control-words.ts';

describe('vCPU states', () => {
  const { created, parked, paused, running, stopped } = STATE;
  const allowed = new Map([
    [created, [parked, paused, running, stopped]],
    [parked, [paused, running, stopped]],
    [paused, [parked, running, stopped]],
    [running, [parked, paused, stopped]],
    [stopped, []],
  ]);
  for (const [from, targets] of allowed) {
    it(`${from}: may become ${targets.join(', ') || 'nothing'}`, () => {
      expect(Object.values(STATE).filter((to) => mayFollow(from, to))).to.deep.equal(targets);
    });
  }

  it('each vCPU has words of its own', () => {
    const buffer = controlBuffer(2);
    enterState(controlWords(buffer, 1), paused);
    expect([stateOf(controlWords(buffer, 0)), stateOf(controlWords(buffer, 1))]).to.deep.equal([created, paused]);
  });

  it('a move that is not allowed is a mistake', () => {
    const words = controlWords(controlBuffer(1), 0);
    words[WORD.state] = stopped;
    expect(() => enterState(words, running)).to.throw('vCPU state');
  });
});
