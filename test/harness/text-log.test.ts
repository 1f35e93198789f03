import { expect } from 'chai';
import { TextLog } from './text-log.ts';

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => String(error),
  );
}

describe('TextLog', () => {
  it('finds what came before, and what comes in pieces', async () => {
    const log = new TextLog();
    log.add(Buffer.from('one tw'));
    expect(await log.find('one', 1000)).to.equal('one');
    const found = log.find(/tw(o)/, 1000);
    log.add(Buffer.from('o three'));
    expect(await found).to.equal(' two');
  });

  it('what was found once is not found again', async () => {
    const log = new TextLog();
    log.add(Buffer.from('prompt '));
    await log.find('prompt', 1000);
    expect(await failure(log.find('prompt', 1))).to.match(/1 ms passed; the last that came:\nprompt /);
  });

  it('the end without it -> error at once, with the last text', async () => {
    const log = new TextLog();
    const found = failure(log.find('login', 60_000));
    log.add(Buffer.from('Kernel panic'));
    log.end();
    expect(await found).to.match(/it ended.*\nKernel panic/s);
  });
});
