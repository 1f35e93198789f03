import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { receiveMessageOnPort } from 'node:worker_threads';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { DataLoop, type Served } from '../data-loop.ts';
import { openImage } from '../open-image.ts';
import { CONFIG_WRITEBACK, VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_FLUSH, idBytes } from '../spec.ts';
import { makeStatistics } from '../stats/statistics.ts';
import { CommandServer } from './command-server.ts';
import type { CommandAnswer, Order } from './commands.ts';
import { controlPorts } from './control-thread.ts';

const SIZE = 1 << 20;
const LIMITS = { ops: { size: 1000, oneTimeBurst: 0, refillMs: 100 } };

describe('what cannot be recorded for the next start of a disk', () => {
  let folder = '';
  let imageFd = -1;
  let loop: DataLoop | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-block-'));
    const imagePath = join(folder, 'disk');
    writeFileSync(imagePath, '');
    truncateSync(imagePath, SIZE);
    imageFd = openSync(imagePath, 'r+');
    const served: Served = {
      ...{ imageFd, imagePath, imageType: 'raw', rawSectors: SIZE / 512, readOnly: false, direct: false, backingFiles: false },
      ...{ lockGranularity: 'byte-range', sparse: true, writeThrough: false, limits: {}, queueAffinity: [] },
      ...{
        id: idBytes(''),
        queueCount: 1,
        maxQueueSize: 128,
        statistics: makeStatistics(),
        poolScript: 'file:///nowhere',
        threadScript: 'file:///nowhere',
      },
      socket: { kind: 'inherited' },
    };
    loop = new DataLoop(served, must(openImage(served), 'image'), {
      watched: [],
      log: () => {},
      ended: () => {
        throw new Error('nobody was there');
      },
    });
  });
  afterEach(() => {
    closeSync(imageFd);
    rmSync(folder, { recursive: true });
  });

  function servedLoop(): DataLoop {
    if (loop === undefined) throw new Error('nothing is served');
    return loop;
  }

  /** What becomes of orders, where nothing can be recorded. */
  function answersTo(...orders: readonly Order[]): readonly (CommandAnswer['outcome'] | undefined)[] {
    const unrecorded = (): boolean => false;
    const commands = new CommandServer(servedLoop(), {
      limitsChange: unrecorded,
      drainedChange: unrecorded,
      deviceSizeChange: unrecorded,
    });
    const { data, control } = controlPorts();
    commands.attach(data);
    for (const [id, order] of orders.entries()) control.postMessage({ id, order });
    commands.serve();
    const answers = orders.map(() => {
      const received: { message: CommandAnswer } | undefined = receiveMessageOnPort(control);
      return received?.message.outcome;
    });
    data.close();
    return answers;
  }

  it('limits, and that it is drained -> refused, and nothing has changed', () => {
    const answers = answersTo({ kind: 'limits', limits: LIMITS }, { kind: 'hold' }, { kind: 'describe' });
    expect(answers.map((answer) => (answer?.ok === false ? answer.error.reason : undefined))).to.deep.equal([
      'NOT_RECORDED',
      'NOT_RECORDED',
      undefined,
    ]);
    const { device } = servedLoop();
    expect([device.limits, device.isHeld]).to.deep.equal([{}, false]);
  });

  it('the write cache that the driver chooses -> refused, and it has the one of before', () => {
    const { device } = servedLoop();
    device.onWriteCache = () => false;
    device.setFeatures(VIRTIO_BLK_F_CONFIG_WCE | VIRTIO_BLK_F_FLUSH);
    expect(device.writeConfig(CONFIG_WRITEBACK, Uint8Array.of(0))).to.equal(false);
    expect([device.writesBack, device.readConfig(CONFIG_WRITEBACK, 1)]).to.deep.equal([true, Uint8Array.of(1)]);
  });
});
