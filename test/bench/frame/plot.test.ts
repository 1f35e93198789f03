import { expect } from 'chai';
import { renderPlot, renderSamples } from './plot.ts';
import { renderTable } from './report.ts';
import type { Row } from './row.ts';

const ROW: Row = {
  bench: 'block',
  case: 'a<b',
  unit: 'kIOPS',
  better: 'higher',
  peerName: 'peer',
  samples: [10, 12, 11],
  peerSamples: [10, 10, 10],
  bar: 1.3,
  cpuPerUnitUs: 1,
  peerCpuPerUnitUs: 2,
};
const FAILED: Row = { ...ROW, case: 'gone', samples: [], peerSamples: [], failed: 'no disk' };

describe('plots', () => {
  it('show every sample of both sides, the median, the bar and the verdict', () => {
    const svg = renderSamples('block: a<b', [ROW]);
    expect(svg.match(/<circle/g)).to.have.length(6);
    for (const said of ['a&lt;b: kIOPS, higher is better', 'ours: 11.0 (10.5-11.5)', 'peer: 10.0 (10.0-10.0)', 'bar 1.3: falls short']) {
      expect(svg).to.include(said);
    }
    // A stroke is to be reached at 13, to the right of everything there is.
    const target = Number(/<line x1="([\d.]+)"[^>]*stroke="#c33"/.exec(svg)?.[1]);
    const dots = [...svg.matchAll(/<circle cx="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(target).to.be.greaterThan(Math.max(...dots));
    expect(target).to.be.lessThan(900);
  });

  it('have a line for each row that is judged or the case itself', () => {
    const svg = renderPlot('block', [
      ROW,
      { ...ROW, case: 'a<b-p99', bar: null, plot: 'a<b' },
      { ...ROW, case: 'other', bar: null },
      FAILED,
    ]);
    expect(svg.match(/<circle/g)).to.have.length(6);
    expect(svg).to.not.include('a&lt;b-p99');
    expect(svg).to.include('>gone<').and.to.include('no disk');
    expect(svg).to.not.match(/NaN|Infinity/);
  });

  it('say why a case has no samples', () => {
    expect(renderSamples('gone', [FAILED]))
      .to.include('failed: no disk')
      .and.to.not.match(/NaN|Infinity/);
    expect(renderTable([FAILED]))
      .to.include('failed: no disk')
      .and.to.not.include('NaN');
  });
});
