import { expect } from 'chai';
import { EIO } from '#shared/sys/errno.ts';
import { ErrorLog } from './error-log.ts';

describe('what goes wrong with requests', () => {
  it('is told of in a line, one in ten seconds, with how many were kept back', () => {
    const lines: string[] = [];
    const log = new ErrorLog((line) => lines.push(line));
    for (const nowMs of [0, 1, 9999, 10_000, 19_999, 20_000]) log.report(`at ${nowMs}`, nowMs);
    expect(lines).to.deep.equal([
      'a request failed: at 0',
      'a request failed: at 10000 (and 2 more before that)',
      'a request failed: at 20000 (and 1 more before that)',
    ]);
  });

  it('is told of with what the kernel said', () => {
    const lines: string[] = [];
    new ErrorLog((line) => lines.push(line)).failed('read the image', 512, -EIO);
    new ErrorLog((line) => lines.push(line)).failed('read the image', 512, 0);
    expect(lines).to.deep.equal([
      'a request failed: read the image at 512: i/o error (EIO)',
      'a request failed: read the image at 512: the file has become shorter',
    ]);
  });
});
