/** What a message lets a device write to that is watched otherwise. */
import { type RegionDescription, parseLog, parseMemoryTable, parseSingleRegion } from '#shared/vhost-user/message.ts';
import { VHOST_USER as R } from '#shared/vhost-user/spec.ts';
import { BYSTANDER, LOG, REGIONS, type Region } from './layout.ts';
import type { FdName, Step } from './steps.ts';

export const GUARDED_FILES = ['guest', 'log', 'bystander'] as const satisfies readonly FdName[];
export type GuardedFile = (typeof GUARDED_FILES)[number];

const PLACES: Readonly<Record<'guest' | 'bystander', readonly Region[]>> = { guest: Object.values(REGIONS), bystander: [BYSTANDER] };

/** The files that may be written to beyond what they are for. */
export function givenAway(step: Extract<Step, { do: 'message' }>): readonly GuardedFile[] {
  return GUARDED_FILES.filter((name) => step.fds?.includes(name) === true && !isAsMeant(name, step));
}

function isAsMeant(name: GuardedFile, { request, payload, fds = [] }: Extract<Step, { do: 'message' }>): boolean {
  const view = new DataView(new Uint8Array(Buffer.from(payload, 'hex')).buffer);
  if (name === 'log') {
    const log = parseLog(view);
    if (request !== R.SET_LOG_BASE || !log.ok) return request === R.SET_LOG_BASE;
    return log.value.fileOffset >= LOG.offset && log.value.fileOffset + log.value.size <= LOG.offset + LOG.size;
  }
  if (request !== R.ADD_MEM_REG && request !== R.SET_MEM_TABLE) return false;
  const regions = request === R.ADD_MEM_REG ? [parseSingleRegion(view)] : [parseMemoryTable(view)];
  const described: readonly RegionDescription[] = regions.flatMap((parsed) => (parsed.ok ? parsed.value : []));
  return described.every((region, index) => fds[index] !== name || PLACES[name].some((place) => isWithin(region, place, name)));
}

/** The bystander's bytes are safe only where nobody names them. */
function isWithin({ guestStart, fileOffset, size }: RegionDescription, { guest, offset, size: all }: Region, name: GuardedFile): boolean {
  return fileOffset >= offset && fileOffset + size <= offset + all && (name === 'guest' || guestStart === guest);
}
