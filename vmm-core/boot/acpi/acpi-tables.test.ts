import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as value } from '#shared/lang/result.ts';
import { readU53 } from '#shared/layout/fields.ts';
import { GIB } from '../../memory/layout.ts';
import { planMemory } from '../../memory/map.ts';
import { type AcpiInput, buildAcpi } from './index.ts';

const map = value(planMemory({ ramSize: 6 * GIB, physicalBits: 46 }), 'planMemory');

function input(changes: Partial<AcpiInput> = {}): AcpiInput {
  return { ...map, hasSerial: true, processors: { apicIds: [0, 1, 2, 3], bootCount: 2 }, ...changes };
}

/** The tables as a guest finds them: from the RSDP through the XSDT, the DSDT through the FADT. */
function walk(changes: Partial<AcpiInput> = {}): Map<string, DataView> {
  const { bytes, rsdpAddress } = buildAcpi(input(changes));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u64 = (of: DataView, at: number): number => readU53(of, at) ?? NaN;
  const tableAt = (address: number): DataView => {
    const at = address - rsdpAddress;
    return new DataView(view.buffer, view.byteOffset + at, view.getUint32(at + 4, true));
  };
  const tables = new Map([['RSDP', new DataView(view.buffer, view.byteOffset, 36)]]);
  const xsdt = tableAt(u64(view, 24));
  tables.set('XSDT', xsdt);
  for (let at = 36; at < xsdt.byteLength; at += 8) {
    const table = tableAt(u64(xsdt, at));
    tables.set(text(table, 0, 4), table);
  }
  const fadt = tables.get('FACP');
  if (fadt !== undefined) tables.set('DSDT', tableAt(u64(fadt, 140)));
  return tables;
}

function table(name: string, changes: Partial<AcpiInput> = {}): DataView {
  const found = walk(changes).get(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

function text(view: DataView, at: number, length: number): string {
  return Buffer.from(view.buffer, view.byteOffset + at, length).toString('latin1');
}

function hex(view: DataView, at: number, length: number): string {
  return Buffer.from(view.buffer, view.byteOffset + at, length).toString('hex');
}

function sum(view: DataView, length = view.byteLength): number {
  return new Uint8Array(view.buffer, view.byteOffset, length).reduce((total, byte) => total + byte, 0) & 0xff;
}

describe('ACPI tables', () => {
  it('the RSDP is at 640 KiB and leads to every table', () => {
    expect(buildAcpi(input()).rsdpAddress).to.equal(0xa0000);
    expect([...walk().keys()]).to.deep.equal(['RSDP', 'XSDT', 'FACP', 'APIC', 'MCFG', 'DSDT']);
  });

  for (const name of ['XSDT', 'FACP', 'APIC', 'MCFG', 'DSDT']) {
    it(`${name}: bytes sum to zero, signature and OEM are right`, () => {
      const found = table(name);
      expect(sum(found)).to.equal(0);
      expect(text(found, 0, 4)).to.equal(name);
      expect(text(found, 10, 6)).to.equal('CLOUDH');
    });
  }

  it('RSDP: both checksums, revision 2', () => {
    const rsdp = table('RSDP');
    expect(sum(rsdp, 20)).to.equal(0);
    expect(sum(rsdp)).to.equal(0);
    expect(text(rsdp, 0, 8)).to.equal('RSD PTR ');
    expect(rsdp.getUint8(15)).to.equal(2);
    expect(rsdp.getUint32(20, true)).to.equal(36);
  });

  it('FADT: hardware-reduced, reset, sleep and timer registers in their places', () => {
    const fadt = table('FACP');
    expect(fadt.byteLength).to.equal(276);
    expect([fadt.getUint8(8), fadt.getUint8(131)]).to.deep.equal([6, 3]);
    expect(fadt.getUint32(112, true)).to.equal((1 << 20) | (1 << 10) | (1 << 8));
    expect(hex(fadt, 116, 13)).to.equal('01080001' + '0006000000000000' + '01');
    expect(hex(fadt, 208, 12)).to.equal('01200003' + '0806000000000000');
    expect(hex(fadt, 244, 24)).to.equal('01080001' + '0006000000000000' + '01080001' + '0006000000000000');
    expect(text(fadt, 268, 8)).to.equal('CLOUDHYP');
    // SCI, SMI and the PM1 blocks do not exist.
    expect(hex(fadt, 36, 8)).to.equal('0000000000000000');
    expect(hex(fadt, 45, 63)).to.match(/^0+$/);
  });

  it('MADT: a vCPU is enabled while it is there at boot, the IOAPIC and the serial override follow', () => {
    const madt = table('APIC', { processors: { apicIds: [0, 5, 256], bootCount: 2 } });
    expect(madt.getUint8(8)).to.equal(5);
    expect(hex(madt, 36, 8)).to.equal('0000e0fe' + '00000000');
    expect(hex(madt, 44, 16)).to.equal('09100000' + '00000000' + '03000000' + '00000000');
    expect(hex(madt, 60, 16)).to.equal('09100000' + '05000000' + '03000000' + '01000000');
    expect(hex(madt, 76, 16)).to.equal('09100000' + '00010000' + '02000000' + '02000000');
    expect(hex(madt, 92, 12)).to.equal('010c0000' + '0000c0fe' + '00000000');
    expect(hex(madt, 104, 10)).to.equal('020a0004' + '04000000' + '0000');
    expect(madt.byteLength).to.equal(114);
  });

  it('MADT: 4096 vCPUs fit', () => {
    const processors = { apicIds: Array.from({ length: 4096 }, (_, index) => index), bootCount: 4096 };
    const madt = table('APIC', { processors });
    expect(madt.byteLength).to.equal(44 + 4096 * 16 + 22);
    expect(sum(madt)).to.equal(0);
  });

  it('MCFG: segment 0, bus 0', () => {
    const mcfg = table('MCFG');
    expect(hex(mcfg, 36, mcfg.byteLength - 36)).to.equal('0000000000000000' + '000000e800000000' + '0000' + '00' + '00' + '00000000');
  });
});

const hasIasl = spawnSync('iasl', ['-v']).error === undefined;

describe('ACPI tables under iasl', function () {
  let folder = '';
  before(function () {
    if (!hasIasl) this.skip();
    folder = mkdtempSync(join(tmpdir(), 'acpi-'));
  });
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true });
  });

  function iasl(...args: readonly string[]): string {
    const run = spawnSync('iasl', args, { cwd: folder, encoding: 'utf8' });
    const output = run.stdout + run.stderr;
    if (run.status !== 0) throw new Error(`iasl ${args.join(' ')}: ${output}`);
    return output;
  }

  for (const hasSerial of [true, false]) {
    it(`DSDT ${hasSerial ? 'with' : 'without'} a serial port disassembles and assembles again without a complaint`, () => {
      const dsdt = table('DSDT', { hasSerial });
      writeFileSync(join(folder, 'dsdt.aml'), new Uint8Array(dsdt.buffer, dsdt.byteOffset, dsdt.byteLength));
      expect(iasl('-d', 'dsdt.aml'))
        .to.contain('Disassembly completed')
        .and.not.match(/error|warning/i);
      expect(iasl('-p', 'again', 'dsdt.dsl')).to.contain('0 Errors, 0 Warnings, 0 Remarks');
    });
  }

  for (const name of ['FACP', 'APIC', 'MCFG', 'XSDT']) {
    it(`${name} disassembles without a complaint`, () => {
      const view = table(name);
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      writeFileSync(join(folder, `${name}.aml`), bytes);
      expect(iasl('-d', `${name}.aml`)).to.not.match(/error|warning|invalid/i);
    });
  }
});
