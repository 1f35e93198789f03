/** The core as a process, from its first order to its end, with a guest that does what it is told. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { type FromCore, EndedReason, EventKind } from '#shared/rpc/start-channel.ts';
import { pvhElf } from '../../vmm-core/boot/testing/kernel-images.ts';
import { CorePlace, type CoreProcess } from './core-process.ts';
import { HeldDisk, sectorByte } from './held-disk.ts';
import { needsKvm } from './tiny-machine.ts';

const FIRST = String.fromCharCode(sectorByte(0));
/** What `d` says: the first byte of sector 0, and that it is done. */
const READ = `${FIRST}d`;

const reset = ({ event }: FromCore): string | undefined => (event?.kind === EventKind.RESET ? (event.detail ?? '') : undefined);
const ended = (message: FromCore): { reason: number; message: string } | undefined =>
  message.ended ? { reason: message.ended.reason ?? 0, message: message.ended.message ?? '' } : undefined;

describe('life of a core process', function () {
  this.timeout(60_000);
  needsKvm(this);
  let place: CorePlace;
  beforeEach(() => void (place = new CorePlace()));
  afterEach(() => place[Symbol.asyncDispose]());

  /** A running guest with a disk of the test's. */
  async function begin(changes: Parameters<CoreProcess['create']>[1] = {}): Promise<{ core: CoreProcess; disk: HeldDisk }> {
    const core = place.spawn();
    core.create({ kernel: place.kernel }, changes);
    const disk = place.own(new HeldDisk(core.addDisk(), place.watcher));
    await core.run();
    await core.says('>');
    return { core, disk };
  }

  /** Until the guest has begun `times` times. */
  const lives = (core: CoreProcess, times: number): Promise<void> => core.says((said) => said.split('>').length > times);

  it('ends with status 0 and says so when the guest powers off', async () => {
    const { core } = await begin();
    core.type('o');
    expect(await core.told(ended)).to.deep.equal({ reason: EndedReason.POWERED_OFF, message: '' });
    expect(await core.exited).to.deep.equal({ status: 0, signal: null });
  });

  it('stop -> ended, with the reason', async () => {
    const { core } = await begin();
    core.type('s');
    await core.says('s');
    core.send({ stop: {} });
    expect(await core.told(ended)).to.deep.equal({ reason: EndedReason.STOPPED, message: '' });
    expect(await core.exited).to.deep.equal({ status: 0, signal: null });
  });

  for (const [letter, how, detail] of [
    ['r', 'ACPI', ''],
    ['i', 'the keyboard controller', ''],
    ['t', 'a triple fault', 'vCPU 0: triple fault'],
  ] as const) {
    it(`a reset by ${how}: memory is empty, the disk works again, a request that was under way harms nothing`, async () => {
      const { core, disk } = await begin();
      disk.isPrompt = true;
      expect(await core.ask('d')).to.equal(READ);
      await core.ask('w');
      expect(await core.ask('m')).to.equal('1m');
      disk.isPrompt = false;
      await core.ask('k');
      await disk.holds(0);
      core.type(letter);
      expect(await core.told(reset)).to.equal(detail);
      await lives(core, 2);
      expect(disk.answeredByStop).to.deep.equal([0]);
      expect(await core.ask('m')).to.equal('0m');
      disk.isPrompt = true;
      expect(await core.ask('d')).to.equal(READ);
      expect(await core.ask('b')).to.equal('0b');
      // Sector 1 was asked for by the guest that is gone.
      expect(disk.answered).to.deep.equal([0, 0, 0]);
    });
  }

  it('memory that was had at once is empty after a reset too', async () => {
    const { core } = await begin({ prefault: true });
    expect(await core.ask('w')).to.equal('w');
    expect(await core.ask('m')).to.equal('1m');
    core.type('r');
    await lives(core, 2);
    expect(await core.ask('m')).to.equal('0m');
  });

  it('a triple fault leaves its registers in the log', async () => {
    const { core } = await begin();
    core.type('t');
    await core.told(reset);
    const lines = core.messages.flatMap(({ log }) => (log ? [log.message ?? ''] : []));
    expect(lines.join('\n')).to.match(/^rip 0x10[01][0-9a-f]{3} {2}rflags 0x/);
    expect(lines.join('\n')).to.match(/cr0 0x1 .*\ncs 8 base 0x0/);
  });

  it('a second triple fault within 5 s ends the machine, with the registers', async () => {
    const { core } = await begin();
    core.type('t');
    await lives(core, 2);
    core.type('t');
    const { reason, message } = await core.told(ended);
    expect(reason).to.equal(EndedReason.GUEST_FAULT);
    expect(message).to.match(/^the guest failed: vCPU 0: triple fault, within 5 s of the last one\nrip 0x10[01]/);
    expect(await core.exited).to.deep.equal({ status: 0, signal: null });
  });

  it('resets that a guest asks for are no faults: any number of them, as fast as it can', async () => {
    const { core } = await begin();
    for (let times = 2; times < 12; times++) {
      core.type('r');
      await lives(core, times);
    }
    core.type('o');
    expect((await core.told(ended)).reason).to.equal(EndedReason.POWERED_OFF);
  });

  it('what a guest says right before its reset is not lost', async () => {
    const { core } = await begin();
    // Without a pause between: counts aloud, and resets itself at the letter.
    core.type('c');
    await core.says((said) => said.length > 300);
    core.type('xr');
    await core.says('cc>');
    const said = core.serial.slice(1);
    const count = said.indexOf('cc>');
    const expected = Buffer.from(Array.from({ length: count }, (_, index) => (index + 1) & 0xff)).toString('latin1');
    expect(sum(said.slice(0, count))).to.equal(sum(expected));
  });

  it('no_reboot: the first triple fault ends the machine', async () => {
    const { core } = await begin({ noReboot: true });
    core.type('t');
    const { reason, message } = await core.told(ended);
    expect(reason).to.equal(EndedReason.GUEST_FAULT);
    expect(message).to.match(/^the guest failed: vCPU 0: triple fault\nrip 0x10[01]/);
  });

  it('what KVM cannot go on from ends the machine, with the reason and the registers', async () => {
    const { core } = await begin();
    core.type('u');
    const { reason, message } = await core.told(ended);
    expect(reason).to.equal(EndedReason.GUEST_FAULT);
    expect(message).to.match(/^the guest failed: vCPU 0: KVM could not go on \(internal error .*\)\nrip 0xd0000000 /);
    expect(await core.exited).to.deep.equal({ status: 0, signal: null });
  });

  it('the power button sets its bit, once, and interrupts', async () => {
    const { core } = await begin();
    expect([await core.ask('b'), await core.ask('e')]).to.deep.equal(['0b', '0e']);
    core.send({ powerButton: {} });
    expect([await core.ask('e'), await core.ask('b'), await core.ask('b')]).to.deep.equal(['1e', '8b', '0b']);
  });

  it('a power button that is pressed while the guest is paused is found afterwards', async () => {
    const { core } = await begin();
    expect(await core.order({ pause: {} })).to.equal('done');
    core.send({ powerButton: {} });
    expect(await core.order({ resume: {} })).to.equal('done');
    expect([await core.ask('e'), await core.ask('b')]).to.deep.equal(['1e', '8b']);
  });

  it('vCPUs that fault at once cause one reset', async () => {
    const { core } = await begin({ bootVcpus: 2, maxVcpus: 2 });
    core.type('f');
    await lives(core, 2);
    expect(await core.ask('m')).to.equal('0m');
    expect(core.messages.flatMap((message) => reset(message) ?? [])).to.have.lengthOf(1);
  });

  it('a guest that resets itself into a pause is paused somewhere on the way, and begins once', async () => {
    const { core } = await begin();
    for (let round = 0; round < 10; round++) {
      const before = core.serial;
      core.type('r');
      expect(await core.order({ pause: {} })).to.equal('done');
      expect(await core.save(place.path('state'), place.path('memory'))).to.equal('done');
      // It may have got as far as to its greeting where this process had no turn between the letter and the order.
      expect([before, `${before}>`]).to.include(core.serial);
      expect(await core.order({ resume: {} })).to.equal('done');
      await core.says((said) => said !== before);
      expect(core.serial).to.equal(`${before}>`);
    }
  });

  it('what is ordered while the machine is made is done when it is', async () => {
    const core = place.spawn();
    core.create({ kernel: place.kernel });
    const disk = place.own(new HeldDisk(core.addDisk(), place.watcher));
    core.send({ run: {} });
    core.send({ powerButton: {} });
    core.send({ pause: {} });
    core.send({ resume: {} });
    expect([await core.answer(), await core.answer()]).to.deep.equal(['done', 'done']);
    disk.isPrompt = true;
    expect((await core.ask('d')).replace('>', '')).to.equal(READ);
    expect(await core.ask('b')).to.equal('8b');
  });

  it('orders that do not fit the state are refused, and change nothing', async () => {
    const { core } = await begin();
    expect(await core.order({ resume: {} })).to.equal('the machine runs already');
    expect(await core.save(place.path('state'), place.path('memory'))).to.equal('the machine runs: pause it before it is saved');
    expect(await core.order({ pause: {} })).to.equal('done');
    expect(await core.order({ pause: {} })).to.equal('the machine is paused already');
    expect(await core.order({ save: {} })).to.equal('a save needs two files: one for the state, one for the memory');
    for (const message of [{ run: {} }, { addDevice: { id: 'late' } }, { createVm: {} }]) {
      expect(await core.order(message)).to.equal('the machine has begun: adding to it is not supported yet');
    }
    core.type('m');
    expect(await core.order({ resume: {} })).to.equal('done');
    await core.says('0m');
  });

  it('a paused guest stands still', async () => {
    const { core } = await begin();
    core.type('c');
    await core.says((said) => said.length > 100);
    expect(await core.order({ pause: {} })).to.equal('done');
    expect(await core.save(place.path('state'), place.path('first'))).to.equal('done');
    expect(await core.save(place.path('state'), place.path('second'))).to.equal('done');
    expect(place.read('first').equals(place.read('second'))).to.equal(true);
    const length = core.serial.length;
    expect(await core.order({ resume: {} })).to.equal('done');
    await core.says((said) => said.length > length + 100);
  });

  it("a guest that was paused finds that in KVM's clock, and one that has no such clock goes on as well", async () => {
    const { core } = await begin();
    for (const said of ['0p', '1p']) {
      expect(await core.order({ pause: {} })).to.equal('done');
      expect(await core.order({ resume: {} })).to.equal('done');
      expect(await core.ask('p')).to.equal(said);
    }
  });

  it('a machine that was started paused runs when it is resumed', async () => {
    const core = place.spawn();
    core.create({ kernel: place.kernel });
    await core.run(true);
    expect(await core.save(place.path('state'), place.path('memory'))).to.equal('done');
    expect(core.serial).to.equal('');
    expect(await core.order({ resume: {} })).to.equal('done');
    await core.says('>');
  });

  it('two orders at once are carried out in their order', async () => {
    const { core } = await begin();
    core.send({ pause: {} });
    core.send({ resume: {} });
    core.send({ pause: {} });
    core.send({ stop: {} });
    const answers: string[] = [];
    await core.told((message) => {
      if (message.done) answers.push('done');
      return message.ended;
    });
    expect(await core.exited).to.deep.equal({ status: 0, signal: null });
    expect(answers.length).to.be.at.most(3);
  });

  it('a terminal that takes nothing keeps nobody from the end, a reset or a save', async () => {
    const core = place.spawn();
    core.create({ kernel: place.kernel }, {}, true);
    await core.run();
    core.type('r');
    expect(await core.told(reset)).to.equal('');
    expect(await core.order({ pause: {} })).to.equal('done');
    expect(await core.save(place.path('state'), place.path('memory'))).to.equal('done');
    expect(await core.order({ resume: {} })).to.equal('done');
    core.type('o');
    expect(await core.told(ended)).to.deep.equal({ reason: EndedReason.POWERED_OFF, message: '' });
    expect(await core.exited).to.deep.equal({ status: 0, signal: null });
  });

  const LOST: readonly (readonly [when: string, bring: (core: CoreProcess, disk: HeldDisk) => Promise<void>])[] = [
    ['before its driver has come', async () => {}],
    [
      'while it has a request',
      async (core, disk) => {
        await core.ask('k');
        await disk.holds(0);
      },
    ],
    [
      'while the guest is paused',
      async (core) => {
        expect(await core.order({ pause: {} })).to.equal('done');
      },
    ],
    [
      'while the guest is reset',
      async (core, disk) => {
        await core.ask('k');
        await disk.holds(0);
        const asked = disk.fallSilent();
        core.type('r');
        await asked;
      },
    ],
    [
      'while it is saved',
      async (core, disk) => {
        await core.ask('k');
        await disk.holds(0);
        const asked = disk.fallSilent();
        expect(await core.order({ pause: {} })).to.equal('done');
        core.beginSave(place.path('state'), place.path('memory'));
        await asked;
      },
    ],
  ];
  for (const [when, bring] of LOST) {
    it(`a back end that leaves ${when} ends the machine, and which it was is said`, async () => {
      const { core, disk } = await begin();
      await bring(core, disk);
      disk[Symbol.dispose]();
      const { reason, message } = await core.told(ended);
      expect(reason).to.equal(EndedReason.DEVICE_LOST);
      expect(message).to.equal('device disk0 is lost: its device process has closed the connection');
      expect(await core.exited).to.deep.equal({ status: 0, signal: null });
      expect(core.printed).to.equal('');
    });
  }

  const REFUSED: readonly (readonly [name: string, start: (core: CoreProcess) => void, line: RegExp])[] = [
    ['no machine in the first order', (core) => core.send({ run: {} }), /^the first start message creates no machine$/],
    ['no kernel', (core) => core.create({}), /^the start message lacks .* something to start from$/],
    [
      'an empty kernel',
      (core) => (writeFileSync(place.path('bad'), ''), core.create({ kernel: place.path('bad') })),
      /^kernel .*bad.* empty/,
    ],
    [
      'a kernel that is none',
      (core) => (writeFileSync(place.path('bad'), 'x'.repeat(5000)), core.create({ kernel: place.path('bad') })),
      /^kernel .*bad/,
    ],
    [
      'a kernel without an entry',
      (core) => {
        writeFileSync(place.path('bad'), pvhElf({ segments: [{ address: 0x10_0000, bytes: Uint8Array.of(0xf4) }] }));
        core.create({ kernel: place.path('bad') });
      },
      /^kernel .*bad.* PVH/,
    ],
    ['memory of no size', (core) => core.create({ kernel: place.kernel }, { memorySize: 0 }), /^--memory: /],
    ['more memory than there can be', (core) => core.create({ kernel: place.kernel }, { memorySize: 2 ** 50 }), /^--memory/],
    ['an order before its time', (core) => (core.create({ kernel: place.kernel }), core.send({ pause: {} })), /only be given devices$/],
    [
      'a device of no kind',
      (core) => (core.create({ kernel: place.kernel }), core.send({ addDevice: { id: 'odd' } })),
      /^device odd is of no known kind/,
    ],
  ];
  for (const [name, start, line] of REFUSED) {
    it(`${name} -> one line, status 1`, async () => {
      const core = place.spawn();
      start(core);
      core.trySend({ run: {} });
      const message = await core.told(({ failed }) => failed?.message);
      expect(message).to.match(line).and.not.include('\n');
      expect(await core.exited).to.deep.equal({ status: 1, signal: null });
      expect(core.printed).to.equal('');
    });
  }
});

function sum(text: string): string {
  return `${text.length} ${createHash('sha256').update(text, 'latin1').digest('hex')}`;
}
