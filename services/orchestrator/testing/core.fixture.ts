/** A core that boots nothing: its "kernel command line" says which one thing it does. */
import { readSync, writeSync } from 'node:fs';
import { EndedReason, EventKind, type ToCore, coreStartChannel } from '#shared/rpc/start-channel.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { exitNow } from '#shared/sys/process-exit.ts';

const channel = coreStartChannel();
const watcher = new Watcher();
const sockets: OwnedFd[] = [];
let behaviour = '';

watcher.watch(channel.fd, EPOLLIN, () => {
  const received = channel.receive();
  if (!received.ok) exitNow(0);
  else take(received.value.message, received.value.fds);
});

function take(message: ToCore, fds: readonly OwnedFd[]): void {
  if (message.createVm) behaviour = message.createVm.cmdline ?? '';
  if (message.createVm && behaviour === 'die at start') {
    writeSync(2, 'first line\nsecond line\n');
    exitNow(7);
  }
  if (message.addDevice?.vhostUser) addDisk(fds);
  if (message.addDevice?.serial && behaviour === 'echo') echo(fds, message.addDevice.serial.channel ?? {});
  if (message.run) run();
  if (message.powerButton) press();
  if (message.stop && !ignoresButton()) exitNow(0);
}

/** `notice`: it says that it was pressed. */
function ignoresButton(): boolean {
  return behaviour === 'ignore the button' || behaviour === 'notice the button';
}

function press(): void {
  if (!ignoresButton()) end(EndedReason.POWERED_OFF);
  if (behaviour === 'notice the button') channel.send({ log: { level: 0, message: 'pressed' } });
}

function addDisk(fds: readonly OwnedFd[]): void {
  const isNew = sockets.length === 0;
  sockets.push(...fds);
  if (isNew) return;
  if (behaviour === 'use up all') killNewest();
  else end(EndedReason.POWERED_OFF);
}

/** Has the newest device die, and waits for another. */
function killNewest(): void {
  const socket = sockets.at(-1);
  if (socket !== undefined) writeSync(socket.fd, 'x');
  awaitAnother();
}

function awaitAnother(): void {
  channel.send({ event: { kind: EventKind.DEVICE_RECONNECTING, deviceId: '_disk0', detail: 'it is gone' } });
}

function run(): void {
  if (behaviour === 'never answer') return;
  if (behaviour === 'refuse') {
    channel.send({ failed: { message: 'kernel "k" has no PVH note' } });
    exitNow(1);
  }
  if (ignoresButton()) process.on('SIGTERM', () => {});
  channel.send({ started: { phases: [{ name: 'kvm', atUs: 1 }] } });
  if (behaviour === 'power off') end(EndedReason.POWERED_OFF);
  if (behaviour === 'fault') end(EndedReason.GUEST_FAULT, 'the guest failed twice\nrip 0x100000');
  if (behaviour === 'crash') process.kill(process.pid, 'SIGSEGV');
  if (behaviour === 'kill the device') for (const socket of sockets) writeSync(socket.fd, 'x');
  if (behaviour === 'take another' || behaviour === 'use up all') killNewest();
  if (behaviour === 'give a hanging one up') awaitAnother();
  if (behaviour === 'give the device up') {
    for (const socket of sockets) socket.close();
    // The guest's last words take longer than a device's orderly end.
    setTimeout(() => end(EndedReason.DEVICE_LOST, 'device _disk0 is lost: it has not answered'), 300);
  }
}

function end(reason: number, message = ''): void {
  channel.send({ ended: { reason, message } });
  exitNow(0);
}

/** Sends what comes in back, and powers off at a q. */
function echo(fds: readonly OwnedFd[], { input, output }: { readonly input?: number | null; readonly output?: number | null }): void {
  const from = fds[(input ?? 0) - 1];
  const to = fds[(output ?? 0) - 1];
  if (from === undefined || to === undefined) return;
  const bytes = Buffer.alloc(256);
  const watch = watcher.watch(from.fd, EPOLLIN, () => {
    const length = readSync(from.fd, bytes);
    writeSync(to.fd, `<${bytes.toString('latin1', 0, length)}>`);
    if (length === 0) watch.close();
    if (bytes.subarray(0, length).includes('q')) end(EndedReason.POWERED_OFF);
  });
}
