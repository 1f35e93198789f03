import { expect } from 'chai';
import { parseDisk } from '#shared/config/device-options.ts';
import { runHelp } from './run-help.ts';

/** Known, so that what Cloud Hypervisor's users spell out is taken; but only one value of each works. */
const OF_ONE_VALUE = ['iommu', 'pci_segment', 'vhost_user'];

describe("chctl run's help", () => {
  it('tells of every key of --disk, and fits the terminal', () => {
    const parsed = parseDisk('path=a,none=x', 1);
    const known = !parsed.ok && parsed.error.code === 'UNKNOWN_KEY' ? parsed.error.known : [];
    expect(known).to.include.members(['path', 'queue_affinity', 'ops_one_time_burst']);
    const help = runHelp();
    for (const key of known) if (!OF_ONE_VALUE.includes(key)) expect(help).to.contain(`${key}=`);
    for (const line of help.split('\n')) expect(line.length, line).to.be.at.most(120);
  });
});
