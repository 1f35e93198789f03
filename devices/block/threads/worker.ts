/** A thread that serves one queue of a raw image: an engine of its own, in which it sleeps, and its ring. */
import '../control/exit-on-uncaught.ts';
import { workerData } from 'node:worker_threads';
import { expect } from '#shared/lang/result.ts';
import { viewAt } from '#shared/sys/ffi.ts';
import { keepCompiledCode } from '#shared/sys/process-exit.ts';
import { openEngine } from '../engine/open-engine.ts';
import { RawImage } from '../image/raw-image.ts';
import { GROUP_MEMORY, groupBuckets } from '../limits/rate-limiter.ts';
import { RingLoop } from '../ring-loop.ts';
import { RingSet } from '../ring-set.ts';
import { SECTOR_SIZE } from '../spec.ts';
import { pinThread } from './affinity.ts';
import { OrderServer } from './order-server.ts';
import type { ThreadData } from './thread-orders.ts';

const data: ThreadData = workerData;
if (data.hostCpus !== undefined) pinThread(data.hostCpus);

const { imageFd, fenceFd } = data;
const files = fenceFd === undefined ? [imageFd] : [imageFd, fenceFd];
const { engine } = expect(openEngine({ files, script: new URL(data.poolScript) }), 'engine of a data thread');
// SAFETY: a group's memory is mapped for as long as the process lives.
const buckets = data.groupAddress === undefined ? data.buckets : groupBuckets(viewAt(data.groupAddress, GROUP_MEMORY));
const image = new RawImage(imageFd, { size: data.rings.sectors * SECTOR_SIZE, readOnly: data.rings.readOnly });
const log = (line: string): void => orders.log(line);
const rings = new RingSet({ ...data.rings, ...(buckets === undefined ? {} : { buckets }) }, { engine, image, log });
const orders = new OrderServer(rings, data);
const loop = new RingLoop(rings, engine);
loop.watch(data.wakeFd, () => orders.serve());
keepCompiledCode();
orders.begin();
loop.run();
