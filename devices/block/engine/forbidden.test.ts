/** ch-block where a filter of system calls forbids io_uring: real processes, with a real filter. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { DeviceClient } from '#shared/rpc/device-client.ts';
import { lockFile } from '#shared/sys/file-lock.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { connectTo } from '#shared/testing/connect.ts';
import { VIRTIO_BLK_S_OK, VIRTIO_BLK_T_FLUSH, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT } from '../spec.ts';
import { DrivenDisk } from '../testing/driven-disk.fixture.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
const WITHOUT_IO_URING = new URL('../../../shared/testing/without-io-uring.ts', import.meta.url);
const SIZE = 4 << 20;
const HEADS = 32;
const LENGTH = 0x8000;

describe('ch-block, forbidden io_uring', () => {
  let folder = '';
  let image = '';
  let child: ChildProcess | undefined;
  let said = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-block-'));
    image = join(folder, 'disk');
    writeFileSync(image, Buffer.alloc(SIZE));
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  async function serve(...more: string[]): Promise<DrivenDisk> {
    const socket = join(folder, 'socket');
    const appeared = new Promise<void>((resolve) => {
      const watcher = watch(folder, () => {
        if (!existsSync(socket)) return;
        watcher.close();
        resolve();
      });
    });
    const args = ['--import', WITHOUT_IO_URING.href, MAIN, '--socket-path', socket, '--disk', `path=${image}`, ...more];
    child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] });
    said = '';
    child.stderr?.on('data', (part) => (said += String(part)));
    await appeared;
    return DrivenDisk.start(await connectTo(socket));
  }

  it('says so, and serves all the same', async () => {
    const api = join(folder, 'api');
    await using disk = await serve('--api-socket', api);
    for (let round = 0; round < 4; round++) await writeAndRead(disk, round);
    using device = new DeviceClient(api);
    expect(must(await device.getInfo(), 'info').engine).to.equal('threads');
    const exited = once(child ?? fail(), 'exit');
    child?.kill('SIGTERM');
    expect(await exited).to.deep.equal([143, null]);
    expect(said).to.match(/^ch-block: io_uring is forbidden \(EPERM\): requests are done by \d threads\n$/);
  }).timeout(30_000);

  it('is killed under load -> the lock is free only when nothing writes any more', async () => {
    await using disk = await serve();
    const threads = readdirSync(`/proc/${child?.pid}/task`).map((tid) =>
      readFileSync(`/proc/${child?.pid}/task/${tid}/comm`, 'utf8').trim(),
    );
    expect(threads.filter((name) => /^pool\d$/.test(name))).to.not.deep.equal([]);
    for (let head = 0; head < HEADS; head++) {
      disk.memory.writeBytes(disk.dataOf(head), new Uint8Array(0x1_0000).fill(head + 1));
      disk.submit(head, VIRTIO_BLK_T_OUT, head * 128, 0x1_0000);
    }
    const exited = once(child ?? fail(), 'exit');
    child?.kill('SIGKILL');
    const fd = openSync(image, 'r+');
    while (!lockFile(asFd(fd), false).ok) await new Promise((resolve) => void setImmediate(resolve));
    const then = readFileSync(image);
    // The dead process's buffers change: what were still written now would be seen.
    for (let head = 0; head < HEADS; head++) disk.memory.writeBytes(disk.dataOf(head), new Uint8Array(0x1_0000).fill(0xff));
    await exited;
    closeSync(fd);
    expect(readFileSync(image).equals(then)).to.equal(true);
    expect(then.includes(0xff)).to.equal(false);
  }).timeout(30_000);
});

/** Every head writes its piece of the disk, all at once; then each is flushed, and reads what it wrote. */
async function writeAndRead(disk: DrivenDisk, round: number): Promise<void> {
  const before = disk.done.length;
  for (let head = 0; head < HEADS; head++) {
    disk.memory.writeBytes(disk.dataOf(head), new Uint8Array(LENGTH).fill(round * HEADS + head + 1));
    disk.submit(head, VIRTIO_BLK_T_OUT, (head * LENGTH) / 512, LENGTH);
  }
  await disk.until(before + HEADS);
  disk.submit(0, VIRTIO_BLK_T_FLUSH, 0, 0);
  await disk.until(before + HEADS + 1);
  for (let head = 0; head < HEADS; head++) {
    disk.memory.writeBytes(disk.dataOf(head), new Uint8Array(LENGTH));
    disk.submit(head, VIRTIO_BLK_T_IN, (head * LENGTH) / 512, LENGTH);
  }
  await disk.until(before + 2 * HEADS + 1);
  for (let head = 0; head < HEADS; head++) {
    const bytes = new Uint8Array(LENGTH);
    disk.memory.readBytes(disk.dataOf(head), bytes);
    expect(bytes.every((byte) => byte === round * HEADS + head + 1)).to.equal(true);
  }
  expect(disk.done.slice(before).every(({ status }) => status === VIRTIO_BLK_S_OK)).to.equal(true);
}

function fail(): never {
  throw new Error('nothing was started');
}
