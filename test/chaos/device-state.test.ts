/** The state that one block process saves and another loads, over our front end; and what is no state of it. */
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { Random } from '#shared/testing/random.ts';
import { DiskDriver, STATUS } from './disk-driver.ts';
import { DiskProcess, GUEST_START, SECTORS, SECTOR_SIZE } from './disk-process.ts';

/** What the driver said about its write cache. */
const STATE_WRITEBACK = 16;
const PLACE = { base: GUEST_START, size: 16 } as const;

/** The code of what stands against a state; undefined: it was taken. */
async function refusal(disk: DiskProcess, state: Uint8Array): Promise<string | undefined> {
  const loaded = await disk.frontend.loadState(state);
  return loaded.ok ? undefined : loaded.error.code;
}

describe('the state of a block process', function () {
  this.timeout(60_000);

  it('takes the write cache along, and nothing that is not the same disk', async () => {
    await using source = await DiskProcess.start();
    await using target = await DiskProcess.start();
    await using larger = await DiskProcess.start({ image: new Uint8Array((SECTORS + 1) * SECTOR_SIZE) });
    await using readOnly = await DiskProcess.start({ readOnly: true });
    const state = must(await source.frontend.saveState(), 'save').slice();
    expect(state[STATE_WRITEBACK]).to.equal(1);
    expect(await refusal(target, state)).to.equal(undefined);
    state[STATE_WRITEBACK] = 0;
    expect(await refusal(target, state)).to.equal(undefined);
    expect(must(await target.frontend.saveState(), 'save again')).to.deep.equal(state);
    expect(await refusal(larger, state)).to.equal('REFUSED');
    expect(await refusal(readOnly, state)).to.equal('REFUSED');
  });

  it('is neither saved nor loaded while a ring runs, and again when it has stopped', async () => {
    await using disk = await DiskProcess.start();
    using driver = new DiskDriver(disk, 1, PLACE);
    const state = must(await disk.frontend.saveState(), 'save');
    await driver.start();
    const saved = await disk.frontend.saveState();
    expect(saved.ok ? 'saved' : saved.error.code).to.equal('REFUSED');
    expect(await refusal(disk, state)).to.equal('REFUSED');
    expect(driver.read(3).status).to.equal(STATUS.ok);
    await driver.stop();
    expect(await refusal(disk, state)).to.equal(undefined);
  });

  it('hostile states are refused, each with the process as it was, and it serves', async () => {
    const random = new Random(7);
    await using disk = await DiskProcess.start();
    using driver = new DiskDriver(disk, 0, PLACE);
    const good = must(await disk.frontend.saveState(), 'save');
    const { fds } = disk.usage();
    for (let count = 0; count < 200; count++) {
      const length = random.pick([0, 1, good.length - 1, good.length, good.length, good.length, good.length + 1, 4096, 4097, 300_000]);
      const state = new Uint8Array(length);
      state.set(good.subarray(0, length));
      for (let changes = 1 + random.below(3); changes > 0 && length > 0; changes--) {
        const at = random.below(Math.min(length, good.length));
        if (at !== STATE_WRITEBACK) state[at] = (state[at] ?? 0) ^ (1 + random.below(255));
      }
      const isSame = length === good.length && Buffer.compare(state, good) === 0;
      const refused = await refusal(disk, state);
      if (!isSame) expect(refused, `state ${count} of ${length} bytes`).to.be.oneOf(['REFUSED', 'STATE_TRANSFER']);
    }
    expect(must(await disk.frontend.saveState(), 'save again')).to.deep.equal(good);
    expect(disk.usage().fds).to.equal(fds);
    await driver.start();
    expect(driver.read(5).status).to.equal(STATUS.ok);
  });
});
