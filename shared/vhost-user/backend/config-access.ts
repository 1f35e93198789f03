import { err } from '../../lang/result.ts';
import { type ConfigAccess, NOTHING, encodeConfigAccess } from '../message.ts';
import type { VhostUserDevice } from './device.ts';
import { DONE, type Outcome, answer } from './outcome.ts';

/** GET_CONFIG. */
export function getConfig(device: VhostUserDevice, { offset, bytes }: ConfigAccess): Outcome {
  const read = device.readConfig(offset, bytes.length);
  // "Uses zero length of payload to indicate an error": what is not there is no reason to end the session.
  if (read === undefined || read.length !== bytes.length) return answer(NOTHING);
  return answer(encodeConfigAccess({ offset, bytes: read }));
}

/** SET_CONFIG. */
export function setConfig(device: VhostUserDevice, { offset, bytes }: ConfigAccess): Outcome {
  return device.writeConfig(offset, bytes) ? DONE : err({ code: 'CONFIG_REFUSED', offset, length: bytes.length });
}
