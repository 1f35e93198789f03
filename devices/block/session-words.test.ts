import { expect } from 'chai';
import { EBUSY, sysError } from '#shared/sys/errno.ts';
import { UNSEALED_MEMORY } from '#shared/vhost-user/backend/index.ts';
import { VHOST_USER } from '#shared/vhost-user/spec.ts';
import { sessionWords } from './session-words.ts';

describe('sessionWords', () => {
  const refused = 'request refused';
  const request = VHOST_USER.SET_VRING_NUM;
  for (const [event, facts, line] of [
    [
      refused,
      { request, error: { code: 'RING_SIZE', size: 256, maximum: 64 } },
      'the front end: request refused (SET_VRING_NUM): RING_SIZE (size 256, maximum 64)',
    ],
    [refused, { request: 999, error: { code: 'UNKNOWN_REQUEST' } }, 'the front end: request refused (request 999): UNKNOWN_REQUEST'],
    [
      refused,
      { request, error: { code: 'FEATURES_NOT_OFFERED', bits: 0x100n } },
      'the front end: request refused (SET_VRING_NUM): FEATURES_NOT_OFFERED (bits 0x100)',
    ],
    [
      refused,
      { request, error: { code: 'SYS', cause: sysError('mmap', EBUSY) } },
      `the front end: request refused (SET_VRING_NUM): ${sysError('mmap', EBUSY).message}`,
    ],
    ['ring refused by the device', { ring: 3, error: { code: 'BAD' } }, 'the front end: ring refused by the device: BAD, ring 3'],
    [UNSEALED_MEMORY, { regions: 2 }, 'the front end could shrink its memory, which would end this process (SIGBUS)'],
    ['device state not transferred', {}, 'the front end: device state not transferred'],
  ] as const) {
    it(`${event} ${Object.values(facts).length} -> ${line}`, () => expect(sessionWords(event, facts)).to.equal(line));
  }
});
