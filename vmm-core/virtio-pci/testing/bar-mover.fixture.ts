/** A vCPU of virtio-pci.test.ts: moves the device's BAR to and fro, uses it wherever it is, and leaves it where it was. */
import { workerData } from 'node:worker_threads';
import type { VirtioPciPlan } from '../virtio-pci-device.ts';
import { BAR_ADDRESS, VirtioMachine } from './virtio-machine.ts';

const { buffer, vmFd, wakeFd, plan }: { buffer: SharedArrayBuffer; vmFd: number; wakeFd: number; plan: VirtioPciPlan } = workerData;
const machine = new VirtioMachine(buffer, vmFd, wakeFd, plan);
for (let move = 0; move < 40; move++) {
  for (const base of [0xc800_0000, BAR_ADDRESS]) {
    machine.setConfig(0x10, 4, base);
    machine.mmio.write(base + 0x8000, 4, move * 4);
    if (machine.mmio.read(base + 0x8000, 4) !== move * 4) throw new Error(`the BAR at ${base} lost a write`);
  }
}
