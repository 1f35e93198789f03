import { expect } from 'chai';
import { bootstrapInterval, median, quantile } from './statistics.ts';

describe('statistics', () => {
  it('interpolates between the two nearest values, whatever their order', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
    expect(quantile([30, 10, 20], 0.25)).to.equal(15);
    expect(quantile([7], 0.9)).to.equal(7);
    expect(median([])).to.be.NaN;
  });

  it('gives the same interval for the same samples, around their median', () => {
    const samples = [0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8];
    const [low, high] = bootstrapInterval(samples);
    expect(bootstrapInterval(samples)).to.deep.equal([low, high]);
    expect(low).to.be.within(0.9, median(samples) - 0.01);
    expect(high).to.be.within(median(samples) + 0.01, 1.8);
  });

  it('is as narrow as the samples are alike', () => {
    expect(bootstrapInterval([2, 2, 2, 2])).to.deep.equal([2, 2]);
  });
});
