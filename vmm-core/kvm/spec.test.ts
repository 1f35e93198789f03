import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import * as spec from './spec.ts';

const LAYOUTS = [
  spec.KvmRegs,
  spec.KvmSegment,
  spec.KvmDtable,
  spec.KvmSregs,
  spec.KvmFpu,
  spec.KvmLapicState,
  spec.KvmMpState,
  spec.KvmMsrs,
  spec.KvmMsrEntry,
  spec.KvmCpuid2,
  spec.KvmCpuidEntry2,
  spec.KvmUserspaceMemoryRegion,
  spec.KvmIrqfd,
  spec.KvmIoeventfd,
  spec.KvmIrqRouting,
  spec.KvmIrqRoutingMsi,
  spec.KvmIrqRoutingEntry,
  spec.KvmMsi,
  spec.KvmClockData,
  spec.KvmEnableCap,
  spec.KvmNestedState,
];

/** Every number of spec.ts as [C expression, our value]. */
function expectations(): [string, number][] {
  const rows: [string, number][] = [];
  for (const { cName, size, offset } of LAYOUTS) {
    rows.push([`sizeof(struct ${cName})`, size]);
    for (const [field, at] of Object.entries(offset)) rows.push([`offsetof(struct ${cName}, ${field})`, at]);
  }
  for (const [tag, size] of Object.entries(spec.SIZE)) rows.push([`sizeof(struct ${tag})`, size]);
  for (const [member, at] of Object.entries(spec.KVM_RUN_OFFSET)) rows.push([`offsetof(struct kvm_run, ${member})`, at]);
  rows.push(...Object.entries({ ...spec.KVM_EXIT, ...spec.KVM_CAP, ...spec.IOCTL }));
  for (const [name, value] of Object.entries(spec)) {
    if (typeof value === 'number') rows.push([name, value]);
  }
  return rows;
}

function askHeaders(expressions: readonly string[]): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'kvm-spec-'));
  try {
    const lines = expressions.map((text) => `  printf("%llu\\n", (unsigned long long)(${text}));`);
    const program = `#include <stdio.h>\n#include <stddef.h>\n#include <linux/kvm.h>\nint main(void) {\n${lines.join('\n')}\n}\n`;
    writeFileSync(join(folder, 'probe.c'), program);
    execFileSync('gcc', ['-o', join(folder, 'probe'), join(folder, 'probe.c')], { stdio: 'pipe' });
    return execFileSync(join(folder, 'probe'), { encoding: 'utf8' }).trim().split('\n').map(Number);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function hasHeaders(): boolean {
  try {
    askHeaders(['KVM_API_VERSION']);
    return true;
  } catch {
    return false;
  }
}

describe('kvm/spec', () => {
  it('agrees with <linux/kvm.h>', function () {
    if (!hasHeaders()) return this.skip();
    const rows = expectations();
    const told = askHeaders(rows.map(([expression]) => expression));
    const ours = rows.map(([expression, value]) => `${expression} = ${value}`);
    const theirs = rows.map(([expression], index) => `${expression} = ${told[index]}`);
    return void expect(ours).to.deep.equal(theirs);
  });

  it('covers the layouts that spec.ts exports', () => {
    const exported = Object.values(spec).filter((value) => typeof value === 'object' && 'cName' in value);
    expect(exported).to.have.members(LAYOUTS);
  });
});
