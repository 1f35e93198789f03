import { appendFileSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { OwnedFd } from '#shared/sys/owned-fd.ts';
import { SOCK_STREAM, socketPair } from '#shared/sys/unix-socket.ts';
import { until } from '#shared/testing/quiet-watcher.ts';
import { VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE } from '#shared/virtio/spec.ts';
import { InterruptTarget } from '../bus/testing/interrupt-target.ts';
import { REQUEST_LIMIT, RngLink } from './rng.ts';
import { RNG_REQUESTQ as REQUESTS } from './spec.ts';
import { DATA, DrivenDevice, HOLE } from './testing/driven-device.fixture.ts';

type Bench = DrivenDevice<RngLink>;

function benchOn(source: OwnedFd): Bench {
  return new DrivenDevice((context) => new RngLink({ id: 'rng0', source }, context));
}

function urandom(): Bench {
  return benchOn(new OwnedFd(openSync('/dev/urandom', 'r')));
}

/** Offers chain `head` of buffers at these places, and kicks. */
function request(bench: Bench, head: number, ...buffers: readonly (readonly [address: number, length: number])[]): void {
  const queue = bench.queue(REQUESTS);
  queue.chain(
    head,
    buffers.map(([address, length]) => ({ address, length, writable: true })),
  );
  queue.offer(head);
  bench.kick(REQUESTS);
}

describe('virtio-rng', function () {
  let folder = '';
  before(function () {
    if (!InterruptTarget.available) this.skip();
    folder = mkdtempSync(join(tmpdir(), 'rng-'));
  });
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true });
  });

  function fileOf(content: string | Uint8Array): string {
    const path = join(folder, 'source');
    writeFileSync(path, content);
    return path;
  }

  it('is what Cloud Hypervisor shows', async () => {
    await using bench = urandom();
    const { deviceType, classCode, queueSizes, featuresLow, featuresHigh, config } = bench.link.offer;
    check([deviceType, classCode, queueSizes, featuresLow, featuresHigh, config]).to.deep.equal([4, 0xffff, [256], 0x3000_0000, 1, []]);
  });

  it('fills every buffer of a request, in order, says what it wrote, and writes no more', async () => {
    const content = Buffer.from(Array.from({ length: 250 }, (_, index) => index + 1));
    await using bench = benchOn(new OwnedFd(openSync(fileOf(content), 'r')));
    bench.activate();
    const wrote: (readonly [number, number])[] = [];
    bench.memory.memory.onWrite((address, length) => {
      if (address >= DATA) wrote.push([address, length]);
    });
    request(bench, 0, [DATA, 3], [DATA + 0x1001, 64], [DATA + 0x2000, 1]);
    request(bench, 8, [DATA + 0x3000, 100], [DATA + 0x4000, 100]);
    await until(() => bench.queue(REQUESTS).usedIdx === 2);
    check(bench.queue(REQUESTS).collect()).to.deep.equal([
      { head: 0, written: 68 },
      { head: 8, written: 182 },
    ]);
    check(wrote, 'what the gate was told').to.deep.equal([
      [DATA, 3],
      [DATA + 0x1001, 64],
      [DATA + 0x2000, 1],
      [DATA + 0x3000, 100],
      [DATA + 0x4000, 82],
    ]);
    const expected = Buffer.alloc(0x5000);
    content.copy(expected, 0, 0, 3);
    content.copy(expected, 0x1001, 3, 67);
    content.copy(expected, 0x2000, 67, 68);
    content.copy(expected, 0x3000, 68, 168);
    content.copy(expected, 0x4000, 168);
    check(bench.bytes(DATA, 0x5000).equals(expected)).to.equal(true);
    check(bench.interrupts(REQUESTS + 1)).to.be.greaterThan(0);
  });

  it('fills at most its limit of one request', async () => {
    await using bench = urandom();
    bench.activate();
    request(bench, 0, [DATA, REQUEST_LIMIT - 5], [DATA + REQUEST_LIMIT, REQUEST_LIMIT]);
    await until(() => bench.queue(REQUESTS).usedIdx === 1);
    check(bench.queue(REQUESTS).collect()).to.deep.equal([{ head: 0, written: REQUEST_LIMIT }]);
    check(bench.bytes(DATA + REQUEST_LIMIT + 5, REQUEST_LIMIT - 5).every((byte) => byte === 0)).to.equal(true);
    check(bench.bytes(DATA, 64).some((byte) => byte !== 0)).to.equal(true);
  });

  it('lets a request wait for a source that has nothing yet, and blocks nobody', async () => {
    const [near, far] = expect(socketPair(SOCK_STREAM), 'pair');
    using writer = far;
    await using bench = benchOn(near);
    bench.activate();
    request(bench, 0, [DATA, 16]);
    request(bench, 1, [DATA + 16, 16]);
    await bench.settle();
    check(bench.queue(REQUESTS).usedIdx).to.equal(0);
    writeSync(writer.fd, 'entropy');
    await until(() => bench.queue(REQUESTS).usedIdx === 1);
    await bench.settle();
    writeSync(writer.fd, 'more');
    await until(() => bench.queue(REQUESTS).usedIdx === 2);
    check(bench.queue(REQUESTS).collect()).to.deep.equal([
      { head: 0, written: 7 },
      { head: 1, written: 4 },
    ]);
    check(bench.bytes(DATA, 20).toString()).to.equal(`entropy${'\0'.repeat(9)}more`);
  });

  it('keeps a waiting request over a suspension, and drops it at a reset', async () => {
    const [near, far] = expect(socketPair(SOCK_STREAM), 'pair');
    using writer = far;
    await using bench = benchOn(near);
    bench.activate();
    request(bench, 0, [DATA, 16]);
    await bench.settle();
    check(expect(await bench.link.suspend(), 'suspend')).to.deep.equal([0]);
    writeSync(writer.fd, 'abc');
    await bench.settle();
    check(bench.queue(REQUESTS).usedIdx).to.equal(0);
    expect(await bench.link.resume([0]), 'resume');
    await until(() => bench.queue(REQUESTS).usedIdx === 1);
    request(bench, 1, [DATA, 16]);
    await bench.settle();
    check(bench.resetByDriver()).to.equal(true);
    writeSync(writer.fd, 'de');
    await bench.settle();
    check(bench.bytes(DATA, 4).toString()).to.equal('abc\0');
    bench.activate();
    request(bench, 5, [DATA, 16]);
    await until(() => bench.queue(REQUESTS).usedIdx === 1);
    check(bench.queue(REQUESTS).collect()).to.deep.equal([{ head: 5, written: 2 }]);
  });

  it('asks for a reset when the source has ended, once, and tries it again after one', async () => {
    const path = fileOf('12345');
    await using bench = benchOn(new OwnedFd(openSync(path, 'r')));
    bench.activate();
    request(bench, 0, [DATA, 16]);
    request(bench, 1, [DATA, 16]);
    await until(() => bench.failures.length > 0);
    bench.kick(REQUESTS);
    await bench.settle();
    check(bench.queue(REQUESTS).collect()).to.deep.equal([{ head: 0, written: 5 }]);
    check(bench.failures).to.deep.equal(['rng0 NEEDS_RESET: the source of randomness has ended']);
    check(bench.status).to.equal(0x4f);
    appendFileSync(path, '678');
    check(bench.resetByDriver()).to.equal(true);
    bench.activate();
    request(bench, 0, [DATA, 16]);
    await until(() => bench.queue(REQUESTS).usedIdx === 1);
    check(bench.bytes(DATA, 3).toString()).to.equal('678');
  });

  it('asks for a reset when the source cannot be read', async () => {
    await using bench = benchOn(new OwnedFd(openSync('/', 'r')));
    bench.activate();
    request(bench, 0, [DATA, 16]);
    await until(() => bench.failures.length > 0);
    check(bench.failures[0]).to.match(/^rng0 NEEDS_RESET: read the source of randomness: .*\(EISDIR\)$/);
    check(bench.queue(REQUESTS).usedIdx).to.equal(0);
  });

  it('lets others have their turn while a driver asks without end', async () => {
    await using bench = urandom();
    bench.activate();
    const queue = bench.queue(REQUESTS);
    for (let head = 0; head < 256; head++) queue.chain(head, [{ address: DATA, length: REQUEST_LIMIT, writable: true }]);
    queue.offer(...Array.from({ length: 256 }, (_, head) => head));
    bench.kick(REQUESTS);
    await until(() => queue.usedIdx > 0);
    check(queue.usedIdx).to.be.lessThan(256);
    await until(() => queue.usedIdx === 256);
  });

  it('returns what it cannot fill with nothing written, and serves the next', async () => {
    await using bench = urandom();
    bench.activate();
    const queue = bench.queue(REQUESTS);
    const hostile: readonly (() => void)[] = [
      () => queue.describe(0, DATA, 16, 0),
      () => queue.describe(1, DATA, 0, VIRTQ_DESC_F_WRITE),
      () => queue.describe(2, HOLE, 16, VIRTQ_DESC_F_WRITE),
      () => queue.describe(3, HOLE - 4, 16, VIRTQ_DESC_F_WRITE),
      () => queue.describe(4, DATA, 16, VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT, 4),
      () => queue.describe(5, DATA, 16, VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT, 6),
    ];
    // A readable buffer behind a writable one.
    queue.describe(6, DATA, 16, 0);
    for (const [head, describe] of hostile.entries()) {
      describe();
      queue.offer(head);
    }
    request(bench, 20, [DATA + 0x100, 16]);
    await until(() => queue.usedIdx === 7);
    check(queue.collect()).to.deep.equal([...hostile.keys()].map((head) => ({ head, written: 0 })).concat({ head: 20, written: 16 }));
    check(bench.bytes(DATA, 16).every((byte) => byte === 0)).to.equal(true);
    check([bench.failures, bench.status]).to.deep.equal([[], 0xf]);
  });

  it('harms nothing else where an index runs away', async () => {
    await using bench = urandom();
    bench.activate();
    bench.queue(REQUESTS).available = 300;
    bench.kick(REQUESTS);
    await until(() => bench.failures.length > 0);
    check(bench.failures[0]).to.contain('AVAILABLE_JUMPED');
    check(bench.resetByDriver()).to.equal(true);
    bench.activate();
    request(bench, 0, [DATA, 8]);
    await until(() => bench.queue(REQUESTS).usedIdx === 1);
    check(bench.failures.length).to.equal(1);
  });
});
