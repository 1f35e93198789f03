/** A guest that does what a table of operations says: reads and writes of memory and device registers, bytes on its serial port. */
import { writeFileSync } from 'node:fs';
import { pvhElf } from '../../vmm-core/boot/testing/kernel-images.ts';

const CODE = 0x10_0000;
const TABLE = 0x11_0000;
const OP_SIZE = 16;
const OP = { end: 0, write8: 1, write16: 2, write32: 3, wait8: 4, wait16: 5, say: 6, sayByteAt: 7, waitPort8: 8 } as const;

export class GuestProgram {
  readonly #words: number[] = [];

  write8(address: number, value: number): this {
    return this.#add(OP.write8, address, value);
  }

  write16(address: number, value: number): this {
    return this.#add(OP.write16, address, value);
  }

  write32(address: number, value: number): this {
    return this.#add(OP.write32, address, value);
  }

  /** Reads the byte at `address` until its bits of `mask` are `value`. */
  wait8(address: number, value: number, mask = 0xff): this {
    return this.#add(OP.wait8, address, value, mask);
  }

  wait16(address: number, value: number, mask = 0xffff): this {
    return this.#add(OP.wait16, address, value, mask);
  }

  /** Waits for a byte on the serial port, and takes it. */
  hear(): this {
    // Line status: data ready. Then whatever the receive buffer holds.
    return this.#add(OP.waitPort8, 0x3fd, 1, 1).#add(OP.waitPort8, 0x3f8, 0, 0);
  }

  /** Writes a text to the serial port. */
  say(text: string): this {
    for (const byte of Buffer.from(text, 'latin1')) this.#add(OP.say, 0, byte);
    return this;
  }

  sayByteAt(address: number): this {
    return this.#add(OP.sayByteAt, address, 0);
  }

  /** Writes a kernel for the PVH protocol that runs this and then powers off. */
  writeKernel(path: string): void {
    const table = new Uint8Array(new Uint32Array([...this.#words, OP.end, 0, 0, 0]).buffer);
    const segments = [
      { address: CODE, bytes: interpreter() },
      { address: TABLE, bytes: table },
    ];
    writeFileSync(path, pvhElf({ segments, entry: CODE }));
  }

  #add(...op: readonly [kind: number, address: number, value: number, mask?: number]): this {
    const [kind, address, value, mask = 0] = op;
    this.#words.push(kind, address, value, mask);
    return this;
  }
}

/** 32-bit code: esi walks the table; edi is the address, ebx the value, ecx the mask. */
function interpreter(): Uint8Array {
  const next = [0x8b, 0x06, 0x8b, 0x7e, 0x04, 0x8b, 0x5e, 0x08, 0x8b, 0x4e, 0x0c, 0x83, 0xc6, OP_SIZE];
  const bodies: readonly (readonly [kind: number, code: readonly number[]])[] = [
    [OP.write8, [0x88, 0x1f]], // mov [edi], bl
    [OP.write16, [0x66, 0x89, 0x1f]],
    [OP.write32, [0x89, 0x1f]],
    [OP.wait8, [0x0f, 0xb6, 0x07, 0x21, 0xc8, 0x39, 0xd8, 0x75, 0xf7]], // again: movzx eax, byte [edi]; and eax, ecx; cmp eax, ebx; jne again
    [OP.wait16, [0x0f, 0xb7, 0x07, 0x21, 0xc8, 0x39, 0xd8, 0x75, 0xf7]],
    [OP.say, [0x66, 0xba, 0xf8, 0x03, 0x88, 0xd8, 0xee]], // mov dx, 0x3f8; mov al, bl; out dx, al
    [OP.waitPort8, [0x89, 0xfa, 0xec, 0x0f, 0xb6, 0xc0, 0x21, 0xc8, 0x39, 0xd8, 0x75, 0xf6]], // mov edx, edi; again: in al, dx; ...
    [OP.sayByteAt, [0x66, 0xba, 0xf8, 0x03, 0x8a, 0x07, 0xee]],
  ];
  // mov dx, 0x600; mov al, 0x34; out dx, al; hlt; jmp to the hlt: off, by the shutdown port.
  const end = [0x66, 0xba, 0x00, 0x06, 0xb0, 0x34, 0xee, 0xf4, 0xeb, 0xfd];
  const code = [0xbe, TABLE & 0xff, (TABLE >> 8) & 0xff, (TABLE >> 16) & 0xff, TABLE >>> 24];
  const start = code.length;
  code.push(...next);
  for (const [kind, body] of bodies) {
    // cmp eax, kind; jne past the body and its jump back (5 bytes).
    code.push(0x83, 0xf8, kind, 0x75, body.length + 5, ...body);
    const back = start - (code.length + 5);
    code.push(0xe9, back & 0xff, (back >> 8) & 0xff, (back >> 16) & 0xff, (back >> 24) & 0xff);
  }
  return Uint8Array.from([...code, ...end]);
}
