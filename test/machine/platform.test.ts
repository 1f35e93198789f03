import { readFileSync } from 'node:fs';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { createEventFd, drainEventFd } from '#shared/sys/eventfd.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { viewAt } from '#shared/sys/ffi.ts';
import { type Fd, type OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { GuestWindows, prepareBoot } from '../../vmm-core/boot/index.ts';
import { pvhElf, withFile } from '../../vmm-core/boot/testing/kernel-images.ts';
import { apicIdOf, guestCpuid } from '../../vmm-core/kvm/cpuid.ts';
import { Kvm } from '../../vmm-core/kvm/kvm.ts';
import { Vcpu } from '../../vmm-core/kvm/vcpu.ts';
import { Vm } from '../../vmm-core/kvm/vm.ts';
import { type Machine, type MachinePlan, buildMachine } from '../../vmm-core/machine.ts';
import { GuestRam } from '../../vmm-core/memory/backing.ts';
import { KVM_IDENTITY_MAP_ADDRESS, KVM_TSS_ADDRESS, MIB } from '../../vmm-core/memory/layout.ts';
import { type MemoryMap, endOf, planMemory } from '../../vmm-core/memory/map.ts';
import { MemorySlots } from '../../vmm-core/memory/slots.ts';
import { POWER_EFFECT } from '../../vmm-core/platform/power.ts';
import { configureVcpu, setBootRegisters } from '../../vmm-core/vcpu/boot-state.ts';
import { VcpuThreads } from '../../vmm-core/vcpu/control.ts';

/** A guest booted by the PVH protocol on real KVM, with the core's own platform and vCPU threads around it. */

const RAM_SIZE = 16 * MIB;
const ENTRY = 0x20_0000;
const ARENA_SIZE = 1 << 20;
const GSI_COUNT = 64;
const POWER = 0;
const SERIAL = 1;
const DEADLINE_MS = 20_000;

/** Sends `text` to the serial port once the transmitter is empty, byte by byte, then `value` to the power port at 0x600. */
function talkative(text: string, value: number): Uint8Array {
  const sends = text.split('').flatMap((character) => [
    ...[0x66, 0xba, 0xfd, 0x03], // mov dx, 0x3fd
    ...[0xec, 0xa8, 0x20, 0x74, 0xfb], // again: in al, dx; test al, 0x20; jz again
    ...[0x66, 0xba, 0xf8, 0x03, 0xb0, character.charCodeAt(0), 0xee], // mov dx, 0x3f8; mov al, character; out dx, al
  ]);
  const power = [0x66, 0xba, 0x00, 0x06, 0xb0, value, 0xee]; // mov dx, 0x600; mov al, value; out dx, al
  // A guest that runs on past its power-off says so.
  const ranOn = [0x66, 0xba, 0xf8, 0x03, 0xb0, 0x21, 0xee, 0xeb, 0xfe]; // mov dx, 0x3f8; mov al, '!'; out dx, al; jmp $
  return Uint8Array.from([...sends, ...power, ...ranOn]);
}

class TestCore {
  readonly map: MemoryMap = expect(planMemory({ ramSize: RAM_SIZE, physicalBits: 40 }), 'map');
  readonly wake: OwnedFd = expect(createEventFd(), 'wake');
  readonly machine: Machine;
  readonly threads: VcpuThreads;
  readonly #kvm = expect(Kvm.open(), 'kvm');
  readonly #vmFd = expect(this.#kvm.createVm(), 'vm');
  readonly #ram = expect(GuestRam.create(this.map.ram), 'ram');
  readonly #pins = [expect(createEventFd(), 'serial pin'), expect(createEventFd(), 'event device pin')] as const;
  readonly #vcpus: readonly OwnedFd[];

  constructor(kernel: Fd) {
    const vm = new Vm(this.#vmFd.fd);
    expect(vm.setTssAddress(KVM_TSS_ADDRESS), 'tss');
    expect(vm.setIdentityMapAddress(KVM_IDENTITY_MAP_ADDRESS), 'identity map');
    expect(vm.enableSplitIrqchip(), 'irqchip');
    const slots = new MemorySlots(vm);
    for (const range of this.#ram.ranges) expect(slots.add(range), 'slot');
    this.#vcpus = [expect(vm.createVcpu(0), 'vcpu')];
    const registers = new SharedArrayBuffer(ARENA_SIZE);
    this.machine = buildMachine(this.#plan(), registers);
    this.machine.platform.reset();
    this.#boot(kernel);
    this.threads = new VcpuThreads({
      entry: new URL('../../vmm-core/vcpu/worker.ts', import.meta.url),
      runSize: this.#kvm.runSize,
      vcpuFds: this.#vcpus.map(({ fd }) => fd),
      first: ['run'],
      data: { plan: this.#plan(), registers },
      onFatal: (report) => {
        throw new Error(`vCPU ${report.vcpu}: ${JSON.stringify(report.exit)}`);
      },
    });
  }

  /** What the guest wrote until it asked for power-off or reset; and what it asked for. */
  async run(): Promise<{ text: string; asked: number }> {
    let text = '';
    const target = new Uint8Array(64);
    const deadline = performance.now() + DEADLINE_MS;
    for (let asked = 0; asked === 0;) {
      check(performance.now(), 'the guest says and asks nothing more').to.be.lessThan(deadline);
      if (pollNow(this.wake.fd, EPOLLIN, 100) === 0) continue;
      drainEventFd(this.wake.fd);
      asked = this.machine.effects.take(POWER);
      if (asked === 0) this.machine.effects.take(SERIAL);
      text += this.#output(target);
      if (asked !== 0) {
        expect(await this.threads.pauseAll(), 'pause');
        return { text: text + this.#output(target), asked };
      }
    }
    return { text, asked: 0 };
  }

  async close(): Promise<void> {
    expect(await this.threads.stopAll(), 'stop');
    for (const owned of [...this.#vcpus, this.#vmFd, this.wake, ...this.#pins]) owned.close();
    this.#ram.close();
    this.#kvm.close();
  }

  #output(target: Uint8Array): string {
    let text = '';
    for (let length = 1; length > 0;) {
      length = this.machine.platform.serial?.takeOutput(target) ?? 0;
      text += Buffer.from(target.subarray(0, length)).toString('latin1');
    }
    return text;
  }

  #plan(): MachinePlan {
    const { map } = this;
    const [low] = map.ram;
    return {
      vmFd: this.#vmFd.fd,
      wakeFd: this.wake.fd,
      effectCount: 2,
      gsiCount: GSI_COUNT,
      platform: {
        ramBelow4G: endOf(low),
        ramAbove4G: map.ramSize - endOf(low),
        gedRegister: map.gedRegister,
        pciWindow32: map.pciWindow32,
        pciWindow64: map.pciWindow64,
        powerEffectIndex: POWER,
        serial: { effectIndex: SERIAL, discardOutput: false, pinFd: this.#pins[0].fd },
        gedPinFd: this.#pins[1].fd,
        devices: [],
      },
    };
  }

  #boot(kernel: Fd): void {
    const topology = { threadsPerCore: 1, coresPerDie: 1, diesPerPackage: 1 };
    const apicId = apicIdOf(topology, 0);
    const brand = /model name\s*: (.*)/.exec(readFileSync('/proc/cpuinfo', 'latin1').slice(0, 4096))?.[1] ?? '';
    const supported = expect(this.#kvm.supportedCpuid(), 'cpuid');
    const vcpu = new Vcpu(asFd(this.#vcpus[0]?.fd ?? -1), 0);
    const cpuid = guestCpuid(supported, { topology, apicId, physicalBits: 40, tscKhz: undefined, nested: false, brand });
    expect(configureVcpu(vcpu, cpuid), 'configure');
    const ram = new GuestWindows(
      this.#ram.ranges.map(({ guestStart, hostAddress, size }) => ({
        start: guestStart,
        bytes: new Uint8Array(viewAt(hostAddress, size)),
      })),
    );
    const payload = { kind: 'kernel', kernel: { fd: kernel, path: 'talkative' }, commandLine: '' } as const;
    const processors = { apicIds: [apicId], bootCount: 1 };
    const state = expect(prepareBoot({ map: this.map, payload, processors, hasSerial: true, identity: { oemStrings: [] } }, ram), 'boot');
    expect(setBootRegisters(vcpu, state), 'registers');
  }
}

describe('a machine of the core on KVM', function () {
  this.timeout(60_000);

  for (const [name, value, asked] of [
    ['power-off', 0x34, POWER_EFFECT.powerOff],
    ['reset', 0x01, POWER_EFFECT.reset],
  ] as const) {
    it(`${name}: the guest's words arrive, and it does not run on after asking`, async () => {
      const image = pvhElf({ entry: ENTRY, segments: [{ address: ENTRY, bytes: talkative('hello, world\n', value) }] });
      const core = withFile(image, (fd) => new TestCore(asFd(fd)));
      check(await core.run()).to.deep.equal({ text: 'hello, world\n', asked });
      await core.close();
    });
  }
});
