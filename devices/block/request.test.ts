import { expect } from 'chai';
import { type TestMemory, makeMemory } from '#shared/testing/memory-builder.ts';
import { RewrittenMemory } from '#shared/testing/rewriting-memory.ts';
import { DescriptorChain, SegmentTable } from '#shared/virtio/index.ts';
import { BlockRequest } from './request.ts';
import { VIRTIO_BLK_T_OUT } from './spec.ts';

const HEADER = 0x1003;
const DATA = 0x2000;
const STATUS = 0x3000;

/** [address, bytes, whether the device may write there] of each buffer. */
function chainOf(
  made: TestMemory,
  ...buffers: readonly (readonly [address: number, length: number, writable: boolean])[]
): DescriptorChain {
  const chain = new DescriptorChain(new SegmentTable(1));
  chain.begin(0);
  for (const [address, length, writable] of buffers) chain.append(made.memory, address, length, writable);
  return chain;
}

describe('a block request read from memory that its driver rewrites', () => {
  it('is what it was at the first reading of each word', () => {
    using made = makeMemory();
    const header = new DataView(new ArrayBuffer(16));
    header.setUint32(0, VIRTIO_BLK_T_OUT, true);
    header.setBigUint64(8, 0x1_0000_0007n, true);
    made.memory.writeBytes(HEADER, new Uint8Array(header.buffer));
    const chain = chainOf(made, [HEADER, 16, false], [DATA, 512, false], [STATUS, 1, true]);
    const memory = new RewrittenMemory(made, HEADER, 16);
    const request = new BlockRequest();
    expect(request.parse(chain, memory)).to.equal(undefined);
    expect([request.type, request.sector, request.readableBytes, request.status]).to.deep.equal([
      VIRTIO_BLK_T_OUT,
      0x1_0000_0007,
      512,
      STATUS,
    ]);
    // Type and both halves of the sector; nobody reads ioprio.
    expect(memory.rewritten.reads).to.equal(3);
  });
});
