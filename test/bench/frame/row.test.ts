import { expect } from 'chai';
import { type Row, judge, missesBar } from './row.ts';

const ROW: Row = {
  bench: 'block',
  case: 'read',
  unit: 'kIOPS',
  better: 'higher',
  peerName: 'peer',
  samples: [],
  peerSamples: [],
  bar: 1,
  cpuPerUnitUs: null,
  peerCpuPerUnitUs: null,
};

describe('judge', () => {
  it('turns the ratio of each pair so that above 1 we are ahead', () => {
    const higher = judge({ ...ROW, samples: [20, 30, 10], peerSamples: [10, 10, 10] });
    expect(higher.ratios).to.deep.equal([2, 3, 1]);
    expect(higher.ratio).to.equal(2);
    expect(judge({ ...ROW, better: 'lower', samples: [20, 30, 10], peerSamples: [10, 15, 20] }).ratios).to.deep.equal([0.5, 0.5, 2]);
  });

  it('holds two that use nothing for equal', () => {
    expect(judge({ ...ROW, better: 'lower', samples: [0, 0], peerSamples: [0, 0] })).to.include({ ratio: 1, verdict: 'holds' });
    expect(judge({ ...ROW, better: 'lower', samples: [1, 1], peerSamples: [0, 0] })).to.include({ ratio: 0, verdict: 'falls short' });
  });

  it('finds a row short only where the whole interval is below the bar', () => {
    const samples = [8, 9, 9, 9, 9, 9, 9, 9, 9, 11];
    const peerSamples = samples.map(() => 10);
    expect(judge({ ...ROW, samples, peerSamples })).to.include({ verdict: 'falls short' });
    expect(judge({ ...ROW, samples, peerSamples, bar: 0.9 })).to.include({ verdict: 'holds' });
    expect(judge({ ...ROW, samples, peerSamples, bar: null })).to.include({ verdict: 'reference' });
    // As often above as below.
    expect(judge({ ...ROW, samples: [8, 12, 8, 12, 8, 12, 8, 12, 8, 12], peerSamples })).to.include({ verdict: 'holds' });
  });

  it('holds no bar without numbers', () => {
    expect(judge(ROW).verdict).to.equal('falls short');
    expect(judge({ ...ROW, samples: [Number.NaN], peerSamples: [1] }).verdict).to.equal('falls short');
    const failed = judge({ ...ROW, bar: null, failed: 'no disk' });
    expect(failed.verdict).to.equal('failed');
    expect(missesBar(failed)).to.equal(true);
  });
});
