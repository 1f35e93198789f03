import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Socket, connect } from 'node:net';
import { once } from 'node:events';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { deviceLauncherChannel, deviceStartChannelOf, startSocketPair } from '#shared/rpc/start-channel.ts';
import { DeviceSockets } from './device-sockets.ts';
import { findDevices } from './find-devices.ts';
import { deviceSocket, register } from './run-directory.ts';

describe('DeviceSockets', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockets-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('hands each client to the process that serves the device now', async () => {
    const pairs = [0, 1].map(() => expect(startSocketPair(), 'start socket'));
    const ends = pairs.map(([launcher, device]) => ({ launcher: deviceLauncherChannel(launcher), device: deviceStartChannelOf(device) }));
    let present = 0;
    const sockets = new DeviceSockets(folder, () => ends[present]?.launcher);
    expect(sockets.listen('d'), 'listen');
    const path = deviceSocket(folder, 'd');
    check(statSync(path).mode & 0o777).to.equal(0o600);
    for (present = 0; present < 2; present++) {
      const client = connect(path);
      await once(client, 'connect');
      const device = ends[present]?.device;
      // The hand-over takes a turn of the event loop; nothing else is awaited than its message.
      let received = device === undefined ? undefined : expect(device.tryReceive(), 'message');
      while (received === undefined && device !== undefined) {
        await new Promise((resolve) => setImmediate(resolve));
        received = expect(device.tryReceive(), 'message');
      }
      check(received?.message.connect?.socket).to.equal(1);
      const [fd] = received?.fds ?? [];
      const served = new Socket({ fd: fd?.take() ?? -1, readable: true, writable: true });
      served.end(`served by ${present}`);
      const [said] = await once(client, 'data');
      check(String(said)).to.equal(`served by ${present}`);
      client.destroy();
      served.destroy();
    }
    await sockets.close();
    for (const { launcher, device } of ends) {
      launcher.close();
      device.close();
    }
  });

  it('lets a client go where the device has no process', async () => {
    const sockets = new DeviceSockets(folder, () => undefined);
    expect(sockets.listen('d'), 'listen');
    const client = connect(deviceSocket(folder, 'd'));
    await once(client.resume(), 'close');
    await sockets.close();
  });
});

describe('findDevices', () => {
  it('finds the devices of machines whose launchers live, and is put off by nothing else', () => {
    const root = mkdtempSync(join(tmpdir(), 'machines-'));
    const folder = (name: string): string => {
      mkdirSync(join(root, name));
      return join(root, name);
    };
    const running = folder(`vm-${process.pid}`);
    const devices = ['_disk0', 'data'].map((id) => ({ id, pid: 2 }));
    register(running, { id: 'x', launcherPid: process.pid, corePid: 1, devices, startedAt: '' });
    // The largest pid there may be is 2^22.
    register(folder('vm-99999999'), { id: 'y', launcherPid: 99_999_999, corePid: 1, devices, startedAt: '' });
    writeFileSync(join(folder('vm-1'), 'vm.json'), '{"devices": [null, {"id": 5}, ');
    folder('other');
    check(findDevices(root)).to.deep.equal([
      { vm: `vm-${process.pid}`, id: '_disk0', pid: 2, socket: join(running, '_disk0.sock') },
      { vm: `vm-${process.pid}`, id: 'data', pid: 2, socket: join(running, 'data.sock') },
    ]);
    check(findDevices(join(root, 'none'))).to.deep.equal([]);
    rmSync(root, { recursive: true });
  });
});
