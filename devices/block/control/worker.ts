/** The control thread: gRPC for the clients whose connections it is handed. */
import './exit-on-uncaught.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { DeviceServer } from '#shared/rpc/device-server.ts';
import manifest from '../../../package.json' with { type: 'json' };
import type { ControlData } from './control-thread.ts';
import { RemoteControl } from './remote-control.ts';

const { id, imagePath, imageType, readOnly, port, wakeFd, statistics, generation }: ControlData = workerData;

const identity = {
  id,
  kind: 'block',
  programVersion: manifest.version,
  features: ['limits', 'resize', 'drain', 'stats', 'upgrade'],
  imagePath,
  imageType,
  readOnly,
  ...(generation === undefined ? {} : { generation }),
};
const server = new DeviceServer(new RemoteControl({ identity, port, wakeFd, statistics }));
parentPort?.on('message', (fd: number) => server.serve(fd));
