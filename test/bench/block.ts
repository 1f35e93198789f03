/** A disk through vhost-user, and all that it can be asked to do, beside other backends and the bare file. */
import { rmSync } from 'node:fs';
import { CASES, CASE_NAMES, IDLE, JS_PER_REQUEST } from './block/cases.ts';
import { makeFolder } from './block/images.ts';
import { LoadGenerator } from './block/load.ts';
import { PLAIN, type Place, runSetup } from './block/run.ts';
import { BARE, OTHER_PEER, STORAGE_DAEMON, VHOST_USER_BLOCK } from './block/sides.ts';
import type { Bench } from './frame/bench.ts';
import { makeReady } from './frame/ready.ts';
import type { Row } from './frame/row.ts';
import { PAIRS_HELP, number } from './frame/samples.ts';

const SPAN = { warmupMs: 60, measureMs: number('CH_BENCH_SAMPLE_MS', 400) };

export const bench: Bench = {
  name: 'block',
  help: `block: 4 KiB random reads and writes at depth 1, 32 and 128, and 128 KiB sequential ones, of one image of 256 MiB that was written in pages of 4 KiB: cached and O_DIRECT, with one queue and with four, raw and qcow2. One load generator on libblkio, a thread and so many requests for each queue; the image is on a file system of the disk under TMPDIR (/var/tmp where that is memory).
Rows: thousands of requests a second (CASE), latency (CASE-p50, CASE-p99), processor time of the backend a request (CASE-cpu); what an idle device uses; user time of the data thread a request (js-per-request).
Peers: ${STORAGE_DAEMON} with io_uring (Debian package qemu-system-common or qemu-storage-daemon); ${OTHER_PEER}=PATH names Cloud Hypervisor's ${VHOST_USER_BLOCK}; for O_DIRECT also ${BARE}; for qcow2 our own raw disk.
Bars, beside the backend that has the greater throughput in the case: cached throughput 1, and 1.3 at depth 128 and for writes; p50 at depth 1 and processor time 1; O_DIRECT 0.95 of ${BARE}; qcow2 0.8 of raw; ${JS_PER_REQUEST} 0.25 us. Rows with four queues are for reference, for they measure the scheduler on machines of few cores.
--case REGEX measures some of {read,write}-4k-qd{1,32,128}-{cached,direct}, {read,write}-128k-seq-{cached,direct}, the same with -q4 at the end or qcow2- in front, ${IDLE}, ${JS_PER_REQUEST}.
${PAIRS_HELP} CH_BENCH_SAMPLE_MS=N measures for N ms a sample instead of 400. The whole takes about 12 minutes, and 3 more with ${VHOST_USER_BLOCK}.`,
  cases: CASE_NAMES,
  async run(note, wanted) {
    makeReady(['images', 'peers', 'compiler'], note);
    if ((process.env[OTHER_PEER] ?? '') === '') note(`${OTHER_PEER} is not set: Cloud Hypervisor's ${VHOST_USER_BLOCK} is left out`);
    const load = new LoadGenerator(note);
    const folder = makeFolder(note);
    try {
      return await runAll({ folder, load, span: SPAN, note }, wanted);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

async function runAll(place: Place, wanted: (name: string) => boolean): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const cases = CASES.filter(({ name }) => wanted(name));
  const extras = [IDLE, JS_PER_REQUEST].filter(wanted);
  const key = (setup: unknown): string => JSON.stringify(setup);
  const setups = Map.groupBy(cases, ({ setup }) => key(setup));
  if (extras.length > 0 && !setups.has(key(PLAIN))) setups.set(key(PLAIN), []);
  for (const [name, members] of setups) {
    rows.push(...(await runSetup(members[0]?.setup ?? PLAIN, members, name === key(PLAIN) ? extras : [], place)));
  }
  return rows;
}
