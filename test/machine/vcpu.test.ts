import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { createEventFd, drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { describeFatalExit } from '../../vmm-core/kvm/exit.ts';
import { GsiRoutes } from '../../vmm-core/kvm/gsi-routes.ts';
import { KvmRegs } from '../../vmm-core/kvm/spec.ts';
import { StateArena } from '../../vmm-core/state/arena.ts';
import { STATE } from '../../vmm-core/vcpu/control-words.ts';
import { CODE_ADDRESS, TinyMachine, needsKvm } from './tiny-machine.ts';

const SPIN = [0xeb, 0xfe]; // jmp $
/** mov al, value; out 0x80, al */
const post = (value: number): number[] => [0xb0, value, 0xe6, 0x80];
const dword = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff];

describe('vCPU on KVM', function () {
  this.timeout(30_000);
  needsKvm(this);

  it('serves port and memory accesses of every size', async () => {
    await using machine = new TinyMachine({
      code: [
        ...post(0x40),
        ...[0x66, 0xba, 0xf8, 0x03, 0xef], // mov dx, 0x3f8; out dx, eax
        ...[0x66, 0xef], // out dx, ax
        ...[0xec, 0xe6, 0x80], // in al, dx; out 0x80, al
        ...[0xa1, ...dword(0xd000_0000)], // mov eax, [0xd0000000]
        ...[0xa3, ...dword(0xd000_0010)], // mov [0xd0000010], eax
        ...[0x66, 0xa3, ...dword(0xd000_0021)], // mov [0xd0000021], ax
        ...SPIN,
      ],
    });
    machine.start();
    await machine.log.reaches(8);
    expect(machine.log.all()).to.deep.equal([
      { space: 'pio', direction: 'write', address: 0x80, value: 0x40, size: 1 },
      { space: 'pio', direction: 'write', address: 0x3f8, value: 0x40, size: 4 },
      { space: 'pio', direction: 'write', address: 0x3f8, value: 0x40, size: 2 },
      { space: 'pio', direction: 'read', address: 0x3f8, value: 0, size: 1 },
      { space: 'pio', direction: 'write', address: 0x80, value: 0xf8, size: 1 },
      { space: 'mmio', direction: 'read', address: 0xd000_0000, value: 0, size: 4 },
      { space: 'mmio', direction: 'write', address: 0xd000_0010, value: 0xd000_0004, size: 4 },
      { space: 'mmio', direction: 'write', address: 0xd000_0021, value: 0x0004, size: 2 },
    ]);
  });

  it('serves a string instruction value by value', async () => {
    // mov esi, 0x101000; mov ecx, 3; mov dx, 0x3f8; rep outsb
    const code = [0xbe, ...dword(0x10_1000), 0xb9, ...dword(3), 0x66, 0xba, 0xf8, 0x03, 0xf3, 0x6e, ...SPIN];
    await using machine = new TinyMachine({ code, at: { [0x10_1000]: [1, 2, 3] } });
    machine.start();
    await machine.log.reaches(3);
    expect(machine.log.all().map(({ value }) => value)).to.deep.equal([1, 2, 3]);
  });

  it('kicks a guest that never leaves by itself; it goes on where it was', async () => {
    // a: inc ebx; jmp a
    await using machine = new TinyMachine({ code: [...post(1), 0x31, 0xdb, 0x43, 0xeb, 0xfd] });
    machine.start();
    await machine.log.reaches(1);
    const ebx = (): bigint => KvmRegs.get.rbx(must(machine.boot.read('regs'), 'test').view, 0);
    must(await machine.threads.pauseAll(), 'test');
    const first = ebx();
    expect(machine.threads.stateOf(0)).to.equal(STATE.paused);
    expect(ebx()).to.equal(first);
    for (let tries = 0; tries < 50 && ebx() === first; tries++) {
      machine.threads.resumeAll();
      while (machine.threads.stateOf(0) !== STATE.running) await setImmediate();
      must(await machine.threads.pauseAll(), 'test');
    }
    expect(ebx() > first).to.equal(true);
  });

  it('pauses with the last access completed', async () => {
    // a: in al, 0x90; inc ebx; jmp a
    await using machine = new TinyMachine({ code: [0x31, 0xdb, 0xe4, 0x90, 0x43, 0xeb, 0xfb] });
    machine.start();
    for (let round = 1; round <= 5; round++) {
      await machine.log.reaches(machine.log.count + 3);
      must(await machine.threads.pauseAll(), 'test');
      const { view } = must(machine.boot.read('regs'), 'test');
      const completed = Number(KvmRegs.get.rbx(view, 0)) + (Number(KvmRegs.get.rip(view, 0)) === CODE_ADDRESS + 4 ? 1 : 0);
      expect(completed).to.equal(machine.log.count);
      machine.threads.resumeAll();
    }
  });

  it('keeps a vCPU at the instruction that asked to hold it', async () => {
    const code = [0x66, 0xba, 0x00, 0x06, 0xb0, 0x34, 0xee, ...post(2), ...SPIN]; // mov dx, 0x600; mov al, 0x34; out dx, al
    await using machine = new TinyMachine({ code });
    machine.start();
    await machine.log.reaches(1);
    must(await machine.threads.pauseAll(), 'test');
    expect(machine.log.count).to.equal(1);
    machine.threads.resumeAll();
    await machine.log.reaches(2);
    expect(machine.log.all()[1]?.value).to.equal(2);
  });

  it('keeps a vCPU that asks to hold it between the request for a pause and its kick', async () => {
    const code = [0x66, 0xba, 0x01, 0x06, 0xee, ...post(2), ...SPIN]; // mov dx, 0x601; out dx, al
    await using machine = new TinyMachine({ code });
    machine.start();
    while (machine.threads.stateOf(0) !== STATE.paused && machine.log.count < 2) await setImmediate();
    expect([machine.threads.stateOf(0), machine.log.count]).to.deep.equal([STATE.paused, 1]);
    machine.threads.resumeAll();
    await machine.log.reaches(2);
  });

  it('reports a triple fault and stays paused', async () => {
    // An empty IDT: lidt [null], ud2.
    const code = [0x0f, 0x01, 0x1d, ...dword(0x10_1000), 0x0f, 0x0b];
    await using machine = new TinyMachine({ code });
    machine.start();
    const report = await machine.fatal;
    expect(report).to.deep.equal({ vcpu: 0, exit: { kind: 'triple-fault' }, life: 0 });
    expect(describeFatalExit(report.exit)).to.equal('triple fault');
    expect(machine.threads.stateOf(0)).to.equal(STATE.paused);
  });

  it('reports a fault in the life in which it was', async () => {
    const code = [0x0f, 0x01, 0x1d, ...dword(0x10_1000), 0x0f, 0x0b];
    await using machine = new TinyMachine({ code });
    machine.start('pause');
    machine.threads.renew();
    machine.threads.resumeAll();
    const report = await machine.fatal;
    machine.threads.renew();
    expect([report.life, machine.threads.life]).to.deep.equal([1, 2]);
  });

  it('reports what KVM cannot emulate', async () => {
    // jmp to where there is no memory
    await using machine = new TinyMachine({ code: [0xb8, ...dword(0xd000_0000), 0xff, 0xe0] });
    machine.start();
    expect((await machine.fatal).exit.kind).to.equal('internal-error');
  });

  it('signals an ioeventfd instead of leaving the guest', async () => {
    const code = [
      0x66,
      0xb8,
      7,
      0,
      0x66,
      0xa3,
      ...dword(0xd000_0000),
      ...post(1),
      0x66,
      0xb8,
      8,
      0,
      0x66,
      0xa3,
      ...dword(0xd000_0000),
      ...post(2),
      ...SPIN,
    ];
    await using machine = new TinyMachine({ code });
    using event = must(createEventFd(), 'test');
    must(machine.vm.assignIoeventfd(event.fd, { space: 'mmio', address: 0xd000_0000, length: 2, match: 7 }), 'test');
    machine.start();
    await machine.log.reaches(3);
    expect(drainEventFd(event.fd)).to.equal(1);
    expect(machine.log.all().map(({ space, value }) => [space, value])).to.deep.equal([
      ['pio', 1],
      ['mmio', 8],
      ['pio', 2],
    ]);
  });

  it('delivers an irqfd as an MSI to a handler', async () => {
    const gate = (handler: number): number[] => [...dword((0x08 << 16) | (handler & 0xffff)), ...dword((handler & 0xffff_0000) | 0x8e00)];
    const code = [
      ...[0x0f, 0x01, 0x1d, ...dword(0x10_1000)], // lidt [0x101000]
      ...[0xc7, 0x05, ...dword(0xfee0_00f0), ...dword(0x1ff)], // LAPIC: spurious vector 0xff, enabled
      ...post(1),
      0xfb, // sti
      ...[0xf4, 0xeb, 0xfd], // a: hlt; jmp a
    ];
    // EOI; post; and instead of iret, which a KVM without VT-x does not emulate: pop eax; add esp, 8; sti; jmp eax.
    const handler = [0xc7, 0x05, ...dword(0xfee0_00b0), ...dword(0), ...post(2), 0x58, 0x83, 0xc4, 0x08, 0xfb, 0xff, 0xe0];
    await using machine = new TinyMachine({
      code,
      at: { [0x10_1000]: [0xff, 0x07, ...dword(0x10_2000)], [0x10_2000 + 0x40 * 8]: gate(0x10_4000), [0x10_4000]: handler },
    });
    const routes = new GsiRoutes(machine.vm, new StateArena(new SharedArrayBuffer(4096)), 32);
    using event = must(createEventFd(), 'test');
    must(routes.set(24, { addressLow: 0xfee0_0000, addressHigh: 0, data: 0x40 }), 'test');
    must(machine.vm.assignIrqfd(event.fd, 24), 'test');
    machine.start();
    await machine.log.reaches(1);
    signalEventFd(event.fd);
    await machine.log.reaches(2);
    signalEventFd(event.fd);
    await machine.log.reaches(3);
    expect(machine.log.all().map(({ value }) => value)).to.deep.equal([1, 2, 2]);
  });

  it('starts a second processor by INIT and SIPI', async () => {
    const ipi = (command: number): number[] => [0xc7, 0x05, ...dword(0xfee0_0300), ...dword(command)];
    const code = [
      ...[0xc7, 0x05, ...dword(0xfee0_00f0), ...dword(0x1ff)],
      ...[0xc7, 0x05, ...dword(0xfee0_0310), ...dword(0x0100_0000)], // destination: APIC id 1
      ...post(1),
      ...ipi(0x4500), // INIT
      ...ipi(0x4608), // SIPI to 0x8000
      ...[0xf4, 0xeb, 0xfd],
    ];
    await using machine = new TinyMachine({ vcpus: 2, code, at: { 0x8000: [...post(2), 0xf4, 0xeb, 0xfd] } });
    machine.start();
    await machine.log.reaches(2);
    expect(machine.log.all().map(({ value }) => value)).to.deep.equal([1, 2]);
  });
});
