/** Messages as a good front end sends them, and what becomes of them when something is wrong. */
import {
  NOTHING,
  type RegionDescription,
  encodeConfigAccess,
  encodeInflight,
  encodeLog,
  encodeMemoryTable,
  encodeSingleRegion,
  encodeStateTransfer,
  encodeU64,
  encodeVringAddresses,
  encodeVringFile,
  encodeVringState,
} from '#shared/vhost-user/message.ts';
import {
  VHOST_F_LOG_ALL,
  VHOST_USER as R,
  VHOST_USER_F_PROTOCOL_FEATURES,
  VHOST_USER_PROTOCOL_F as F,
  VHOST_VRING_F_LOG,
} from '#shared/vhost-user/spec.ts';
import { VIRTIO_F_RING_EVENT_IDX, VIRTIO_F_RING_INDIRECT_DESC, VIRTIO_F_VERSION_1 } from '#shared/virtio/spec.ts';
import { toFrontend, toGuest } from '#shared/testing/session-pair.ts';
import { BYSTANDER, LOG, REGIONS, type Region, type RegionName, guestOf, ring, userOf } from './layout.ts';
import { type Life, hex, junk } from './life.ts';
import { FD_NAMES, type FdName, type Meaning, type Step } from './steps.ts';

type Message = Extract<Step, { do: 'message' }>;

const PROTOCOL =
  F.MQ |
  F.LOG_SHMFD |
  F.REPLY_ACK |
  F.BACKEND_REQ |
  F.CONFIG |
  F.INFLIGHT_SHMFD |
  F.RESET_DEVICE |
  F.CONFIGURE_MEM_SLOTS |
  F.STATUS |
  F.DEVICE_STATE;
/** virtio 1.2, 5.2.3: VIRTIO_BLK_F_FLUSH. */
const FLUSH = 1n << 9n;
const HOSTILE_SIZE = 0x8000;

/** A message that a good front end could send at any time, and a broken one now and then. */
export function messageOf(life: Life): Message {
  const { random } = life;
  const chosen = life.tidy && !random.oneIn(10) ? harmless(life) : anything(life);
  const message = random.oneIn(life.tidy ? 24 : 6) ? broken(life, chosen) : chosen;
  return random.oneIn(life.tidy ? 30 : 8) ? { ...message, hurried: true } : message;
}

export function protocolOf(life: Life): Step[] {
  const { random } = life;
  const bits = random.oneIn(12) ? PROTOCOL & ~(1n << BigInt(random.below(17))) : PROTOCOL;
  const channel: Message[] = random.oneIn(3) ? [message(R.SET_BACKEND_REQ_FD, NOTHING, { fds: ['backend'] })] : [];
  return [
    message(R.SET_PROTOCOL_FEATURES, encodeU64(bits), { means: 'protocol' }),
    ...channel,
    features(life),
    ...memory(life),
    ...(random.oneIn(3) ? [inflight(life, 'wanted')] : []),
  ];
}

/** A ring from nothing to work, of which a step may be left out. */
export function bringUp(life: Life, index: number): Step[] {
  const steps: Step[] = [
    message(R.GET_VRING_BASE, encodeVringState({ index, num: 0 }), { means: 'stopped', ring: index }),
    { do: 'fresh', ring: index, size: life.sizes[index] ?? 2 },
    features(life),
    message(R.SET_VRING_NUM, encodeVringState({ index, num: life.sizes[index] ?? 2 }), { means: 'size', ring: index }),
    message(R.SET_VRING_BASE, encodeVringState({ index, num: 0 }), { means: 'base', ring: index }),
    message(R.SET_VRING_ADDR, addressesOf(index), { means: 'addresses', ring: index }),
    file(R.SET_VRING_ERR, index, `err${index}` as FdName, 'error'),
    file(R.SET_VRING_CALL, index, `call${index}` as FdName, 'call'),
    file(R.SET_VRING_KICK, index, `kick${index}` as FdName, 'kick'),
    message(R.SET_VRING_ENABLE, encodeVringState({ index, num: 1 }), { means: 'enabled', ring: index }),
  ];
  return life.tidy ? steps : steps.filter((_, at) => at < 2 || !life.random.oneIn(40));
}

/** A ring stopped, and started where it was. */
export function restart(life: Life, index: number): Step[] {
  const change = life.random.oneIn(2) ? [harmless(life)] : [];
  return [
    message(R.GET_VRING_BASE, encodeVringState({ index, num: 0 }), { means: 'stopped', ring: index }),
    ...change,
    { do: 'base', ring: index },
    file(R.SET_VRING_KICK, index, `kick${index}` as FdName, 'kick'),
    message(R.SET_VRING_ENABLE, encodeVringState({ index, num: 1 }), { means: 'enabled', ring: index }),
  ];
}

/** Changes what rings stand on, but takes nothing from under them. */
function harmless(life: Life): Message {
  const { random } = life;
  const index = random.below(life.queueCount);
  const moving = random.pick<RegionName>(['m1', 'm2', 'alias', 'm2']);
  const offset = random.below(64);
  const bytes = new Uint8Array(1 + random.below(64)).fill(random.below(256));
  const request = random.pick([R.ADD_MEM_REG, R.REM_MEM_REG]);
  const one = random.pick(['m2', 'bystander'] as const);
  return random.pick<() => Message>([
    () => message(request, encodeSingleRegion(describe(REGIONS[moving])), { fds: request === R.ADD_MEM_REG ? ['guest'] : [] }),
    () => table(random.pick<readonly RegionKey[]>([['m0', 'm1'], ['m0', 'm1', 'm2'], ['m0'], ['m0', 'alias', 'bystander'], ['m0', one]])),
    () => message(R.GET_CONFIG, encodeConfigAccess({ offset, bytes })),
    () => message(R.SET_CONFIG, encodeConfigAccess({ offset, bytes })),
    () => message(R.SET_CONFIG, encodeConfigAccess({ offset: 32, bytes: bytes.subarray(0, 1) })),
    () =>
      message(
        random.pick([R.GET_FEATURES, R.GET_PROTOCOL_FEATURES, R.GET_QUEUE_NUM, R.GET_MAX_MEM_SLOTS, R.GET_STATUS, R.SET_OWNER]),
        NOTHING,
      ),
    () => file(R.SET_VRING_CALL, index, `call${index}` as FdName, 'call'),
    () => file(R.SET_VRING_CALL, index, undefined, 'silent'),
    () => file(R.SET_VRING_KICK, index, `kick${index}` as FdName, 'kick'),
    () => file(R.SET_VRING_KICK, index, undefined, 'kick'),
    () => message(R.SET_VRING_ENABLE, encodeVringState({ index, num: 1 }), { means: 'enabled', ring: index }),
    () => message(R.SET_VRING_ENABLE, encodeVringState({ index, num: 0 }), { means: 'disabled', ring: index }),
    () => message(R.SET_STATUS, encodeU64(BigInt(1 + random.below(15)))),
    () => message(R.SET_BACKEND_REQ_FD, NOTHING, { fds: ['backend'] }),
    () => message(R.GET_VRING_BASE, encodeVringState({ index, num: 0 }), { means: 'stopped', ring: index }),
    () => features(life),
    () => inflight(life, 'wanted'),
    () => logBase(LOG.offset, LOG.size),
    () => message(R.SET_LOG_FD, NOTHING, { fds: ['event'] }),
    () => stateTransfer(random.pick([0, 1]), 0, random.pick<FdName>(['state', 'saved'])),
    () => message(R.CHECK_DEVICE_STATE, NOTHING),
    () => message(R.SET_VRING_ADDR, addressesOf(index, 0, guestOf(ring(index).used))),
    () => message(R.SET_VRING_ADDR, addressesOf(index)),
  ])();
}

/** Whatever there is a name for. */
function anything(life: Life): Message {
  const { random } = life;
  const index = random.oneIn(20) ? random.below(256) : random.below(life.queueCount);
  const num = random.pick([0, 1, 2, 3, 16, 256, 1024, 0x8000, 0x1_0000, random.below(0x1_0000)]);
  const region: Region = REGIONS[random.pick<RegionName>(['m0', 'm1', 'm2', 'alias'])];
  const shift = random.pick([0, 1, 0x200, 0x1000]);
  const shifted = {
    ...region,
    offset: region.offset + shift,
    size: random.pick([region.size - shift, region.size, 1, 0x1000, 0x1001]),
  };
  const fd = random.pick<FdName>([...FD_NAMES] as [FdName, ...FdName[]]);
  return random.pick<() => Message>([
    () => harmless(life),
    () => message(R.SET_VRING_NUM, encodeVringState({ index, num }), { spoils: true }),
    () => message(R.SET_VRING_BASE, encodeVringState({ index, num }), { spoils: true }),
    () => message(R.SET_VRING_ENABLE, encodeVringState({ index, num: random.below(3) }), { spoils: true }),
    () => message(R.SET_VRING_ADDR, addressesOf(index, random.pick([0, 1, 2, 0x80, 0x1000, 0x3_f000, 0x4_0000])), { spoils: true }),
    () =>
      message(R.ADD_MEM_REG, encodeSingleRegion(describe(shifted)), {
        fds: [random.pick<FdName>(['guest', 'loose', 'short', fd])],
        spoils: true,
      }),
    () => message(R.REM_MEM_REG, encodeSingleRegion(describe(shifted)), { spoils: true }),
    () => ({ ...table(random.pick<readonly RegionKey[]>([['m1'], ['m0', 'm0'], ['alias', 'm0'], ['m2', 'm1', 'm0']])), spoils: true }),
    () => ({
      ...file(random.pick([R.SET_VRING_KICK, R.SET_VRING_CALL, R.SET_VRING_ERR]), index, random.oneIn(4) ? undefined : fd),
      spoils: true,
    }),
    () => ({
      ...file(random.pick([R.SET_VRING_KICK, R.SET_VRING_CALL, R.SET_VRING_ERR]), index, random.pick(['event', 'blocking', 'pipe'])),
      spoils: true,
    }),
    () => inflight(life, random.pick(['wanted', 'kept', 'hostile', 'hostile'])),
    () => ({ ...logBase(random.pick([LOG.offset, 0, 0x1000]), random.pick([LOG.size, 1, 0, LOG.file, 2 ** 40])), spoils: true }),
    () => message(R.SET_LOG_BASE, encodeLog({ size: LOG.size, fileOffset: LOG.offset }), { fds: [fd], spoils: true }),
    () => message(R.SET_LOG_FD, NOTHING, { fds: [random.pick<FdName>(['event', 'blocking', 'pipe', fd])] }),
    () => message(R.SET_VRING_ADDR, addressesOf(index, 0, random.pick([2 ** 40, LOG.size * 0x8000 - 1, 0x5b5b_0000]))),
    () => stateTransfer(random.below(3), random.below(2), fd),
    () => message(R.RESET_DEVICE, NOTHING, { means: 'reset' }),
    () => message(R.SET_STATUS, encodeU64(0n), { means: 'reset' }),
    () => message(R.RESET_OWNER, NOTHING),
    () => message(R.SET_FEATURES, encodeU64(random.pick([0n, VIRTIO_F_VERSION_1, VHOST_F_LOG_ALL, 2n ** 64n - 1n])), { spoils: true }),
    () =>
      message(R.SET_PROTOCOL_FEATURES, encodeU64(random.pick([PROTOCOL, 0n, F.REPLY_ACK, 1n << BigInt(random.below(64))])), {
        spoils: true,
      }),
    () => ({
      request: random.below(64),
      payload: junk(random, random.pick([0, 8, 8, 16, 40, random.below(300)])),
      do: 'message',
      spoils: true,
    }),
    () => message(R.SET_BACKEND_REQ_FD, NOTHING, { fds: [fd] }),
  ])();
}

function broken(life: Life, good: Message): Message {
  const { random } = life;
  const bytes = Buffer.from(good.payload, 'hex');
  const spoilt: Message = { do: 'message', request: good.request, payload: good.payload, fds: good.fds ?? [], spoils: true };
  const fd = random.pick<FdName>([...FD_NAMES] as [FdName, ...FdName[]]);
  switch (random.below(6)) {
    case 0:
      return { ...spoilt, payload: junk(random, random.below(64)) };
    case 1:
      return { ...spoilt, fds: random.pick<readonly FdName[]>([[], [fd], [fd, 'event'], new Array<FdName>(33).fill('event')]) };
    case 2:
      if (bytes.length >= 8)
        bytes.writeBigUInt64LE(random.pick([2n ** 64n - 1n, 2n ** 63n, 2n ** 53n, 2n ** 32n, 1n, 0n]), random.below(bytes.length - 7));
      return { ...spoilt, payload: bytes.toString('hex') };
    case 3:
      return { ...spoilt, payload: good.payload.slice(2) };
    case 4:
      return { ...spoilt, flags: random.pick([0, 4, 2, 0x10, 0xc]) };
    default:
      if (bytes.length > 0) bytes.writeUInt8(random.below(256), random.below(bytes.length));
      return { ...spoilt, payload: bytes.toString('hex') };
  }
}

function features(life: Life): Message {
  const flush = life.random.oneIn(3) ? 0n : FLUSH;
  const logs = life.random.oneIn(2) ? 0n : VHOST_F_LOG_ALL;
  const bits = VIRTIO_F_VERSION_1 | VIRTIO_F_RING_INDIRECT_DESC | flush | logs | (life.eventIdx ? VIRTIO_F_RING_EVENT_IDX : 0n);
  return message(R.SET_FEATURES, encodeU64(bits | VHOST_USER_F_PROTOCOL_FEATURES), { means: 'features' });
}

type RegionKey = RegionName | 'bystander';

function memory({ random }: Life): Message[] {
  if (random.oneIn(2)) return [table(['m0', 'm1', 'bystander'])];
  const regions: readonly RegionKey[] = ['m0', 'm1', ...(random.oneIn(2) ? (['m2'] as const) : []), 'bystander'];
  return regions.map((key) => message(R.ADD_MEM_REG, encodeSingleRegion(describe(regionOf(key))), { fds: [fileOf(key)], means: 'memory' }));
}

function table(keys: readonly RegionKey[]): Message {
  const payload = encodeMemoryTable(keys.map((key) => describe(regionOf(key))));
  return message(R.SET_MEM_TABLE, payload, { fds: keys.map(fileOf), means: 'memory' });
}

function inflight({ random }: Life, kind: 'wanted' | 'kept' | 'hostile'): Message {
  const queueCount = random.pick([1, 2, 3, random.below(0x1_0000)]);
  const queueSize = random.pick([16, 64, 256, 256, random.below(0x1_0000)]);
  if (kind === 'wanted') return message(R.GET_INFLIGHT_FD, encodeInflight({ size: 0, fileOffset: 0, queueCount, queueSize }));
  const fileOffset = random.pick([0, 0, 0x1000, 0x40, 1]);
  const area = { size: random.pick([HOSTILE_SIZE - fileOffset, 0x1000, 2 ** 40]), fileOffset, queueCount, queueSize };
  return message(R.SET_INFLIGHT_FD, encodeInflight(area), { fds: [kind === 'kept' ? 'inflight' : 'hostile'], spoils: true });
}

function regionOf(key: RegionKey): Region {
  return key === 'bystander' ? BYSTANDER : REGIONS[key];
}

function fileOf(key: RegionKey): FdName {
  return key === 'bystander' ? 'bystander' : 'guest';
}

function describe({ guest, size, user, offset }: Region): RegionDescription {
  return { guestStart: toGuest(guest), size, frontendStart: toFrontend(user), fileOffset: offset };
}

function stateTransfer(direction: number, phase: number, fd: FdName): Message {
  return message(R.SET_DEVICE_STATE_FD, encodeStateTransfer({ direction, phase }), { fds: [fd] });
}

function logBase(fileOffset: number, size: number): Message {
  return message(R.SET_LOG_BASE, encodeLog({ size, fileOffset }), { fds: ['log'] });
}

function addressesOf(index: number, shift = 0, log?: number): DataView {
  const { descriptor, available, used } = ring(index & 3);
  return encodeVringAddresses({
    index,
    ...(log === undefined ? { flags: 0 } : { flags: VHOST_VRING_F_LOG, log }),
    descriptor: toFrontend(userOf(descriptor)),
    available: toFrontend(userOf(available)),
    used: toFrontend(userOf(used + shift)),
  });
}

function file(request: number, index: number, fd: FdName | undefined, means?: Meaning): Message {
  const payload = encodeVringFile({ index, hasDescriptor: fd !== undefined });
  return message(request, payload, { fds: fd === undefined ? [] : [fd], ring: index, ...(means === undefined ? {} : { means }) });
}

type Rest = Omit<Message, 'do' | 'request' | 'payload'>;

function message(request: number, payload: DataView, rest: Rest = {}): Message {
  return { do: 'message', request, payload: hex(payload), ...rest };
}
