import { expect } from 'chai';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as must } from '#shared/lang/result.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { EBADF, ECANCELED, EFAULT, ENOENT, ENOSPC, ETIME } from '#shared/sys/errno.ts';
import { createEventFd, drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import { IORING_CQE_F_MORE, IORING_FSYNC_DATASYNC, IORING_OP, IORING_POLL_ADD_MULTI, IOSQE_FIXED_FILE } from '#shared/sys/io-uring.ts';
import { type Fd, type OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { ENGINES, openKind } from '../testing/engines.fixture.ts';
import type { Engine } from './engine.ts';

const CONTENTS = Uint8Array.from({ length: 0x4_0000 }, (_, index) => (index * 7 + (index >> 9)) & 0xff);
const KEEP_SIZE = 1;
const PUNCH_HOLE = 2;

interface Completion {
  readonly token: number;
  readonly result: number;
  readonly flags: number;
}

interface Range {
  readonly offset?: number;
  readonly address?: number;
  readonly length?: number;
  readonly flags?: number;
}

class Rig implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'ch-engine-'));
  readonly path = join(this.folder, 'file');
  readonly fd: Fd;
  readonly engine: Engine;

  constructor(kind: (typeof ENGINES)[number]) {
    writeFileSync(this.path, CONTENTS);
    this.fd = asFd(openSync(this.path, constants.O_RDWR));
    this.engine = openKind(kind, [this.fd]);
  }

  get contents(): Uint8Array {
    return readFileSync(this.path);
  }

  /** An operation of the file, which is registered. */
  prepare(opcode: number, { offset = 0, address = 0, length = 0, flags = 0 }: Range, token: number): void {
    this.engine.prepare(opcode, IOSQE_FIXED_FILE, 0, offset, address, length, token, 0, flags);
  }

  /** So many completions, in their order. */
  take(count: number): Completion[] {
    const taken: Completion[] = [];
    while (taken.length < count) {
      this.engine.submit(1);
      while (this.engine.next()) taken.push({ token: this.engine.tokenLow, result: this.engine.result, flags: this.engine.flags });
    }
    return taken;
  }

  /** The result of one operation. */
  run(opcode: number, range: Range): number | undefined {
    this.prepare(opcode, range, 1);
    return this.take(1)[0]?.result;
  }

  [Symbol.dispose](): void {
    this.engine.close();
    closeSync(this.fd);
    rmSync(this.folder, { recursive: true });
  }
}

/** One with this number, which is free. Threads of tests before may have left lower ones just now. */
function eventFdAt(number: number): OwnedFd {
  const lower: OwnedFd[] = [];
  try {
    for (;;) {
      const made = must(createEventFd(), 'eventfd');
      if (made.fd === number) return made;
      lower.push(made);
      expect(made.fd).to.be.below(number);
    }
  } finally {
    for (const one of lower) one.close();
  }
}

/** struct iovec, for each of these. */
function vectors(parts: readonly { readonly address: number; readonly length: number }[]): NativeBuffer {
  const made = allocate(parts.length * 16);
  for (const [index, { address, length }] of parts.entries()) {
    made.view.setBigUint64(index * 16, BigInt(address), true);
    made.view.setUint32(index * 16 + 8, length, true);
  }
  return made;
}

for (const kind of ENGINES) {
  describe(`engine: ${kind}`, () => {
    it('read at an offset -> these bytes, and what they were asked for with', () => {
      using rig = new Rig(kind);
      const buffer = allocate(1000);
      rig.engine.prepare(IORING_OP.READ, IOSQE_FIXED_FILE, 0, 4097, buffer.address, 1000, 0xffff_fff0, 0x1_0003);
      rig.engine.submit(1);
      expect(rig.engine.next()).to.equal(true);
      expect([rig.engine.tokenLow, rig.engine.tokenHigh, rig.engine.result]).to.deep.equal([0xffff_fff0, 0x1_0003, 1000]);
      expect(buffer.bytes).to.deep.equal(CONTENTS.slice(4097, 5097));
      expect(rig.engine.next()).to.equal(false);
    });

    it('read and write of several pieces -> in their order', () => {
      using rig = new Rig(kind);
      const buffer = allocate(4096);
      const parts = vectors([
        { address: buffer.address + 1, length: 10 },
        { address: buffer.address + 2000, length: 502 },
      ]);
      expect(rig.run(IORING_OP.READV, { offset: 512, address: parts.address, length: 2 })).to.equal(512);
      expect(buffer.bytes.slice(1, 11)).to.deep.equal(CONTENTS.slice(512, 522));
      expect(buffer.bytes.slice(2000, 2502)).to.deep.equal(CONTENTS.slice(522, 1024));
      expect(rig.run(IORING_OP.WRITEV, { offset: 0x1_0000, address: parts.address, length: 2 })).to.equal(512);
      expect(rig.contents.slice(0x1_0000, 0x1_0200)).to.deep.equal(Buffer.from(CONTENTS.slice(512, 1024)));
    });

    it('write, stable write, fdatasync, fsync -> there', () => {
      using rig = new Rig(kind);
      const buffer = allocate(512);
      buffer.bytes.fill(0xa5);
      expect(rig.run(IORING_OP.WRITE, { offset: 1024, address: buffer.address, length: 512 })).to.equal(512);
      const dataSync = 2;
      expect(rig.run(IORING_OP.WRITE, { offset: 2048, address: buffer.address, length: 512, flags: dataSync })).to.equal(512);
      expect(rig.run(IORING_OP.FSYNC, { flags: IORING_FSYNC_DATASYNC })).to.equal(0);
      expect(rig.run(IORING_OP.FSYNC, {})).to.equal(0);
      expect([rig.contents[1024], rig.contents[1535], rig.contents[1536], rig.contents[2048]]).to.deep.equal([
        0xa5,
        0xa5,
        CONTENTS[1536],
        0xa5,
      ]);
    });

    it('fallocate that punches a hole -> zeros there', () => {
      using rig = new Rig(kind);
      expect(rig.run(IORING_OP.FALLOCATE, { offset: 4096, address: 8192, length: KEEP_SIZE | PUNCH_HOLE })).to.equal(0);
      expect(rig.contents.slice(4096, 12288).every((byte) => byte === 0)).to.equal(true);
      expect([rig.contents[4095], rig.contents[12288]]).to.deep.equal([CONTENTS[4095], CONTENTS[12288]]);
    });

    it('read past the end -> what there is, then nothing', () => {
      using rig = new Rig(kind);
      const buffer = allocate(1024);
      expect(rig.run(IORING_OP.READ, { offset: CONTENTS.length - 100, address: buffer.address, length: 1024 })).to.equal(100);
      expect(rig.run(IORING_OP.READ, { offset: CONTENTS.length + 512, address: buffer.address, length: 1024 })).to.equal(0);
    });

    it('what the kernel refuses -> its error', () => {
      using rig = new Rig(kind);
      const buffer = allocate(512);
      expect(rig.run(IORING_OP.READ, { address: 4096, length: 512 }), 'nothing is mapped there').to.equal(-EFAULT);
      rig.engine.prepare(IORING_OP.WRITE, 0, 9999, 0, buffer.address, 512, 1, 0);
      expect(rig.take(1)[0]?.result, 'no such descriptor').to.equal(-EBADF);
      using full = new Full();
      rig.engine.prepare(IORING_OP.WRITE, 0, full.fd, 0, buffer.address, 512, 1, 0);
      expect(rig.take(1)[0]?.result, 'a full disk').to.equal(-ENOSPC);
    });

    it('more than there are entries -> each done once', () => {
      using rig = new Rig(kind);
      const count = 3 * rig.engine.entries;
      const buffer = allocate(count * 64);
      const tokens: number[] = [];
      for (let index = 0; index < count; index++) {
        const opcode = index % 3 === 0 ? IORING_OP.WRITE : IORING_OP.READ;
        rig.prepare(opcode, { offset: (index % 512) * 512, address: buffer.address + index * 64, length: 64 }, index);
      }
      for (const { token, result } of rig.take(count)) {
        tokens.push(token);
        expect(result).to.equal(64);
      }
      expect(tokens.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: count }, (_, index) => index));
    });

    it('poll of an eventfd, once -> told once, also of what was there before', () => {
      using rig = new Rig(kind);
      using event = must(createEventFd(), 'eventfd');
      signalEventFd(event.fd);
      rig.engine.prepare(IORING_OP.POLL_ADD, 0, event.fd, 0, 0, 0, 5, 0, EPOLLIN);
      expect(rig.take(1)).to.deep.equal([{ token: 5, result: EPOLLIN, flags: 0 }]);
      signalEventFd(event.fd);
      rig.engine.submit(0);
      rig.engine.poke();
      expect(rig.engine.next()).to.equal(false);
      rig.engine.prepare(IORING_OP.POLL_ADD, 0, event.fd, 0, 0, 0, 6, 0, EPOLLIN);
      expect(rig.take(1)).to.deep.equal([{ token: 6, result: EPOLLIN, flags: 0 }]);
    });

    it('poll of an eventfd, always -> told at each write, read or not, until it is removed', () => {
      using rig = new Rig(kind);
      using event = must(createEventFd(), 'eventfd');
      rig.engine.prepare(IORING_OP.POLL_ADD, 0, event.fd, 0, 0, IORING_POLL_ADD_MULTI, 7, 3, EPOLLIN);
      rig.engine.submit(0);
      for (let round = 0; round < 3; round++) {
        signalEventFd(event.fd);
        expect(rig.take(1)).to.deep.equal([{ token: 7, result: EPOLLIN, flags: IORING_CQE_F_MORE }]);
      }
      expect(drainEventFd(event.fd)).to.equal(3);
      rig.engine.prepare(IORING_OP.POLL_REMOVE, 0, -1, 0, 3 * 2 ** 32 + 7, 0, 8, 0);
      expect(rig.take(2).toSorted((a, b) => a.token - b.token)).to.deep.equal([
        { token: 7, result: -ECANCELED, flags: 0 },
        { token: 8, result: 0, flags: 0 },
      ]);
      signalEventFd(event.fd);
      rig.engine.submit(0);
      rig.engine.poke();
      expect(rig.engine.next()).to.equal(false);
      rig.engine.prepare(IORING_OP.POLL_REMOVE, 0, -1, 0, 3 * 2 ** 32 + 7, 0, 9, 0);
      expect(rig.take(1)[0]?.result).to.equal(-ENOENT);
    });

    it('a watched descriptor is closed and its number used again -> both are told of', () => {
      using rig = new Rig(kind);
      using kept = must(createEventFd(), 'eventfd');
      const copy = must(kept.duplicate(), 'copy');
      const number = copy.fd;
      rig.engine.prepare(IORING_OP.POLL_ADD, 0, number, 0, 0, IORING_POLL_ADD_MULTI, 1, 0, EPOLLIN);
      rig.engine.submit(0);
      copy.close();
      using next = eventFdAt(number);
      rig.engine.prepare(IORING_OP.POLL_ADD, 0, next.fd, 0, 0, 0, 2, 0, EPOLLIN);
      rig.engine.submit(0);
      signalEventFd(next.fd);
      expect(rig.take(1)[0]?.token).to.equal(2);
      signalEventFd(kept.fd);
      expect(rig.take(1)[0]?.token).to.equal(1);
    });

    it('timeouts -> the sooner one first', () => {
      using rig = new Rig(kind);
      const later = allocate(16);
      const sooner = allocate(16);
      later.view.setUint32(8, 60e6, true);
      sooner.view.setUint32(8, 50e3, true);
      rig.engine.prepare(IORING_OP.TIMEOUT, 0, -1, 0, later.address, 1, 1, 0);
      rig.engine.prepare(IORING_OP.TIMEOUT, 0, -1, 0, sooner.address, 1, 2, 0);
      expect(rig.take(2)).to.deep.equal([
        { token: 2, result: -ETIME, flags: 0 },
        { token: 1, result: -ETIME, flags: 0 },
      ]);
    });
  });
}

/** What has no room for anything. */
class Full implements Disposable {
  readonly fd = openSync('/dev/full', constants.O_WRONLY);

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}
