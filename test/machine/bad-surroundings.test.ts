/** What a machine may meet that its user did not write: KVM that is not there, files of others, processes that do not start. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CHECKOUT } from '../harness/checkout.ts';
import { makeFiles } from './bad-files.ts';
import { type CommandPlace, expectLines, inPlaces } from './chctl-command.ts';
import { needsKvm } from './tiny-machine.ts';

const CHCTL = join(CHECKOUT, 'bin/chctl');
/** The user and group of nobody. */
const NOBODY = '65534';
const AS_NOBODY = ['setpriv', '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups'];
const HUGE_PAGES = '/sys/kernel/mm/hugepages/hugepages-2048kB';

const OFF = ['--kernel', 'off'];
const STAY = ['--kernel', 'stay'];

describe('bad surroundings -> what to do, nothing left behind', function () {
  this.timeout(60_000);
  needsKvm(this);
  let place: CommandPlace;
  inPlaces((made) => {
    place = made;
    makeFiles(place.folder);
    mkdirSync(join(place.folder, 'dev'));
    chmodSync(join(place.folder, 'run'), 0o777);
  });

  /** Skips the test where `command`, with nothing to do, fails. */
  function needs(test: Mocha.Context, command: readonly string[]): void {
    const [file = '', ...args] = command;
    if (spawnSync(file, args).status !== 0) test.skip();
  }

  it('no permission for /dev/kvm -> the group', async function () {
    needs(this, [...AS_NOBODY, 'sh', '-c', `test -r ${CHCTL} && ! test -w /dev/kvm`]);
    const ended = await place.start(OFF, [...AS_NOBODY, CHCTL]).ended;
    expectLines(
      place,
      ended,
      ["/dev/kvm may not be opened by this user: add it to the group kvm ('sudo usermod -aG kvm $USER') and log in again"],
      1,
    );
  });

  it('no /dev/kvm -> what to load', async function () {
    needs(this, ['unshare', '--mount', 'true']);
    const script = `for device in null zero full random urandom tty; do
  : > dev/$device && mount --bind /dev/$device dev/$device || exit 99
done
mount --rbind dev /dev || exit 99
exec "$0" "$@"`;
    const ended = await place.start(OFF, ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs none dev || exit 99\n${script}`, CHCTL]).ended;
    expectLines(place, ended, ['/dev/kvm does not exist: load kvm_intel or kvm_amd, or turn virtualization on in the firmware '], 1);
  });

  it('a /dev/kvm that is none', async function () {
    needs(this, ['unshare', '--mount', 'true']);
    const ended = await place.start(OFF, ['unshare', '--mount', 'sh', '-c', 'mount --bind /dev/null /dev/kvm && exec "$0" "$@"', CHCTL])
      .ended;
    expectLines(place, ended, ['/dev/kvm is no KVM device: this needs a Linux kernel with KVM'], 1);
  });

  for (const [what, args, line] of [
    ['kernel', ['--kernel', 'secret'], 'kernel "secret" may not be opened by this user; change its permissions, or run as its owner'],
    ['initramfs', [...OFF, '--initramfs', 'secret'], 'initramfs "secret" may not be opened by this user; '],
    [
      'disk',
      [...OFF, '--disk', 'path=disk'],
      'disk _disk0 "disk" may not be opened by this user; change its permissions, or run as its owner; or add readonly=on',
    ],
    [
      'output file',
      [...OFF, '--serial', 'file=log'],
      '--serial file "log" may not be written by this user; give a path that this user may write to',
    ],
    [
      'socket',
      [...OFF, '--serial', 'socket=s'],
      '--serial socket "s" may not be written by this user; give a path that this user may write to',
    ],
  ] as const) {
    it(`${what} of another user`, async function () {
      // In KVM's group, but without root's power over files.
      const group = `$(stat -c %g /dev/kvm)`;
      const script = `exec setpriv --reuid ${NOBODY} --regid ${NOBODY} --groups ${group} -- "$0" "$@"`;
      needs(this, ['sh', '-c', script, 'sh', '-c', `test -r ${CHCTL} && test -w /dev/kvm`]);
      expectLines(place, await place.start(args, ['sh', '-c', script, CHCTL]).ended, [line], 1);
    });
  }

  it('a run folder of another user', async function () {
    needs(this, [...AS_NOBODY, 'test', '-r', CHCTL]);
    mkdirSync(join(place.folder, 'run/ch'));
    const ended = await place.start(OFF, [...AS_NOBODY, CHCTL]).ended;
    expectLines(place, ended, ['"@/run/ch" belongs to another user; set XDG_RUNTIME_DIR to a folder of your own'], 1);
  });

  describe('few files that may be open', () => {
    const limited = (limit: number): readonly string[] => ['sh', '-c', `ulimit -n ${limit} && exec "$0" "$@"`, CHCTL];
    const DISK = [...OFF, '--disk', 'path=disk'];
    for (const [limit, args, line] of [
      [20, OFF, "fewer than 32 files may be open at once; raise the limit ('ulimit -n 1024')"],
      [40, OFF, "only 40 files may be open at once and a machine takes 54; raise the limit ('ulimit -n 54', or more)"],
      [54, DISK, "only 54 files may be open at once and this machine takes up to 64; raise the limit ('ulimit -n 64', or more)"],
    ] as const) {
      it(`${limit} -> how many are needed`, async () => {
        expectLines(place, await place.start(args, limited(limit)).ended, [line], 1);
      });
    }

    it('as many as are needed suffice', async () => {
      const disks = ['--disk', 'path=disk,num_queues=2', 'path=disk2'];
      const args = [...OFF, ...disks, '--cpus', 'boot=2', '--console', 'file=console'];
      const ended = await place.start(args, limited(48 + 2 * 6 + 2 * 8 + 3 * 2)).ended;
      rmSync(join(place.folder, 'console'));
      expectLines(place, ended, [], 0);
    });
  });

  it('a run folder on a file system that is full -> the machine runs, and cannot be found', async function () {
    needs(this, ['unshare', '--mount', 'true']);
    const script = `mount -t tmpfs -o size=4k none run && head -c 4096 /dev/zero > run/full && exec "$0" "$@"`;
    const ended = await place.start(OFF, ['unshare', '--mount', 'sh', '-c', script, CHCTL]).ended;
    expectLines(place, ended, ['the machine cannot be registered: ENOSPC: no space left on device'], 0);
  });

  it('no huge pages reserved -> how many, and where to', async function () {
    if (!readdirSync('/sys/kernel/mm/hugepages').includes('hugepages-2048kB')) return this.skip();
    const count = (name: string): number => Number(readFileSync(join(HUGE_PAGES, name), 'latin1'));
    const free = count('free_hugepages') - count('resv_hugepages');
    const needed = free + count('nr_overcommit_hugepages') + 32;
    const ended = await place.start([...OFF, '--memory', `size=${needed * 2}M,hugepages=on`]).ended;
    expect(ended.lines.join('\n')).to.match(
      new RegExp(
        `^--memory size=\\w+,hugepages=on: ${needed} huge pages of 2M are needed and ${free} are free; reserve more by ${HUGE_PAGES}`,
      ),
    );
    expect(ended.lines).to.have.length(1);
    expect(ended.status).to.equal(1);
  });

  it('more memory than the machine can map', async () => {
    const ended = await place.start([...OFF, '--memory', 'size=16384G']).ended;
    expect(ended.lines.join('\n')).to.match(/^--memory(:| size=16384G:) .*(give less|leaves room for at most \d+[GM])$/);
    expect(ended.status).to.equal(1);
  });

  it('memory wanted at once, more than is free', async () => {
    const total = Number(/MemTotal: *(\d+)/.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1]);
    const size = Math.ceil(total / 2 ** 20) + 1;
    const ended = await place.start([...OFF, '--memory', `size=${size}G,prefault=on`]).ended;
    expect(ended.lines.join('\n')).to.match(/ \d+[GM] are free on this machine; give less, or leave prefault=on out$/);
    expect(ended.status).to.equal(1);
  });

  describe('a disk that another machine has', () => {
    for (const [first, second, isRefused] of [
      ['disk', 'disk', true],
      ['disk', 'disk,readonly=on', true],
      ['disk,readonly=on', 'disk', true],
      ['disk,readonly=on', 'disk,readonly=on', false],
    ] as const) {
      it(`${first}, then ${second} -> ${isRefused ? 'refused, and by whom' : 'both run'}`, async () => {
        const holder = await place.startRunning([...STAY, '--disk', `path=${first}`]);
        const ended = await place.start([...OFF, '--disk', `path=${second}`]).ended;
        holder.child.kill('SIGTERM');
        holder.child.kill('SIGINT');
        expect((await holder.ended).status).to.be.oneOf([130, 143]);
        const line = `disk _disk0 "disk" is locked by VM vm-${holder.child.pid} (its disk _disk0, process `;
        expectLines(place, ended, isRefused ? [line] : [], isRefused ? 1 : 0);
      });
    }
  });

  it('a socket that another machine has', async () => {
    const holder = await place.startRunning([...STAY, '--console', 'socket=s']);
    const ended = await place.start([...OFF, '--serial', 'socket=s']).ended;
    holder.child.kill('SIGTERM');
    holder.child.kill('SIGINT');
    await holder.ended;
    expectLines(place, ended, ['--serial socket "s" is in use; give another path'], 1);
  });

  describe('processes that do not start', () => {
    /** chctl with a program of the test's in place of one of ours. */
    function broken(program: string, code: string): readonly string[] {
      const copy = join(place.folder, 'dev/dist');
      cpSync(join(CHECKOUT, 'dist'), copy, { recursive: true, filter: (path) => !path.includes('.compile-cache') });
      symlinkSync(join(CHECKOUT, 'node_modules'), join(place.folder, 'dev/node_modules'));
      writeFileSync(join(copy, program, 'main.js'), code);
      return [process.execPath, join(copy, 'services/chctl/main.js')];
    }

    const DISK = ['--disk', 'path=disk'];
    const rows: readonly (readonly [string, string, string, readonly string[]])[] = [
      [
        'a device that says why on its standard error',
        'devices/block',
        "console.error('first line\\nthe last line'); process.exit(7);",
        [
          'the process of device _disk0 ended with status 7 before the machine ran',
          'last lines of _disk0:',
          '  first line',
          '  the last line',
        ],
      ],
      [
        'a device that dies without a word',
        'devices/block',
        "process.kill(process.pid, 'SIGKILL');",
        ['the process of device _disk0 was killed by SIGKILL before the machine ran'],
      ],
      [
        'a core that says why on its standard error',
        'vmm-core',
        "console.error('no luck'); process.exit(9);",
        ['the core process ended with status 9 before the machine ran', 'last lines of core:', '  no luck'],
      ],
      [
        'a core that dies without a word',
        'vmm-core',
        "process.kill(process.pid, 'SIGSEGV');",
        ['the core process was killed by SIGSEGV before the machine ran'],
      ],
    ];
    for (const [name, program, code, lines] of rows) {
      it(name, async () => {
        const ended = await place.start([...OFF, ...DISK], broken(program, code)).ended;
        expectLines(place, ended, lines, 1);
      });
    }
  });

  describe('processes that die', () => {
    for (const [name, which, signal, status, line] of [
      ['the core is killed', 'core', 'SIGKILL', 1, 'the core process was killed by SIGKILL'],
      ['the core crashes', 'core', 'SIGSEGV', 1, 'the core process was killed by SIGSEGV'],
      ['the device is killed', 'device', 'SIGKILL', 4, 'device _disk0 is lost: its process was killed by SIGKILL'],
      ['the device crashes', 'device', 'SIGSEGV', 4, 'device _disk0 is lost: its process was killed by SIGSEGV'],
    ] as const) {
      it(`${name} -> ${status}`, async () => {
        const machine = await place.startRunning([...STAY, '--disk', 'path=disk,restart_timeout=0']);
        process.kill(machine[which], signal);
        expectLines(place, await machine.ended, [line], status);
      });
    }
  });

  describe('guests that fail', () => {
    for (const [name, args, reason] of [
      ['a second triple fault within 5 s', ['--kernel', 'fault'], /^the guest failed: vCPU 0: triple fault, within 5 s of the last one$/],
      ['the first triple fault with --no-reboot', ['--kernel', 'fault', '--no-reboot'], /^the guest failed: vCPU 0: triple fault$/],
      ['what KVM cannot go on from', ['--kernel', 'nowhere'], /^the guest failed: vCPU 0: KVM could not go on \(.*\)$/],
    ] as const) {
      it(`${name} -> 3, the reason and the registers`, async () => {
        const { status, lines } = await place.start(args).ended;
        // Before it are the registers of the fault that was a reset.
        const last = lines.findIndex((line) => reason.test(line.replace('chctl: ', '')));
        expect(last, lines.join('\n')).to.be.at.least(0);
        expect(lines.slice(last + 1).join('\n'))
          .to.match(/^rip 0x/)
          .and.match(/^cr0 0x/m)
          .and.match(/^cs /m);
        expect(status).to.equal(3);
      });
    }
  });
});
