/** A machine with a disk, a console and randomness, all of them in use, that is saved, and restored over and over in one process. */
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Result, expect } from '#shared/lang/result.ts';
import { OwnedFd, asFd, closeFd } from '#shared/sys/owned-fd.ts';
import { SOCK_STREAM, socketPair } from '#shared/sys/unix-socket.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import { pvhElf } from '../../boot/testing/kernel-images.ts';
import { BackendLink } from '../../link/backend-link.ts';
import type { LinkContext } from '../../link/device-link.ts';
import { SerialLink } from '../../link/serial-link.ts';
import { DiskLike, Peer } from '../../link/testing/linked-device.fixture.ts';
import type { MachinePlan } from '../../machine.ts';
import { ConsoleLink } from '../../virtio-devices/console.ts';
import { RngLink } from '../../virtio-devices/rng.ts';
import { MachineHost, eventFd } from '../machine-host.ts';
import { type PlannedDevice, planMachine } from '../machine-plan.ts';
import type { MachineOrigin, MachineSpec } from '../machine-spec.ts';
import { VirtualMachine } from '../virtual-machine.ts';

const RING = 0x80_0000;
const QUEUE_PAGES = 0x4000;
const MSIX_CONTROL = 0x9a;
const SPEC = {
  bootVcpus: 1,
  maxVcpus: 1,
  memorySize: 16 * 2 ** 20,
  prefault: false,
  hugePageSize: undefined,
  identity: { oemStrings: [] },
  noReboot: false,
  logLevel: 0,
} as const;
const NO_CHANNEL = { input: undefined, output: undefined, listener: undefined, neverStall: false };

/** A machine of its own in KVM, and what is closed when it is over. */
interface Try {
  readonly machine: VirtualMachine;
  readonly host: MachineHost;
  readonly plan: MachinePlan;
  readonly devices: readonly PlannedDevice[];
  readonly peer: Peer;
}

export class RestorableMachine implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'restorable-'));
  readonly #watcher = new Watcher();
  readonly #wake = eventFd();

  /** The text of a state file, of a machine whose drivers have begun. */
  async saved(): Promise<string> {
    this.#write('kernel', pvhElf({ segments: [{ address: 0x10_0000, bytes: Uint8Array.of(0xf4) }], entry: 0x10_0000 }));
    using kernel = this.#open('kernel', 'r');
    using state = this.#open('state', 'w+');
    using memory = this.#open('memory', 'w+');
    const made = await this.#make({ kind: 'kernel', kernel, initramfs: undefined, commandLine: '' });
    expect(await made.machine.load(), 'load');
    begin(made.machine);
    made.machine.takeEffects();
    expect(await made.machine.save(state.fd, memory.fd), 'save');
    await end(made);
    return readFileSync(join(this.#folder, 'state'), 'utf8');
  }

  /** Restores `text` and, where that can be, has every register read and written. Throws where a part of the machine does. */
  async restore(text: string): Promise<Result<void, string>> {
    this.#write('state', text);
    using state = this.#open('state', 'r');
    using memory = this.#open('memory', 'r');
    const made = await this.#make({ kind: 'saved', state, memory, boot: undefined });
    const loaded = await made.machine.load();
    if (loaded.ok) {
      useRegisters(made.machine);
      made.machine.takeEffects();
    }
    await end(made);
    return loaded;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watcher.close();
    this.#wake.close();
    rmSync(this.#folder, { recursive: true });
  }

  #write(name: string, contents: string | Uint8Array): void {
    writeFileSync(join(this.#folder, name), contents);
  }

  #open(name: string, flags: string): OwnedFd {
    return new OwnedFd(openSync(join(this.#folder, name), flags));
  }

  async #make(origin: MachineOrigin): Promise<Try> {
    const kvm = new OwnedFd(openSync('/dev/kvm', 'r+'));
    const spec: MachineSpec = { ...SPEC, kvm, origin };
    const host = expect(MachineHost.create(spec), 'host');
    const context: LinkContext = {
      watcher: this.#watcher,
      memory: host.memory,
      regions: host.regions,
      failed: () => {},
      told: () => {},
    };
    const [socket, theirs] = expect(socketPair(SOCK_STREAM), 'socket pair');
    const peer = new Peer(new DiskLike(), theirs, this.#watcher);
    const disk = await BackendLink.connect({ id: 'disk0', deviceType: 2, queueCount: 2, queueSize: 128, socket }, context);
    const links = [
      expect(disk, 'disk'),
      new ConsoleLink({ id: 'console', columns: 80, rows: 24, channel: undefined }, context),
      new RngLink({ id: 'rng', source: new OwnedFd(openSync('/dev/zero', 'r')) }, context),
    ];
    const devices = links.map((link) => ({ link, slot: undefined }));
    const plan = expect(planMachine({ host, wakeFd: this.#wake.fd, serial: { discardOutput: false }, devices }), 'plan');
    const serial = new SerialLink(this.#watcher, NO_CHANNEL);
    return { machine: expect(VirtualMachine.create({ spec, host, plan, devices, serial }), 'machine'), host, plan, devices, peer };
  }
}

/** With the VM's last descriptor go its memory, irqfds and ioeventfds. */
async function end({ host, plan, devices, peer }: Try): Promise<void> {
  for (const { link } of devices) link.close();
  peer.close();
  await peer.ended;
  const { serial, gedPinFd, devices: planned } = plan.platform;
  const eventFds = planned.flatMap(({ kickFds, vectorFds }) => [...kickFds, ...vectorFds]);
  for (const fd of [...host.vcpus.map((vcpu) => vcpu.fd), host.vm.fd, ...eventFds, gedPinFd, serial?.pinFd ?? -1]) closeFd(asFd(fd));
  host.ram.close();
  host.kvm.close();
}

/** Every device has its driver's queues and vectors; the last two are masked. */
function begin({ platform }: VirtualMachine): void {
  let ring = RING;
  for (const { function: pci, plan } of platform.devices) {
    const bar = pci.bars[0]?.mapped ?? 0;
    const write = (offset: number, size: number, value: number): void => platform.mmio.write(bar + offset, size, value);
    pci.writeConfig(4, 2, 6);
    pci.writeConfig(MSIX_CONTROL, 2, 0x8000);
    for (const vector of plan.vectorFds.keys()) {
      for (const [at, value] of [0xfee0_0000, 0, 0x40 + vector, vector === 0 ? 0 : 1].entries())
        write(0x8000 + vector * 16 + at * 4, 4, value);
    }
    for (const status of [1, 3]) write(0x14, 1, status);
    for (const half of [0, 1]) {
      write(0x00, 4, half);
      write(0x08, 4, half);
      write(0x0c, 4, platform.mmio.read(bar + 0x04, 4));
    }
    write(0x14, 1, 0xb);
    write(0x10, 2, 0);
    for (const queue of plan.queueSizes.keys()) {
      write(0x16, 2, queue);
      write(0x1a, 2, queue + 1);
      for (const [part, register] of [0x20, 0x28, 0x30].entries()) {
        write(register, 4, ring + part * 0x1000);
        write(register + 4, 4, 0);
      }
      write(0x1c, 2, 1);
      ring += QUEUE_PAGES;
    }
    write(0x14, 1, 0xf);
    write(0x4020, 1, 1);
  }
  for (const [port, value] of [
    [0x3f9, 3],
    [0x3f8, 0x41],
    [0x80, 0x42],
    [0x70, 0x40],
  ] as const) {
    platform.pio.write(port, 1, value);
  }
  platform.serial?.pushInput(Buffer.from('typed'));
}

/** As a guest that goes on may. */
function useRegisters({ platform }: VirtualMachine): void {
  for (const { function: pci } of platform.devices) {
    const bar = pci.bars[0]?.mapped ?? 0;
    for (let at = 0; at < 256; at += 4) pci.readConfig(at, 4);
    for (let at = 0; at < 0x38; at++) for (const size of [1, 2, 4]) platform.mmio.read(bar + at, size);
    for (const at of [0x2000, 0x4000, 0x8000, 0x4_8000]) platform.mmio.read(bar + at, 4);
    for (const at of [0x18, 0x1a, 0x1c]) platform.mmio.write(bar + at, 2, 1);
    for (const at of [0x20, 0x8000, 0x800c]) platform.mmio.write(bar + at, 4, 0);
    platform.mmio.write(bar + 0x4020, 1, 0);
    platform.mmio.write(bar + 0x6000, 2, 0);
    pci.writeConfig(MSIX_CONTROL, 2, 0xc000);
    pci.writeConfig(MSIX_CONTROL, 2, 0x8000);
  }
  for (const device of platform.devices) {
    device.configChanged();
    device.needsReset();
  }
  for (const port of [0x3f8, 0x3f9, 0x3fa, 0x3fd, 0x70, 0x71, 0x80, 0x600, 0x61, 0xcf8, 0xcfc]) platform.pio.read(port, 1);
  for (const port of [0x3f8, 0x71, 0x80, 0xcfc]) platform.pio.write(port, 1, 1);
  for (const select of [0x10, 0x1a, 0x2a]) {
    platform.mmio.write(0xfec0_0000, 4, select);
    platform.mmio.write(0xfec0_0010, 4, platform.mmio.read(0xfec0_0010, 4));
  }
  platform.ioapic.endOfInterrupt(0x30);
  platform.serial?.takeOutput(new Uint8Array(256));
  platform.serial?.pushInput(Buffer.from('more'));
  platform.ged.pressPowerButton();
  platform.debugPort.marks();
}
