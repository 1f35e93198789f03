import { expect } from 'chai';
import { doctorCommand, renderFindings } from './doctor.ts';
import { helpCommand } from './help.ts';

/** What a command writes. */
function sink() {
  const written = { out: '', err: '' };
  return {
    written,
    io: { stdout: { write: (text: string) => (written.out += text) }, stderr: { write: (text: string) => (written.err += text) } },
  };
}

describe('chctl doctor', () => {
  it('--json -> every finding with a name and a state', async () => {
    const { io, written } = sink();
    const status = await doctorCommand(['--json'], io);
    const { findings } = JSON.parse(written.out);
    expect(findings.map(({ name }: { name: string }) => name)).to.include.members([
      'node',
      'kernel',
      'kvm',
      'io_uring',
      'tun',
      'cgroup',
      'guest-kernel',
      'virtiofsd',
    ]);
    const missing = findings.some(({ state }: { state: string }) => state === 'needed');
    expect(status).to.equal(missing ? 1 : 0);
  });

  it('colours only where asked for', () => {
    const findings = [{ name: 'kvm', state: 'needed', detail: 'not there', remedy: 'get it' }] as const;
    expect(renderFindings(findings, false)).to.equal('MISSING  kvm  not there\n              -> get it\n');
    expect(renderFindings(findings, true)).to.include('\u001b[31mMISSING\u001b[0m');
  });

  it('an argument that it does not know -> usage', async () => {
    const { io, written } = sink();
    expect(await doctorCommand(['--jsn'], io)).to.equal(2);
    expect(written.err).to.include('"--jsn"');
  });
});

describe('chctl without a command that it knows', () => {
  const rows: readonly (readonly [string | undefined, number, string])[] = [
    ['help', 0, 'Usage: chctl COMMAND'],
    ['--version', 0, 'chctl '],
    ['version', 0, 'chctl '],
    [undefined, 2, 'Usage: chctl COMMAND'],
    ['rnu', 2, 'chctl: there is no command "rnu"; did you mean "run"?'],
    ['--kernel', 2, 'chctl: "--kernel" needs a command before it; did you mean "chctl run --kernel"?'],
  ];
  for (const [command, status, text] of rows) {
    it(`${command ?? '(nothing)'} -> ${status}`, async () => {
      const { io, written } = sink();
      expect(await helpCommand(command, [], io)).to.equal(status);
      expect((status === 0 ? written.out : written.err).startsWith(text)).to.equal(true);
    });
  }
});
