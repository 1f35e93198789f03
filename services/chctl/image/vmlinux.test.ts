import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect } from 'chai';
import { extractVmlinux } from './vmlinux.ts';

/** A vmlinux for this purpose: a header that says 64-bit x86, and something to pack. */
function elf(): Buffer {
  const bytes = Buffer.alloc(100_000, 'kernel text ');
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(62, 18);
  return bytes;
}

/** LZ4 legacy frame of literals only: each block one sequence. */
function lz4(content: Buffer): Buffer {
  const extra = content.length - 15;
  const lengths = Buffer.concat([Buffer.alloc(Math.floor(extra / 255), 255), Buffer.from([extra % 255])]);
  const block = Buffer.concat([Buffer.from([0xf0]), lengths, content]);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184c2102);
  header.writeUInt32LE(block.length, 4);
  return Buffer.concat([header, block]);
}

function size(content: Buffer): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(content.length);
  return bytes;
}

/** boot.rst: setup_sects 1, so the payload's offset counts from byte 1024. */
function bzImage(payload: Buffer): Buffer {
  const setup = Buffer.alloc(1024);
  setup[0x1f1] = 1;
  setup.writeUInt16LE(0xaa55, 0x1fe);
  setup.write('HdrS', 0x202);
  setup.writeUInt16LE(0x020f, 0x206);
  setup.writeUInt32LE(16, 0x248);
  setup.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([setup, Buffer.alloc(16), payload, Buffer.alloc(64)]);
}

function changed(image: Buffer, change: (image: Buffer) => void): Buffer {
  change(image);
  return image;
}

describe('extractVmlinux', () => {
  const kernel = elf();
  const packed = {
    gzip: gzipSync(kernel),
    zstd: Buffer.concat([zstdCompressSync(kernel), size(kernel)]),
    lz4: Buffer.concat([lz4(kernel), size(kernel)]),
  };

  for (const [packing, payload] of Object.entries(packed)) {
    it(`bzImage packed with ${packing} -> its ELF kernel`, () => {
      const result = extractVmlinux('k', bzImage(payload));
      expect(result.ok && Buffer.from(result.value).equals(kernel)).to.equal(true);
    });
  }

  it('an ELF kernel -> itself', () => {
    expect(extractVmlinux('k', kernel)).to.deep.equal({ ok: true, value: kernel });
  });

  const bad: readonly (readonly [string, Buffer, string, RegExp])[] = [
    ['empty', Buffer.alloc(0), 'NOT_A_KERNEL', /only 0 bytes/],
    ['text', Buffer.alloc(4096, 'text'), 'NOT_A_KERNEL', /neither a bzImage nor an ELF/],
    ['truncated', bzImage(packed.gzip).subarray(0, 1040 + packed.gzip.length - 1), 'NOT_A_KERNEL', /truncated/],
    [
      'payload length 4 GiB',
      changed(bzImage(packed.gzip), (image) => image.writeUInt32LE(0xffff_ffff, 0x24c)),
      'NOT_A_KERNEL',
      /truncated/,
    ],
    ['older boot protocol', changed(bzImage(packed.gzip), (image) => image.writeUInt16LE(0x0207, 0x206)), 'NOT_A_KERNEL', /older than/],
    ['unknown packing', bzImage(Buffer.alloc(100, 'LZIP')), 'NOT_A_KERNEL', /begins with 4c5a4950/],
    ['damaged gzip', changed(bzImage(packed.gzip), (image) => image.fill(0, 1060, 1100)), 'UNPACK_FAILED', /gzip/],
    ['lz4 block past its end', changed(bzImage(packed.lz4), (image) => image.writeUInt32LE(200_000, 1044)), 'UNPACK_FAILED', /lz4/],
    ['wrong size', bzImage(Buffer.concat([lz4(kernel), size(Buffer.alloc(5))])), 'NOT_A_KERNEL', /should to 5/],
    ['not an ELF inside', bzImage(gzipSync(Buffer.alloc(5000))), 'NOT_A_KERNEL', /payload is not/],
    ['32-bit ELF', changed(elf(), (image) => image.writeUInt8(1, 4)), 'NOT_A_KERNEL', /not for 64-bit/],
  ];
  for (const [name, image, code, message] of bad) {
    it(`${name} -> ${code}`, () => {
      const result = extractVmlinux('k', image);
      expect(result.ok).to.equal(false);
      if (result.ok) return;
      expect(result.error.code).to.equal(code);
      expect(result.error.message).to.match(message);
    });
  }
});
