/** How a core process ends: within a second, whatever its threads are blocked in, and its parent learns why. */
import { expect } from 'chai';
import { CorePlace, type CoreProcess } from './core-process.ts';
import { HeldDisk } from './held-disk.ts';
import { needsKvm } from './tiny-machine.ts';

/** Run by every thread of the core before its own code. The main thread throws at SIGUSR2. */
const THROW_ON_MAIN = `
  import { isMainThread } from 'node:worker_threads';
  if (isMainThread) process.on('SIGUSR2', () => { throw new Error('planted'); });`;
const REJECT_ON_MAIN = `
  import { isMainThread } from 'node:worker_threads';
  if (isMainThread) process.on('SIGUSR2', () => { void Promise.reject(new Error('planted')); });`;
/** A vCPU's thread throws when its guest asks for a reset: the first of two words is the power control's. */
const THROW_IN_WORKER = `
  import { isMainThread } from 'node:worker_threads';
  const or = Atomics.or;
  if (!isMainThread) Atomics.or = (words, at, bits) => {
    if (words.length === 2 && at === 0) throw new Error('planted');
    return or(words, at, bits);
  };`;

const RECVMSG = 47;

type Bring = (core: CoreProcess, place: CorePlace) => Promise<void>;

async function begin(core: CoreProcess, place: CorePlace, changes: Parameters<CoreProcess['create']>[1] = {}): Promise<void> {
  core.create({ kernel: place.kernel }, changes);
  await core.run();
  await core.says('>');
}

async function spin(core: CoreProcess): Promise<void> {
  core.type('s');
  await core.says('s');
}

/** What a core is doing when its end comes. */
const SITUATIONS: readonly (readonly [name: string, bring: Bring])[] = [
  [
    'its vCPU spins in KVM_RUN',
    async (core, place) => {
      await begin(core, place);
      await spin(core);
    },
  ],
  [
    'its vCPUs spin, sleep in KVM_RUN and are parked',
    async (core, place) => {
      await begin(core, place, { bootVcpus: 2, maxVcpus: 3 });
      await spin(core);
    },
  ],
  [
    'its vCPU leaves the guest without end',
    async (core, place) => {
      await begin(core, place);
      core.type('c');
      await core.says((said) => said.length > 100);
    },
  ],
  [
    'it is paused',
    async (core, place) => {
      await begin(core, place);
      await spin(core);
      expect(await core.order({ pause: {} })).to.equal('done');
    },
  ],
  [
    'a back end does not answer while the machine is made',
    async (core, place) => {
      core.create({ kernel: place.kernel });
      const socket = place.own(core.addDisk());
      core.send({ run: {} });
      await place.readable(socket);
    },
  ],
  [
    'a back end does not answer its guest',
    async (core, place) => {
      core.create({ kernel: place.kernel });
      const disk = place.own(new HeldDisk(core.addDisk(), place.watcher));
      await core.run();
      await core.says('>');
      const asked = disk.fallSilent();
      await core.ask('k');
      await asked;
      await spin(core);
    },
  ],
  [
    'a back end does not answer a save',
    async (core, place) => {
      core.create({ kernel: place.kernel });
      const disk = place.own(new HeldDisk(core.addDisk(), place.watcher));
      await core.run();
      await core.ask('k');
      await disk.holds(0);
      const asked = disk.fallSilent();
      expect(await core.order({ pause: {} })).to.equal('done');
      core.beginSave(place.path('state'), place.path('memory'));
      await asked;
    },
  ],
];

const WAITS_FOR_ORDERS: Bring = (core) => core.isIn(RECVMSG);

describe('end of a core process', function () {
  this.timeout(60_000);
  needsKvm(this);
  let place: CorePlace;
  beforeEach(() => void (place = new CorePlace()));
  afterEach(() => place[Symbol.asyncDispose]());

  for (const [name, bring] of [...SITUATIONS, ['it waits for its first order', WAITS_FOR_ORDERS] as const]) {
    it(`SIGTERM while ${name} -> ended by it`, async () => {
      const core = place.spawn();
      await bring(core, place);
      core.child.kill('SIGTERM');
      expect(await core.exited).to.deep.equal({ status: null, signal: 'SIGTERM' });
      expect(core.printed).to.equal('');
    });

    it(`the launcher goes away while ${name} -> the core ends`, async () => {
      const core = place.spawn();
      await bring(core, place);
      core.hangUp();
      expect((await core.exited).signal).to.equal(null);
      expect(core.printed).to.equal('');
    });

    it(`stop while ${name} -> status 0`, async () => {
      const core = place.spawn();
      await bring(core, place);
      core.send({ stop: {} });
      expect(await core.exited).to.deep.equal({ status: 0, signal: null });
      expect(core.printed).to.equal('');
    });
  }

  for (const [name, bring] of SITUATIONS) {
    it(`a throw on the main thread while ${name} -> status 1, one record`, async () => {
      const core = place.spawn(THROW_ON_MAIN);
      await bring(core, place);
      core.child.kill('SIGUSR2');
      expect(await core.exited).to.deep.equal({ status: 1, signal: null });
      expect(core.printed).to.match(/^ch-vmm: fatal: Error: planted\n/);
    });
  }

  it('a rejection that nobody handles while its vCPU spins -> status 1, one record', async () => {
    const core = place.spawn(REJECT_ON_MAIN);
    await begin(core, place);
    await spin(core);
    core.child.kill('SIGUSR2');
    expect(await core.exited).to.deep.equal({ status: 1, signal: null });
    expect(core.printed).to.match(/^ch-vmm: fatal: Error: planted\n/);
  });

  it("a throw in a vCPU's thread while another sleeps in KVM_RUN -> status 1, one record", async () => {
    const core = place.spawn(THROW_IN_WORKER);
    await begin(core, place, { bootVcpus: 2, maxVcpus: 2 });
    core.type('r');
    expect(await core.exited).to.deep.equal({ status: 1, signal: null });
    expect(core.printed).to.match(/^vcpu: fatal: Error: planted\n/);
  });

  it('a back end that never answers ends the start with one line', async () => {
    const core = place.spawn();
    core.create({ kernel: place.kernel });
    place.own(core.addDisk());
    core.send({ run: {} });
    expect(await core.told(({ failed }) => failed?.message)).to.match(/^device disk0: its device process has not answered \w+ for 30 s$/);
    expect(await core.exited).to.deep.equal({ status: 1, signal: null });
  });
});
