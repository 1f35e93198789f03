/** The thread that asks another process to hand over: it alone loads gRPC. */
import '../control/exit-on-uncaught.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { DeviceClient } from '#shared/rpc/device-client.ts';
import type { AskingData } from './by-hand.ts';

void ask(workerData);

async function ask({ apiSocket, ownSocket }: AskingData): Promise<void> {
  using client = new DeviceClient(apiSocket);
  const upgraded = await client.upgrade({ socket: ownSocket });
  if (upgraded.ok) return;
  const { status, reason, message } = upgraded.error;
  const isSilent = status === 'UNAVAILABLE' && reason === '';
  parentPort?.postMessage(isSilent ? `no process serves at "${apiSocket}"` : message);
}
