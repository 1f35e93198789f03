import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { expect as must } from '../lang/result.ts';
import { cpuSet, setThreadAffinity, threadAffinity } from './affinity.ts';

/** As the kernel tells it of the calling thread: `0-1`. */
function allowed(): string {
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/thread-self/status', 'utf8'))?.[1] ?? '';
}

describe('affinity', () => {
  it('has the thread run on the CPUs of a set, and on those of before again', () => {
    const before = must(threadAffinity(), 'affinity');
    const list = allowed();
    const [first = ''] = list.split(/[-,]/);
    const one = must(cpuSet([Number(first)]), 'set');
    expect(allowed()).to.equal(list);
    must(setThreadAffinity(one), 'pin');
    expect(allowed()).to.equal(first);
    must(setThreadAffinity(before), 'unpin');
    expect(allowed()).to.equal(list);
  });

  for (const cpu of [8191, 8192, 2 ** 32, -1, 0.5]) {
    it(`knows that there is no CPU ${cpu}, and leaves the thread where it was`, () => {
      const list = allowed();
      const refused = cpuSet([Number(list.split(/[-,]/)[0]), cpu]);
      expect(refused).to.deep.equal({ ok: false, error: { code: 'NO_SUCH_CPU', cpu } });
      expect(allowed()).to.equal(list);
    });
  }
});
