/** A core process whose disk's back end goes away with requests in its hands, and is replaced: whatever the machine is doing then. */
import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { EventKind, RecoveryAfterwards } from '#shared/rpc/start-channel.ts';
import { BlockProcess } from './block-process.ts';
import { SECTOR, UNANSWERED } from './command-guest.ts';
import { CorePlace, type CoreProcess } from './core-process.ts';
import { HeldDisk, sectorByte } from './held-disk.ts';
import { SavedMemory } from './saved-memory.ts';
import { needsKvm } from './tiny-machine.ts';

const PATIENT = { deadlineMs: 120_000, afterwards: RecoveryAfterwards.END };
const SHORT_MS = 200;
const ANSWERED = [0, 1].map((sector) => [0, sectorByte(sector)]);

describe('a core process takes its disk up again', function () {
  this.timeout(60_000);
  needsKvm(this);
  let place: CorePlace;
  beforeEach(() => {
    place = new CorePlace();
    writeFileSync(place.path('disk'), Buffer.concat([0, 1, 2, 3].map((sector) => Buffer.alloc(SECTOR, sectorByte(sector)))));
  });
  afterEach(() => place[Symbol.asyncDispose]());

  /** Both requests are at the disk: the first held there, the second in the ring. */
  async function begin(recovery = PATIENT): Promise<{ core: CoreProcess; disk: HeldDisk }> {
    const core = place.spawn();
    core.create({ kernel: place.kernel });
    const disk = place.own(new HeldDisk(core.addDisk('disk0', recovery), place.watcher));
    await core.run();
    await core.ask('k');
    await disk.holds(0);
    return { core, disk };
  }

  /** The real ch-block, with the same sectors. */
  function replace(core: CoreProcess): BlockProcess {
    return place.own(new BlockProcess(place.path('disk'), core.addDisk()));
  }

  async function told(core: CoreProcess, kind: number): Promise<string> {
    return core.told(({ event }) => (event?.kind === kind ? (event.detail ?? '') : undefined));
  }

  async function savedMemory(core: CoreProcess): Promise<SavedMemory> {
    expect(await core.order({ pause: {} })).to.equal('done');
    expect(await core.save(place.path('state'), place.path('memory'))).to.equal('done');
    return new SavedMemory(place.path('memory'));
  }

  it('in a running machine: each request is answered once', async () => {
    const { core, disk } = await begin();
    disk.crash();
    expect(await told(core, EventKind.DEVICE_RECONNECTING)).to.equal('its device process has closed the connection');
    await core.ask('w');
    replace(core);
    expect(await told(core, EventKind.DEVICE_BACK)).to.match(/^its requests waited /);
    const memory = await savedMemory(core);
    expect([memory.returned, memory.answers]).to.deep.equal([[0, 3], ANSWERED]);
    expect(await core.order({ resume: {} })).to.equal('done');
    expect(await core.ask('d')).to.equal('ad');
  });

  it('while the machine is saved: the save waits for the next one, and has its answers', async () => {
    const { core, disk } = await begin();
    const asked = disk.fallSilent();
    expect(await core.order({ pause: {} })).to.equal('done');
    core.beginSave(place.path('state'), place.path('memory'));
    await asked;
    disk.crash();
    await told(core, EventKind.DEVICE_RECONNECTING);
    replace(core);
    expect(await core.answer()).to.equal('done');
    // What the disk had not begun is done by the machine that is restored, or when this one goes on.
    const { returned, answers } = new SavedMemory(place.path('memory'));
    expect(returned[0]).to.equal(0);
    for (const [index, [status, byte]] of answers.entries()) {
      expect([status, byte]).to.deep.equal(index < returned.length ? ANSWERED[index] : [UNANSWERED, 0]);
    }
    expect(await core.order({ resume: {} })).to.equal('done');
    expect(await core.ask('d')).to.equal('ad');
  });

  it('in a paused machine: it goes on as if nothing had been', async () => {
    const { core, disk } = await begin();
    expect(await core.order({ pause: {} })).to.equal('done');
    disk.crash();
    await told(core, EventKind.DEVICE_RECONNECTING);
    replace(core);
    await told(core, EventKind.DEVICE_BACK);
    expect(await core.order({ resume: {} })).to.equal('done');
    expect(await core.ask('d')).to.equal('ad');
  });

  it('while the guest resets the machine: it begins again when the next one is there', async () => {
    const { core, disk } = await begin();
    disk.crash();
    await told(core, EventKind.DEVICE_RECONNECTING);
    core.type('r');
    await core.says('k');
    replace(core);
    await told(core, EventKind.DEVICE_BACK);
    await told(core, EventKind.RESET);
    await core.says((said) => said.endsWith('>') && said.length > 2);
    expect(await core.ask('d')).to.equal('ad');
  });

  it('with the driver in the middle of its reset', async () => {
    const { core, disk } = await begin();
    disk.crash();
    await told(core, EventKind.DEVICE_RECONNECTING);
    core.type('d');
    replace(core);
    await core.says('ad');
  });

  describe('that does not come in time', () => {
    it('end -> the machine ends, and why', async () => {
      const { core, disk } = await begin({ deadlineMs: SHORT_MS, afterwards: RecoveryAfterwards.END });
      disk.crash();
      expect((await core.told(({ ended }) => ended)).message).to.match(
        /^device disk0 is lost: its device process has closed the connection, and no other has taken its place within 0\.2 s$/,
      );
      await core.exited;
    });

    it('stall -> the guest runs on, its requests wait', async () => {
      const { core, disk } = await begin({ deadlineMs: SHORT_MS, afterwards: RecoveryAfterwards.STALL });
      disk.crash();
      await told(core, EventKind.DEVICE_OVERDUE);
      await core.ask('w');
      expect(await core.order({ pause: {} })).to.equal('done');
      expect(await core.save(place.path('state'), place.path('memory'))).to.match(/^device disk0: .* no other has taken its place/);
      expect(await core.order({ resume: {} })).to.equal('done');
      replace(core);
      await told(core, EventKind.DEVICE_BACK);
      expect((await savedMemory(core)).answers).to.deep.equal(ANSWERED);
    });

    it('pause -> the guest stands until it comes', async () => {
      const { core, disk } = await begin({ deadlineMs: SHORT_MS, afterwards: RecoveryAfterwards.PAUSE });
      disk.crash();
      await told(core, EventKind.DEVICE_OVERDUE);
      // An order that can only be given to a paused machine, whose disk is missing.
      expect(await core.save(place.path('state'), place.path('memory'))).to.match(/^device disk0: /);
      replace(core);
      await told(core, EventKind.DEVICE_BACK);
      expect(await core.ask('d')).to.equal('ad');
    });

    it('pause -> who paused it meanwhile resumes it too', async () => {
      const { core, disk } = await begin({ deadlineMs: SHORT_MS, afterwards: RecoveryAfterwards.PAUSE });
      disk.crash();
      await told(core, EventKind.DEVICE_OVERDUE);
      expect(await core.order({ pause: {} })).to.equal('done');
      replace(core);
      await told(core, EventKind.DEVICE_BACK);
      expect(await core.order({ pause: {} })).to.equal('the machine is paused already');
      expect(await core.order({ resume: {} })).to.equal('done');
      expect(await core.ask('d')).to.equal('ad');
    });
  });

  it('nobody knows a device of that name -> refused, and the machine runs on', async () => {
    const { core, disk } = await begin();
    const socket = core.addDisk('other');
    expect(await core.answer()).to.equal('the machine has begun: adding to it is not supported yet');
    socket.close();
    disk.isPrompt = true;
    disk.release();
    await core.ask('w');
  });
});
