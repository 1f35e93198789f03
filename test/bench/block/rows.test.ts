import { expect } from 'chai';
import { CASES, type Case } from './cases.ts';
import type { Sample } from './load.ts';
import { type SideSamples, betterBackend, failedRow, rowsOf } from './rows.ts';
import { BARE } from './sides.ts';

function side(name: string, ...kiops: readonly number[]): SideSamples {
  return {
    name,
    samples: kiops.map((each): Sample => ({ requests: 1, kiops: each, p50Us: 1000 / each, p99Us: 5000 / each, cpuUs: 100 / each })),
  };
}

function caseNamed(name: string): Case {
  const found = CASES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return found;
}

describe('rows of the block benchmark', () => {
  it('has the cases that are asked for', () => {
    const workloads = ['4k-qd1', '4k-qd32', '4k-qd128', '128k-seq'];
    const names = ['cached', 'direct'].flatMap((cache) =>
      ['read', 'write'].flatMap((direction) => workloads.map((workload) => `${direction}-${workload}-${cache}`)),
    );
    const all = [...names, ...names.map((name) => `qcow2-${name}`), ...names.map((name) => `${name}-q4`)];
    expect(CASES.map(({ name }) => name)).to.have.members(all);
  });

  it('asks each bar where it is due', () => {
    const bars = (name: string): unknown => caseNamed(name).bars;
    expect(bars('read-4k-qd1-cached')).to.deep.equal({ throughput: 1, bare: null, p50: 1, cpu: 1 });
    expect(bars('read-4k-qd32-cached')).to.deep.equal({ throughput: 1, bare: null, p50: null, cpu: 1 });
    expect(bars('read-4k-qd128-cached')).to.deep.equal({ throughput: 1.3, bare: null, p50: null, cpu: 1 });
    expect(bars('write-4k-qd32-cached')).to.deep.equal({ throughput: 1.3, bare: null, p50: null, cpu: 1 });
    expect(bars('write-128k-seq-direct')).to.deep.equal({ throughput: null, bare: 0.95, p50: null, cpu: 1 });
    expect(bars('read-4k-qd128-cached-q4')).to.deep.equal({ throughput: null, bare: null, p50: null, cpu: null });
    expect(bars('qcow2-write-4k-qd128-direct')).to.deep.equal({ throughput: 0.8, bare: null, p50: null, cpu: null });
  });

  it('judges all of a case beside the backend that does more', () => {
    const rows = rowsOf(caseNamed('read-4k-qd1-cached'), side('ours', 10, 20), [side('slow', 5, 6), side('fast', 7, 30)]);
    expect(rows.map((row) => [row.case, row.peerName, row.bar])).to.deep.equal([
      ['read-4k-qd1-cached', 'slow', null],
      ['read-4k-qd1-cached', 'fast', 1],
      ['read-4k-qd1-cached-p50', 'slow', null],
      ['read-4k-qd1-cached-p50', 'fast', 1],
      ['read-4k-qd1-cached-p99', 'slow', null],
      ['read-4k-qd1-cached-p99', 'fast', null],
      ['read-4k-qd1-cached-cpu', 'slow', null],
      ['read-4k-qd1-cached-cpu', 'fast', 1],
    ]);
    expect(rows[1]).to.deep.include({ better: 'higher', unit: 'kIOPS', samples: [10, 20], peerSamples: [7, 30], cpuPerUnitUs: 7.5 });
    expect(rows[3]).to.deep.include({ better: 'lower', unit: 'us', samples: [100, 50], plot: 'read-4k-qd1-cached' });
  });

  it('judges O_DIRECT throughput beside the file, and the rest beside a backend', () => {
    const rows = rowsOf(caseNamed('read-4k-qd1-direct'), side('ours', 10), [side('daemon', 5), side(BARE, 50)]);
    expect(rows.filter(({ bar }) => bar !== null).map((row) => [row.case, row.peerName, row.bar])).to.deep.equal([
      ['read-4k-qd1-direct', BARE, 0.95],
      ['read-4k-qd1-direct-p50', 'daemon', 1],
      ['read-4k-qd1-direct-cpu', 'daemon', 1],
    ]);
    expect(rows.some((row) => row.case.endsWith('-cpu') && row.peerName === BARE)).to.equal(false);
  });

  it('takes no file for the better backend', () => {
    expect(betterBackend([side('daemon', 5), side(BARE, 50)])).to.equal('daemon');
    expect(betterBackend([side(BARE, 50)])).to.equal(undefined);
  });

  it('has a row for a case that failed, with its bar', () => {
    const row = failedRow(caseNamed('qcow2-read-4k-qd1-cached'), 'not supported');
    expect(row).to.deep.include({ case: 'qcow2-read-4k-qd1-cached', bar: 0.8, samples: [], failed: 'not supported' });
  });
});
