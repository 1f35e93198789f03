/**
 * A program of its own, because what it tries would block for ever: all that the core does with eventfds which a hostile device
 * process has filled to the brim and made blocking ones. Prints what it found, as JSON.
 */
import { allocate, syscall } from '#shared/sys/ffi.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { type Made, make, setVector } from './made-machine.ts';

const F_SETFL = 4;
const MSIX_CONTROL = 0x9a;
const ON = 0x8000;
const MASKED = 0xc000;
const CONFIG_AND_QUEUE = 1;

const found: unknown[] = [];
using before = make();
setVector(before, CONFIG_AND_QUEUE, 0x41);
before.machine.activate();
before.machine.write(0x10, 2, CONFIG_AND_QUEUE);
before.machine.setConfig(MSIX_CONTROL, 2, MASKED);
fill(before.plan.vectorFds);
before.machine.device.configChanged();
before.machine.device.needsReset();
look('masked', before);
before.machine.setConfig(MSIX_CONTROL, 2, ON);
look('unmasked', before);
before.machine.device.configChanged();
look('again', before);
before.machine.setConfig(MSIX_CONTROL, 2, MASKED);
before.machine.device.configChanged();
before.machine.device.saving();

using after = make();
fill(after.plan.vectorFds);
if (!after.machine.arena.restore(before.machine.arena.save()).ok) throw new Error('not restored');
after.machine.restored();
look('restored', after);
after.machine.setConfig(MSIX_CONTROL, 2, ON);
look('unmasked', after);
after.machine.setConfig(MSIX_CONTROL, 2, MASKED);
look('forgotten', after);

fill(after.plan.kickFds);
after.machine.write(0x6000, 2, 0);
process.stdout.write(JSON.stringify(found));

function fill(fds: readonly number[]): void {
  const most = allocate(8);
  most.view.setBigUint64(0, 0xffff_ffff_ffff_fffen, true);
  for (const fd of fds) {
    if (syscall(SYS.write, fd, most.address, 8) !== 8) throw new Error('no full eventfd');
    if (syscall(SYS.fcntl, fd, F_SETFL, 0) !== 0) throw new Error('no blocking eventfd');
  }
}

/** The interrupts that have come, the pending bit and the ISR byte. */
function look(when: string, { machine, target }: Made): void {
  const pending = (machine.read(0x4_8000, 4) >>> CONFIG_AND_QUEUE) & 1;
  found.push([when, target.takeInterrupts(), pending, machine.read(0x2000, 1)]);
}
