/** What a guest does that rewrites memory while it is read, at the worst moment each time. */
import { GuestMemory } from '../memory/index.ts';
import type { TestMemory } from './memory-builder.ts';

/** A driver that rewrites every word as soon as it was read: whoever reads it again gets the worst that could stand there. */
export class RewritingView extends DataView<ArrayBuffer> {
  reads = 0;

  override getUint32(at: number, littleEndian?: boolean): number {
    const value = super.getUint32(at, littleEndian);
    this.setUint32(at, 0xffff_ffff, true);
    this.reads++;
    return value;
  }
}

/** Guest memory in which a driver rewrites so whatever is peeked at; `length` bytes from `address` are what is peeked at. */
export class RewrittenMemory extends GuestMemory {
  readonly rewritten: RewritingView;

  constructor(made: TestMemory, address: number, length: number) {
    super(made.regions);
    this.rewritten = new RewritingView(new ArrayBuffer(length));
    made.memory.readBytes(address, new Uint8Array(this.rewritten.buffer));
  }

  override peek(address: number, length: number): boolean {
    if (!super.peek(address, length)) return false;
    this.view = this.rewritten;
    this.at = 0;
    return true;
  }
}
