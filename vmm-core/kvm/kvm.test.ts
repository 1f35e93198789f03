import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Kvm } from './kvm.ts';

describe('Kvm.open', () => {
  let folder: string;
  before(() => void (folder = mkdtempSync(join(tmpdir(), 'kvm-'))));
  after(() => rmSync(folder, { recursive: true }));

  it('no device -> KVM_MISSING, with what to do', () => {
    const opened = Kvm.open(join(folder, 'absent'));
    expect(opened.ok ? undefined : opened.error).to.include({ code: 'KVM_MISSING' });
    expect(opened.ok ? '' : opened.error.message).to.match(/absent is not there: load kvm_intel or kvm_amd/);
  });

  it('no permission -> KVM_PERMISSION', function () {
    if (process.getuid?.() === 0) return this.skip();
    const path = join(folder, 'closed');
    writeFileSync(path, '');
    chmodSync(path, 0);
    const opened = Kvm.open(path);
    return void expect(opened.ok ? undefined : opened.error.code).to.equal('KVM_PERMISSION');
  });

  it('something else -> KVM_VERSION', () => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    const opened = Kvm.open(path);
    expect(opened.ok ? undefined : opened.error.code).to.equal('KVM_VERSION');
  });
});
