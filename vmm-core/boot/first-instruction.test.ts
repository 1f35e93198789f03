import { closeSync, openSync } from 'node:fs';
import { expect } from 'chai';
import { expect as value } from '#shared/lang/result.ts';
import { type NativeBuffer, allocate, ioctl } from '#shared/sys/ffi.ts';
import { Mapping } from '#shared/sys/mapping.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { IOCTL, KVM_EXIT, KVM_RUN_OFFSET, KvmDtable, KvmRegs, KvmSegment, KvmSregs, KvmUserspaceMemoryRegion } from '../kvm/spec.ts';
import { KVM_IDENTITY_MAP_ADDRESS, KVM_TSS_ADDRESS, MIB } from '../memory/layout.ts';
import { planMemory } from '../memory/map.ts';
import { type BootState, GuestWindows, type InitialSegment, prepareBoot } from './index.ts';
import { bzImage, pvhElf, withFile } from './testing/kernel-images.ts';

/** Real KVM runs the first instructions of a guest made by `prepareBoot`: the state it answers is one that a processor takes. */

const RAM_SIZE = 32 * MIB;
const ENTRY = 0x100_0000;
const MOST_EXITS = 16;

/**
 * Loads every segment register from the GDT in memory, far jumps through it, then writes to port 0x3f8 the dword that the boot
 * protocol's pointer register points at (plus `offset`), and halts.
 */
function probe(register: 'ebx' | 'esi', offset: number): Uint8Array {
  const load = register === 'ebx' ? 0x83 : 0x86;
  const next = ENTRY + 21;
  return Uint8Array.from([
    ...[0x66, 0xb8, 0x10, 0x00], // mov ax, 0x10
    ...[0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xe0, 0x8e, 0xe8, 0x8e, 0xd0], // mov ds, es, fs, gs, ss <- ax
    ...[0xea, next & 0xff, (next >> 8) & 0xff, (next >> 16) & 0xff, next >> 24, 0x08, 0x00], // jmp 8:next
    ...[0x8b, load, offset & 0xff, (offset >> 8) & 0xff, 0, 0], // mov eax, [register + offset]
    ...[0x66, 0xba, 0xf8, 0x03, 0xef], // mov dx, 0x3f8; out dx, eax
    ...[0x8c, 0xc8, 0xee], // mov eax, cs; out dx, al
    0xf4,
  ]);
}

interface Machine {
  readonly kvm: number;
  readonly memory: Mapping;
}

function set(fd: number, request: number, layout: { readonly size: number }, fill: (view: DataView) => void): void {
  const buffer = allocate(layout.size);
  fill(buffer.view);
  pass(fd, request, buffer);
}

function pass(fd: number, request: number, buffer: NativeBuffer): void {
  expect(ioctl(fd, request, buffer.address)).to.equal(0);
  // Reading it afterwards keeps the buffer where it is until the call is over.
  expect(buffer.bytes.length).to.be.greaterThan(0);
}

function writeSegment(view: DataView, at: number, segment: InitialSegment): void {
  const { set: put } = KvmSegment;
  put.base(view, at, BigInt(segment.base));
  for (const field of ['limit', 'selector', 'type', 'present', 'dpl', 'db', 's', 'l', 'g'] as const) put[field](view, at, segment[field]);
}

function setRegisters(vcpu: number, state: BootState): void {
  const { systemRegisters: system } = state;
  const sregs = allocate(KvmSregs.size);
  pass(vcpu, IOCTL.KVM_GET_SREGS, sregs);
  const { offset } = KvmSregs;
  writeSegment(sregs.view, offset.cs, system.cs);
  for (const name of ['ds', 'es', 'fs', 'gs', 'ss'] as const) writeSegment(sregs.view, offset[name], system.ds);
  writeSegment(sregs.view, offset.tr, system.tr);
  for (const name of ['gdt', 'idt'] as const) {
    KvmDtable.set.base(sregs.view, offset[name], BigInt(system[name].base));
    KvmDtable.set.limit(sregs.view, offset[name], system[name].limit);
  }
  KvmSregs.set.cr0(sregs.view, 0, BigInt(system.cr0));
  KvmSregs.set.cr4(sregs.view, 0, BigInt(system.cr4));
  pass(vcpu, IOCTL.KVM_SET_SREGS, sregs);
  set(vcpu, IOCTL.KVM_SET_REGS, KvmRegs, (view) => {
    for (const name of ['rip', 'rflags', 'rsp', 'rbx', 'rsi'] as const) KvmRegs.set[name](view, 0, BigInt(state.registers[name]));
  });
}

/** The values written to ports, in order, until the guest halts. */
function run({ kvm, memory }: Machine, state: BootState): number[] {
  const vm = ioctl(kvm, IOCTL.KVM_CREATE_VM, 0);
  expect(vm).to.be.at.least(0);
  expect(ioctl(vm, IOCTL.KVM_SET_TSS_ADDR, KVM_TSS_ADDRESS)).to.equal(0);
  const identityMap = allocate(8);
  identityMap.view.setUint32(0, KVM_IDENTITY_MAP_ADDRESS, true);
  pass(vm, IOCTL.KVM_SET_IDENTITY_MAP_ADDR, identityMap);
  set(vm, IOCTL.KVM_SET_USER_MEMORY_REGION, KvmUserspaceMemoryRegion, (view) => {
    KvmUserspaceMemoryRegion.set.memory_size(view, 0, RAM_SIZE);
    KvmUserspaceMemoryRegion.set.userspace_addr(view, 0, memory.address);
  });
  const vcpu = ioctl(vm, IOCTL.KVM_CREATE_VCPU, 0);
  const shared = value(Mapping.map({ fd: asFd(vcpu), length: ioctl(kvm, IOCTL.KVM_GET_VCPU_MMAP_SIZE, 0) }), 'map kvm_run');
  try {
    setRegisters(vcpu, state);
    return collectWrites(vcpu, new DataView(shared.view()));
  } finally {
    shared.unmap();
    closeSync(vcpu);
    closeSync(vm);
  }
}

function collectWrites(vcpu: number, view: DataView): number[] {
  const writes: number[] = [];
  for (let exits = 0; exits < MOST_EXITS; exits++) {
    expect(ioctl(vcpu, IOCTL.KVM_RUN, 0)).to.equal(0);
    const reason = view.getUint32(KVM_RUN_OFFSET.exit_reason, true);
    if (reason === KVM_EXIT.KVM_EXIT_HLT) return writes;
    expect(reason, 'exit reason').to.equal(KVM_EXIT.KVM_EXIT_IO);
    const data = view.getUint32(KVM_RUN_OFFSET['io.data_offset'], true);
    const size = view.getUint8(KVM_RUN_OFFSET['io.size']);
    writes.push(size === 4 ? view.getUint32(data, true) : view.getUint8(data));
  }
  throw new Error(`still running after ${MOST_EXITS} exits`);
}

describe('first instructions on KVM', () => {
  let kvm = -1;
  before(function () {
    try {
      kvm = openSync('/dev/kvm', 'r+');
    } catch {
      this.skip();
    }
  });
  after(() => {
    if (kvm >= 0) closeSync(kvm);
  });

  function boot(image: Uint8Array): number[] {
    const memory = value(Mapping.map({ length: RAM_SIZE }), 'map guest memory');
    try {
      const map = value(planMemory({ ramSize: RAM_SIZE, physicalBits: 46 }), 'planMemory');
      const ram = new GuestWindows([{ start: 0, bytes: new Uint8Array(memory.view()) }]);
      const machine = { map, processors: { apicIds: [0], bootCount: 1 }, hasSerial: true, identity: { oemStrings: [] } };
      const state = withFile(image, (fd) => {
        const payload = { kind: 'kernel', kernel: { fd, path: '/k' }, commandLine: '' } as const;
        return value(prepareBoot({ ...machine, payload }, ram), 'prepareBoot');
      });
      return run({ kvm, memory }, state);
    } finally {
      memory.unmap();
    }
  }

  it('PVH: ebx points at start_info, segments load from the GDT', () => {
    const code = probe('ebx', 0);
    expect(boot(pvhElf({ segments: [{ address: ENTRY, bytes: code }], entry: ENTRY }))).to.deep.equal([0x336ec578, 8]);
  });

  it('bzImage: esi points at the zero page, segments load from the GDT', () => {
    expect(boot(bzImage({ payload: probe('esi', 0x202), preferredAddress: ENTRY }))).to.deep.equal([0x53726448, 8]);
  });
});
