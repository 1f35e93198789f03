import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { DeviceClient } from '#shared/rpc/device-client.ts';
import { successorEnd } from '#shared/rpc/hand-over-channel.ts';
import { deviceLauncherChannel, startSocketPair } from '#shared/rpc/start-channel.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { SOCK_SEQPACKET, SOCK_STREAM, accept, listenUnix, socketPair } from '#shared/sys/unix-socket.ts';
import { DrivenDisk } from '../testing/driven-disk.fixture.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
const IN = 0;
const SIZE = 1 << 30;
const LONG_READS = 4;
/** Each of 180 MiB, into the same memory over and over. */
const PIECES = 60;
const PIECE = 3 << 20;

describe('an upgrade that its launcher calls off', () => {
  it('while requests are under way -> the disk goes on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ch-block-'));
    const image = join(folder, 'disk');
    writeFileSync(image, '');
    truncateSync(image, SIZE);
    const [ours, theirs] = must(startSocketPair(), 'start socket');
    const [front, back] = must(socketPair(SOCK_STREAM), 'vhost-user socket');
    const child = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'inherit', 'inherit', theirs.fd] });
    theirs.close();
    try {
      using launcher = deviceLauncherChannel(ours);
      const file = openSync(image, 'r+');
      const startBlock = { id: 'd', path: image, numQueues: 1, queueSize: 128, image: 1, socket: 2 };
      must(launcher.send({ startBlock }, [asFd(file), back.fd]), 'start message');
      closeSync(file);
      back.close();
      expect(must(launcher.receive(), 'answer').message.started).to.not.equal(undefined);
      await using guest = await DrivenDisk.start(front);
      using listener = must(listenUnix(join(folder, 'api')), 'listener');
      using device = new DeviceClient(join(folder, 'api'));
      const health = device.getHealth();
      while (pollNow(listener.fd, EPOLLIN) === 0) await sleep(1);
      using client = must(accept(listener.fd), 'client');
      must(launcher.send({ connect: { socket: 1 } }, [client.fd]), 'connect');
      must(await health, 'health');

      for (let head = 1; head <= LONG_READS; head++) readMuch(guest, head);
      const [given, taken] = must(socketPair(SOCK_SEQPACKET), 'hand-over socket');
      using successor = successorEnd(taken);
      must(launcher.send({ handOver: { socket: 1 } }, [given.fd]), 'hand over');
      given.close();
      expect(must(successor.receive(), 'greeting').message.greeting).to.not.equal(undefined);
      must(successor.send({ ready: {} }), 'ready');
      while (!must(await device.getInfo(), 'info').drained);
      must(launcher.send({ upgradeFailed: { message: 'called off' } }), 'failure');
      await guest.until(LONG_READS);
      expect(successor.tryReceive().ok).to.equal(false);
      expect(await guest.request(IN, 0, 512)).to.equal(0);
      expect(must(await device.getInfo(), 'info').drained).to.equal(false);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  }).timeout(30_000);
});

function readMuch(guest: DrivenDisk, head: number): void {
  const header = guest.headerOf(head);
  guest.memory.writeBytes(header, new Uint8Array(16));
  const data = Array.from({ length: PIECES }, () => ({ address: guest.dataOf(0), length: PIECE, writable: true }));
  guest.offer(head, [{ address: header, length: 16 }, ...data, { address: header + 16, length: 1, writable: true }]);
}
