import { expect } from 'chai';
import type { FatalExit } from '../kvm/exit.ts';
import { FaultPolicy, REPEAT_WINDOW_MS } from './fault-policy.ts';

const TRIPLE: FatalExit = { kind: 'triple-fault' };
const OTHERS: readonly FatalExit[] = [
  { kind: 'halted' },
  { kind: 'internal-error', suberror: 1, data: [], instruction: undefined },
  { kind: 'failed-entry', reason: '0x80000021', cpu: 0 },
  { kind: 'system-event', type: 1 },
  { kind: 'unknown', hardwareReason: '0x1' },
  { kind: 'unsupported', reason: 99 },
  { kind: 'run-failed', errno: 14 },
];

describe('FaultPolicy', () => {
  const rows: readonly (readonly [name: string, noReboot: boolean, atMs: readonly number[], decisions: readonly string[]])[] = [
    ['the first triple fault resets', false, [0], ['reset']],
    ['a second one soon stops', false, [1000, 1000 + REPEAT_WINDOW_MS - 1], ['reset', 'stop']],
    ['a second one at the end of the time resets', false, [1000, 1000 + REPEAT_WINDOW_MS], ['reset', 'reset']],
    ['the time counts from the last one', false, [0, 5000, 9999], ['reset', 'reset', 'stop']],
    ['no_reboot: the first stops', true, [0], ['stop']],
  ];
  for (const [name, noReboot, atMs, decisions] of rows) {
    it(name, () => {
      const policy = new FaultPolicy(noReboot);
      expect(atMs.map((ms) => policy.decide(TRIPLE, ms))).to.deep.equal(decisions);
    });
  }

  for (const exit of OTHERS) {
    it(`${exit.kind} -> stop, and is no triple fault that counts`, () => {
      const policy = new FaultPolicy(false);
      expect([policy.decide(exit, 0), policy.decide(TRIPLE, 1)]).to.deep.equal(['stop', 'reset']);
    });
  }
});
