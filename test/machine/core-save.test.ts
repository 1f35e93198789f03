/** A machine saved in the middle of its loop with a request outstanding at its disk, and continued in a new process. */
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { EndedReason } from '#shared/rpc/start-channel.ts';
import { BlockProcess } from './block-process.ts';
import { AT, REGISTERS, SECTOR, UNANSWERED } from './command-guest.ts';
import { CorePlace, type CoreProcess, MEMORY_SIZE } from './core-process.ts';
import { HeldDisk, sectorByte } from './held-disk.ts';
import { SavedMemory } from './saved-memory.ts';
import { type SavedFile, changeState, devicesOf, readState, ticksOf, register, registersOf } from './saved-state.ts';
import { needsKvm } from './tiny-machine.ts';

/** The first byte that a counting guest did not say in its turn, or undefined where the count has no gap. */
function gapIn(counted: string): string | undefined {
  const at = Array.from(counted, (_, index) => index).find((index) => counted.charCodeAt(index) !== ((index + 1) & 0xff));
  return at === undefined ? undefined : `byte ${at} is ${counted.charCodeAt(at)}`;
}

describe('a core process continues what another has saved', function () {
  this.timeout(120_000);
  needsKvm(this);
  let place: CorePlace;
  beforeEach(() => void (place = new CorePlace()));
  afterEach(() => place[Symbol.asyncDispose]());

  const files = (name: string): readonly [state: string, memory: string] => [place.path(`${name}.state`), place.path(`${name}.memory`)];
  const stateOf = (name: string): ReturnType<typeof readState> => readState(files(name)[0]);
  const memoryOf = (name: string): SavedMemory => new SavedMemory(files(name)[1]);

  async function save(core: CoreProcess, name: string): Promise<void> {
    expect(await core.save(...files(name))).to.equal('done');
  }

  async function pause(core: CoreProcess): Promise<void> {
    expect(await core.order({ pause: {} })).to.equal('done');
  }

  function newCore(name: string): CoreProcess {
    const [savedState, savedMemory] = files(name);
    const core = place.spawn();
    core.create({ savedState, savedMemory });
    return core;
  }

  /** The machine's devices: a disk of the test's, and the two that the core serves by itself. */
  function heldDisk(core: CoreProcess): HeldDisk {
    const disk = place.own(new HeldDisk(core.addDisk(), place.watcher));
    core.addConsoleAndRng();
    return disk;
  }

  /** The guest counts aloud, both requests are at its disk: the first held there, the second in the ring. */
  async function begin(): Promise<{ core: CoreProcess; disk: HeldDisk }> {
    const core = place.spawn();
    core.create({ kernel: place.kernel });
    const disk = heldDisk(core);
    await core.run();
    await core.ask('k');
    await disk.holds(0);
    core.type('c');
    await core.says((said) => said.length > 500);
    return { core, disk };
  }

  /** The machine of `begin`, saved and gone: what it counted, and what its disk has done. */
  async function savedMachine(name: string): Promise<{ counted: string; disk: HeldDisk }> {
    const { core, disk } = await begin();
    await pause(core);
    expect(disk.answered).to.deep.equal([]);
    await save(core, name);
    await end(core);
    await disk.ended;
    return { counted: core.serial.slice('>k'.length), disk };
  }

  async function end(core: CoreProcess): Promise<void> {
    core.send({ stop: {} });
    expect((await core.told(({ ended }) => ended)).reason).to.equal(EndedReason.STOPPED);
    await core.exited;
  }

  it('same registers, memory and devices; the count has no gap; each request is answered once, and interrupts', async () => {
    const { counted, disk } = await savedMachine('first');
    // What the disk had taken it has answered; what it had not is the next one's, also while the first lives on.
    expect([disk.answered, stateOf('first').queues]).to.deep.equal([[0], { disk0: [1], console: [0, 0], rng: [0] }]);
    expect(memoryOf('first').answers).to.deep.equal([
      [0, sectorByte(0)],
      [UNANSWERED, 0],
    ]);
    expect(memoryOf('first').word(AT.diskInterrupts)).to.equal(0);
    for (const name of ['rsi', 'rdi', 'rcx'] as const) expect(register(stateOf('first'), name)).to.equal(REGISTERS[name]);

    const core = newCore('first');
    const next = heldDisk(core);
    next.isAsleep = true;
    await core.run(true);
    await save(core, 'second');
    expect(registersOf(stateOf('second'))).to.deep.equal(registersOf(stateOf('first')));
    expect(devicesOf(stateOf('second'))).to.deep.equal(devicesOf(stateOf('first')));
    expect(stateOf('second').queues).to.deep.equal(stateOf('first').queues);
    expect(ticksOf(stateOf('second')) > ticksOf(stateOf('first'))).to.equal(true);
    expect(memoryOf('second').equals(memoryOf('first'))).to.equal(true);

    expect(await core.order({ resume: {} })).to.equal('done');
    await core.says((said) => said.length > 500);
    next.wakeUp();
    await next.holds(1);
    next.release();
    await core.says((said) => said.length > 1000);
    core.type('x');
    await core.says((said) => said.endsWith('cc'));
    await pause(core);
    await save(core, 'third');
    const memory = memoryOf('third');
    expect(memory.returned).to.deep.equal([0, 3]);
    expect(memory.answers).to.deep.equal([
      [0, sectorByte(0)],
      [0, sectorByte(1)],
    ]);
    expect(memory.word(AT.diskInterrupts)).to.equal(2);
    expect([next.answered, next.answeredByStop]).to.deep.equal([[1], []]);
    const all = counted + core.serial;
    expect(gapIn(all.slice(0, memory.word(AT.counter)))).to.equal(undefined);
  });

  it('with the real disk process: requests that it has not served go on in the next one', async () => {
    const image = place.path('image');
    writeFileSync(image, Buffer.concat([0, 1].map((sector) => Buffer.alloc(SECTOR, sectorByte(sector)))));
    truncateSync(image, 2 ** 20);
    const core = place.spawn();
    core.create({ kernel: place.kernel });
    const disk = place.own(new BlockProcess(image, core.addDisk()));
    await core.run();
    await core.says('>');
    disk.freeze();
    // The guest's driver waits for nobody.
    expect(await core.ask('k')).to.equal('k');
    core.type('c');
    await core.says((said) => said.length > 500);
    await pause(core);
    core.beginSave(...files('saved'));
    disk.goOn();
    expect(await core.answer()).to.equal('done');
    await end(core);
    await disk.ended;

    const next = newCore('saved');
    place.own(new BlockProcess(image, next.addDisk()));
    await next.run();
    await next.says((said) => said.length > 500);
    next.type('x');
    await next.says((said) => said.endsWith('cc'));
    expect(await next.ask('d')).to.equal('ad');
    await pause(next);
    await save(next, 'after');
    expect(memoryOf('after').answers).to.deep.equal([
      [0, sectorByte(0)],
      [0, sectorByte(1)],
    ]);
    const counted = core.serial.slice('>k'.length) + next.serial;
    expect(gapIn(counted.slice(0, memoryOf('after').word(AT.counter)))).to.equal(undefined);
  });

  it('a machine that was restored can be saved and restored again', async () => {
    let { counted } = await savedMachine('0');
    for (let generation = 0; generation < 3; generation++) {
      const core = newCore(String(generation));
      heldDisk(core).isPrompt = true;
      await core.run();
      await core.says((said) => said.length > 300);
      await pause(core);
      await save(core, String(generation + 1));
      await end(core);
      counted += core.serial;
    }
    expect(memoryOf('3').returned).to.deep.equal([0, 3]);
    expect(gapIn(counted)).to.equal(undefined);
  });

  it('a reset starts a restored machine from its kernel, where it has one', async () => {
    await savedMachine('first');
    const [savedState, savedMemory] = files('first');
    const core = place.spawn();
    core.create({ savedState, savedMemory, kernel: place.kernel });
    const disk = heldDisk(core);
    await core.run();
    await disk.holds(1);
    core.type('xr');
    await core.says('c>');
    expect(disk.answeredByStop).to.deep.equal([1]);
    disk.isPrompt = true;
    expect(await core.ask('d')).to.equal('ad');
    expect([await core.ask('m'), await core.ask('e')]).to.deep.equal(['0m', '0e']);
    await end(core);

    const without = newCore('first');
    heldDisk(without);
    await without.run();
    without.type('xr');
    const { reason, message } = await without.told(({ ended }) => ended);
    expect(reason).to.equal(EndedReason.GUEST_FAULT);
    expect(message).to.equal('the guest cannot be reset: it was restored without a kernel to start again from');
  });

  it('two vCPUs, one of which was never started, continue', async () => {
    const core = place.spawn();
    core.create({ kernel: place.kernel }, { bootVcpus: 2, maxVcpus: 3 });
    await core.run();
    await core.says('>');
    await pause(core);
    await save(core, 'smp');
    await end(core);
    const [savedState, savedMemory] = files('smp');
    const next = place.spawn();
    next.create({ savedState, savedMemory }, { bootVcpus: 2, maxVcpus: 3 });
    await next.run(true);
    await save(next, 'again');
    expect(registersOf(stateOf('again'))).to.deep.equal(registersOf(stateOf('smp')));
    expect(await next.order({ resume: {} })).to.equal('done');
    expect(await next.ask('m')).to.equal('0m');
  });

  it('memory on both sides of the hole below 4 GiB is saved in one file, of which hardly anything is there', async () => {
    const large = { memorySize: 5 * 2 ** 30 };
    const core = place.spawn();
    core.create({ kernel: place.kernel }, large);
    await core.run();
    await core.ask('w');
    await pause(core);
    await save(core, 'large');
    await end(core);
    const [savedState, savedMemory] = files('large');
    const { size, blocks } = statSync(savedMemory);
    expect(size).to.equal(large.memorySize);
    expect(blocks * 512).to.be.lessThan(2 ** 28);
    const next = place.spawn();
    next.create({ savedState, savedMemory }, large);
    await next.run();
    expect(await next.ask('m')).to.equal('1m');
  });

  it('a guest that starts its disk over and over is saved at any moment of that, and goes on', async () => {
    let core = place.spawn();
    core.create({ kernel: place.kernel });
    heldDisk(core).isPrompt = true;
    await core.run();
    core.type('l');
    for (let generation = 0; generation < 8; generation++) {
      // Another place in its loop each time.
      await core.says((said) => said.length > 5 + generation * 3);
      await pause(core);
      await save(core, String(generation));
      await end(core);
      core = newCore(String(generation));
      heldDisk(core).isPrompt = true;
      await core.run();
    }
    await core.says((said) => said.length > 5);
    core.type('x');
    await core.says((said) => said.endsWith('l'));
    expect(core.serial).to.match(/^a+l$/);
  });

  it('a failed save leaves the machine as it was', async () => {
    const { core, disk } = await begin();
    await pause(core);
    expect(await core.save('/dev/full', place.path('memory'))).to.match(/^the state cannot be written: .*no space/i);
    expect(await core.save(place.path('state'), '/dev/full')).to.match(/^size the memory file/);
    expect([disk.runsRing, disk.answered]).to.deep.equal([false, [0]]);
    expect(await core.order({ resume: {} })).to.equal('done');
    await disk.holds(1);
    disk.release();
    const { length } = core.serial;
    await core.says((said) => said.length > length + 300);
    core.type('x');
    await core.says((said) => said.endsWith('cc'));
    expect(gapIn(core.serial.slice('>k'.length, -'cc'.length))).to.equal(undefined);
  });

  describe('refuses in one line', () => {
    let good: CorePlace;
    before(async () => {
      good = new CorePlace();
      place = good;
      await savedMachine('good');
    });
    after(() => good[Symbol.asyncDispose]());

    /** The saved machine, its state changed by `change`. */
    function damaged(change: (state: string) => string): void {
      const [state, memory] = ['good.state', 'good.memory'].map((name) => good.path(name));
      copyFileSync(memory ?? '', files('bad')[1]);
      writeFileSync(files('bad')[0], change(readFileSync(state ?? '', 'utf8')));
    }

    async function refusal(core: CoreProcess, isWithDisk = true): Promise<string> {
      if (isWithDisk) heldDisk(core);
      core.trySend({ run: {} });
      const message = await core.told(({ failed }) => failed?.message);
      expect(message).to.not.include('\n');
      expect(await core.exited).to.deep.equal({ status: 1, signal: null });
      expect(core.printed).to.equal('');
      return message;
    }

    const STATES: readonly (readonly [name: string, change: (state: string) => string, line: RegExp])[] = [
      ['an empty state', () => '', /^the state file cannot be read: /],
      ['half a state', (state) => state.slice(0, state.length / 2), /^the state file cannot be read: /],
      ['a state that is no object', () => '[]', /^the state file is not a saved machine/],
      [
        'another version',
        (state) => state.replace('"version":1', '"version":2'),
        /^the state file has version 2; this program reads version 1$/,
      ],
      ['one byte changed', (state) => state.replace('"tscKhz":', '"tscKHz":'), /^the state file is damaged: its checksum is another$/],
      ['no vCPUs', (state) => changeState(state, (saved) => ({ ...saved, vcpus: [] })), /^the state file is damaged: vcpus /],
      [
        'a vCPU too many',
        (state) => changeState(state, (saved) => ({ ...saved, vcpus: [...saved.vcpus, ...saved.vcpus] })),
        /^the saved machine has 2 vCPUs, not 1$/,
      ],
      ['registers cut short', edited(/"regs":"[^"]*"/, '"regs":"AAAA"'), /^saved vCPU state: regs is missing or has the wrong size$/],
      [
        'a device less',
        (state) => changeState(state, (saved) => ({ ...saved, slices: saved.slices.filter(({ name }) => !name.includes('disk0')) })),
        /^saved state lacks /,
      ],
      [
        'a device cut short',
        (state) =>
          changeState(state, (saved) => ({
            ...saved,
            slices: saved.slices.map((slice) => (slice.name === 'pci-root' ? { ...slice, bytes: 'AAAA' } : slice)),
          })),
        /^saved state of pci-root has 3 bytes, not /,
      ],
      [
        'another memory size',
        edited(/"memorySize":\d+/, '"memorySize":4096'),
        /^the saved machine has 4096 bytes of memory, not 67108864$/,
      ],
      ['an index that is none', edited(/"disk0":\[1\]/, '"disk0":[65536]'), /^the state file is damaged: queues /],
    ];
    for (const [name, spoil, line] of STATES) {
      it(name, async () => {
        damaged(spoil);
        expect(await refusal(newCore('bad'))).to.match(line);
      });
    }

    it('but not that a register was locked when it was saved: nobody holds that lock now', async () => {
      const lock = (bytes: string): string =>
        Buffer.concat([Buffer.from([9]), Buffer.from(bytes, 'base64').subarray(1)]).toString('base64');
      const locked = ['gsi-routes', 'ioapic', 'com1', 'pci-root', 'debug-port', 'disk0-virtio'];
      const slices = ({ name, bytes }: SavedFile['slices'][number]): string => (locked.includes(name) ? lock(bytes) : bytes);
      damaged((state) =>
        changeState(state, (saved) => ({ ...saved, slices: saved.slices.map((slice) => ({ ...slice, bytes: slices(slice) })) })),
      );
      const core = newCore('bad');
      heldDisk(core);
      await core.run();
      await core.says((said) => said.length > 100);
    });

    it('memory cut short', async () => {
      damaged((state) => state);
      truncateSync(files('bad')[1], MEMORY_SIZE - 4096);
      expect(await refusal(newCore('bad'))).to.match(/^memory file of 67104768 bytes for 67108864 bytes of RAM/);
    });

    it('a machine without the disk', async () => {
      damaged((state) => state);
      expect(await refusal(newCore('bad'), false)).to.match(/^saved state of effects has 24 bytes, not 8$/);
    });
  });
});

/** Changes the text of a state's content, and the checksum with it. */
function edited(what: RegExp, by: string): (state: string) => string {
  return (state) => changeState(state, (saved) => JSON.parse(JSON.stringify(saved).replace(what, by)));
}
