import { expect } from 'chai';
import { EBUSY, ECONNRESET, EPIPE, sysError } from '#shared/sys/errno.ts';
import { VHOST_USER } from '#shared/vhost-user/spec.ts';
import { whyLeft } from './front-end-left.ts';

const broken = (errno: number) => ({ code: 'CHANNEL', cause: { code: 'SYS', cause: sysError('recvmsg', errno) } }) as const;

describe('whyLeft', () => {
  for (const [outcome, line] of [
    ['closed', undefined],
    [broken(ECONNRESET), undefined],
    [broken(EPIPE), undefined],
    [broken(EBUSY), 'the connection to the front end broke: recvmsg: resource busy or locked (EBUSY)'],
    [{ code: 'CHANNEL', cause: { code: 'TRUNCATED', received: 3 } }, 'the connection to the front end broke (TRUNCATED)'],
    [
      { code: 'UNEXPECTED_REPLY', request: VHOST_USER.GET_FEATURES },
      'the front end broke the vhost-user protocol: a reply to GET_FEATURES, which nobody had asked',
    ],
    [
      { code: 'REQUEST_REFUSED', request: 999, cause: { code: 'UNKNOWN_REQUEST' } },
      'the front end asked for what cannot be, and not to be told of it: request 999 (UNKNOWN_REQUEST)',
    ],
  ] as const) {
    it(`${JSON.stringify(outcome).slice(0, 60)} -> ${line ?? 'nothing'}`, () => {
      expect(whyLeft(outcome)).to.equal(line);
    });
  }
});
