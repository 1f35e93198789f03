import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EINVAL, EIO } from '#shared/sys/errno.ts';
import { IORING_OP } from '#shared/sys/io-uring.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { eventFd } from '#shared/testing/session-pair.ts';
import type { Engine } from './engine/engine.ts';
import { ErrorLog } from './error-log.ts';
import { RawImage } from './image/raw-image.ts';
import { ServedImage } from './served-image.ts';
import { openKind } from './testing/engines.fixture.ts';
import { ObservedEngine } from './testing/observed-engine.fixture.ts';

const SIZE = 4096;
const TOKEN = 7;
const NO_FD = -1;

/** Has the kernel refuse an fdatasync now and then: of a descriptor that there is not. */
class RefusingEngine extends ObservedEngine {
  refuses = false;

  override prepare(...entry: Parameters<Engine['prepare']>): void {
    const [opcode, , , ...rest] = entry;
    if (opcode === IORING_OP.FSYNC && this.refuses) super.prepare(opcode, 0, NO_FD, ...rest);
    else super.prepare(...entry);
  }
}

describe('ServedImage', () => {
  const path = join(tmpdir(), `served-image-${process.pid}`);
  let fd = NO_FD;

  beforeEach(() => {
    writeFileSync(path, new Uint8Array(SIZE));
    fd = openSync(path, 'r+');
  });
  afterEach(() => {
    closeSync(fd);
    rmSync(path);
  });

  function serve(): { readonly engine: RefusingEngine; readonly served: ServedImage; readonly next: () => number } {
    const image = new RawImage(asFd(fd), { size: SIZE, readOnly: false });
    const engine = new RefusingEngine(openKind('io_uring', image.files));
    const served = new ServedImage(image, { engine, token: TOKEN, errors: new ErrorLog(() => {}) });
    return { engine, served, next };

    /** The result of the fdatasync that is under way. */
    function next(): number {
      engine.submit(1);
      expect(engine.next()).to.equal(true);
      expect(engine.tokenHigh).to.equal(TOKEN);
      const { result } = engine;
      expect(engine.next()).to.equal(false);
      served.synced(result);
      return result;
    }
  }

  it('syncs ahead of a hand-over', () => {
    const { engine, served, next } = serve();
    const results: number[] = [];
    served.syncAhead((result) => results.push(result));
    expect([next(), results]).to.deep.equal([0, [0]]);
    engine.close();
  });

  it('syncs ahead in vain -> the guest hears of it at its next flush', () => {
    const { engine, served, next } = serve();
    const results: number[] = [];
    engine.refuses = true;
    served.syncAhead((result) => results.push(result));
    const failure = next();
    expect(failure).to.be.below(0);
    engine.refuses = false;
    served.awaitFlush({ resume: (_, result) => results.push(result) }, 0);
    served.settle();
    expect(next()).to.equal(0);
    expect(results).to.deep.equal([failure, failure]);
    engine.close();
  });

  it('syncs before it returns, in vain -> the guest hears of it at its next flush, and whoever looks after it at once', () => {
    using file = eventFd();
    const lines: string[] = [];
    const image = new RawImage(file.fd, { size: SIZE, readOnly: false });
    const engine = openKind('io_uring', [asFd(fd)]);
    const served = new ServedImage(image, { engine, token: TOKEN, errors: new ErrorLog((line) => lines.push(line)) });
    served.syncNow();
    expect(served.failure).to.equal(-EINVAL);
    expect(lines.join()).to.match(/flush the image: .*EINVAL/);
    const results: number[] = [];
    served.awaitFlush({ resume: (_, result) => results.push(result) }, 0);
    served.settle();
    engine.submit(1);
    expect([engine.next(), engine.result]).to.deep.equal([true, 0]);
    served.synced(engine.result);
    expect(results).to.deep.equal([-EINVAL]);
    engine.close();
  });

  it('has a flush fail -> that one alone: its guest knows', () => {
    const { engine, served, next } = serve();
    const results: number[] = [];
    for (const refuses of [true, false]) {
      engine.refuses = refuses;
      served.awaitFlush({ resume: (_, result) => results.push(result) }, 0);
      served.settle();
      next();
    }
    expect(results[0]).to.be.below(0).and.not.equal(-EIO);
    expect(results[1]).to.equal(0);
    engine.close();
  });
});
