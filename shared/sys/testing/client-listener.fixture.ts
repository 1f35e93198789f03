/** Listens at the path that it is given, and says what comes of it: `refused MS` with the time, and `client`, upon which it ends. */
import { writeSync } from 'node:fs';
import { ClientListener, listenPrivately } from '../client-listener.ts';
import { expect } from '../../lang/result.ts';
import { Watcher } from '../watcher.ts';

const say = (line: string): void => void writeSync(1, `${line}\n`);
const watcher = new Watcher();
const listener = expect(listenPrivately(process.argv[2] ?? '', 4), 'listener');
const clients = new ClientListener(watcher, listener, {
  client: (client) => {
    say('client');
    client.close();
    clients.close();
    void watcher.close();
  },
  refused: () => say(`refused ${performance.now()}`),
});
say('listening');
