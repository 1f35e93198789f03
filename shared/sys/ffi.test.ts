import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { allocate } from './ffi.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** A buffer that nobody has any more but whoever has seen its address. */
function forgotten(readsAddress: boolean): WeakRef<Uint8Array> {
  const buffer = allocate(64);
  if (readsAddress) expect(buffer.address).to.be.greaterThan(0);
  return new WeakRef(buffer.bytes);
}

describe('memory of our own', () => {
  it('stays where it is over the call that its address was read for', async () => {
    const [read, other] = [forgotten(true), forgotten(false)];
    // A reference that was just made holds what it is of until then.
    await setImmediate();
    collect();
    expect([read.deref()?.length, other.deref()]).to.deep.equal([64, undefined]);
  });

  it('goes when others have been asked for theirs', async () => {
    const read = forgotten(true);
    for (let count = 0; count < 8; count++) forgotten(true);
    await setImmediate();
    collect();
    expect(read.deref()).to.equal(undefined);
  });
});
