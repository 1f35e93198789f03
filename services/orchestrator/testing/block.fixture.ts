/** A device that serves nothing: its disk's serial says which one thing it does. */
import { readSync, writeSync } from 'node:fs';
import { type ToDevice, deviceStartChannel } from '#shared/rpc/start-channel.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { lockFile } from '#shared/sys/file-lock.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { exitNow } from '#shared/sys/process-exit.ts';

const channel = deviceStartChannel();
const watcher = new Watcher();
let behaviour = '';

watcher.watch(channel.fd, EPOLLIN, () => {
  const received = channel.receive();
  if (!received.ok) exitNow(0);
  else take(received.value.message, received.value.fds);
});

function take(message: ToDevice, fds: readonly OwnedFd[]): void {
  const { startBlock } = message;
  if (startBlock?.serial === 'lock backing') refuseLocked(startBlock.path ?? '');
  if (startBlock?.serial === 'lock') lock(fds[(startBlock.image ?? 0) - 1], startBlock.readOnly ?? false);
  if (startBlock) start(startBlock.serial ?? '', fds[(startBlock.socket ?? 0) - 1]);
  if (message.stop && behaviour !== 'stubborn') exitNow(0);
}

function lock(image: OwnedFd | undefined, shared: boolean): void {
  if (image !== undefined && lockFile(image.fd, shared).ok) return;
  channel.send({ failed: { message: 'somebody has it', imageLocked: true } });
  exitNow(1);
}

/** A file beside the image. */
function refuseLocked(image: string): void {
  const path = `${image}.base`;
  channel.send({ failed: { message: 'somebody has it', lockedFile: { path, what: 'disk d has the backing file base, which' } } });
  exitNow(1);
}

function start(serial: string, socket: OwnedFd | undefined): void {
  behaviour = serial;
  if (behaviour === 'die at start') {
    writeSync(2, 'no such thing\n');
    exitNow(9);
  }
  if (behaviour === 'refuse') {
    channel.send({ failed: { message: 'disk "d" is locked by another process' } });
    exitNow(1);
  }
  if (behaviour === 'stubborn') process.on('SIGTERM', () => {});
  channel.send({ started: {} });
  if (socket === undefined) return;
  watcher.watch(socket.fd, EPOLLIN, () => {
    if (readSync(socket.fd, Buffer.alloc(1)) === 0) exitNow(0);
    writeSync(2, 'about to die\n');
    exitNow(5);
  });
}
