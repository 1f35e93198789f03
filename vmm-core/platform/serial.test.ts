import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { createEventFd } from '#shared/sys/eventfd.ts';
import { StateArena } from '../state/arena.ts';
import { Effects } from '../state/effects.ts';
import { SERIAL_EFFECT, SERIAL_INPUT_CAPACITY, SERIAL_OUTPUT_CAPACITY, type SerialOptions, SerialPort } from './serial.ts';

const ARENA_SIZE = SERIAL_OUTPUT_CAPACITY + 8192;

function machine(options: Partial<SerialOptions> = {}) {
  const wake = must(createEventFd(), 'test');
  const buffer = new SharedArrayBuffer(ARENA_SIZE);
  const arena = new StateArena(buffer);
  const effects = new Effects(arena.slice('effects', 1, 8), wake.fd);
  const edges = { count: 0 };
  const port = new SerialPort({ name: 'com1', effectIndex: 0, ...options }, arena, effects, { raise: () => void edges.count++ });
  port.reset();
  effects.take(0);
  return { port, effects, edges, arena, buffer, wake, [Symbol.dispose]: () => wake.close() };
}

type Step = readonly ['r' | 'w', register: number, value: number];

function play(port: SerialPort, steps: readonly Step[]): void {
  for (const [index, [kind, register, value]] of steps.entries()) {
    if (kind === 'w') port.write(register, 1, value);
    else expect(port.read(register, 1), `step ${index}: register ${register}`).to.equal(value);
  }
}

function outputOf(port: SerialPort): string {
  const target = new Uint8Array(SERIAL_OUTPUT_CAPACITY);
  return Buffer.from(target.subarray(0, port.takeOutput(target))).toString('latin1');
}

describe('SerialPort', () => {
  const tables: readonly (readonly [string, readonly Step[]])[] = [
    [
      'power-on values',
      [
        ['r', 0, 0],
        ['r', 1, 0],
        ['r', 2, 1],
        ['r', 3, 0],
        ['r', 4, 0],
        ['r', 5, 0x60],
        ['r', 6, 0xb0],
        ['r', 7, 0],
      ],
    ],
    [
      'what sticks',
      [
        ['w', 1, 0xff],
        ['r', 1, 0x0f],
        ['w', 3, 0x7f],
        ['r', 3, 0x7f],
        ['w', 4, 0xff],
        ['r', 4, 0x1f],
        ['w', 7, 0xa5],
        ['r', 7, 0xa5],
      ],
    ],
    [
      'LSR is read-only',
      [
        ['w', 5, 0],
        ['r', 5, 0x60],
      ],
    ],
    [
      'divisor latch',
      [
        ['w', 3, 0x80],
        ['r', 0, 12],
        ['r', 1, 0],
        ['w', 0, 0x34],
        ['w', 1, 0x12],
        ['r', 0, 0x34],
        ['r', 1, 0x12],
        ['w', 3, 3],
        ['r', 1, 0],
      ],
    ],
    [
      'FIFO bits show while enabled',
      [
        ['w', 2, 1],
        ['r', 2, 0xc1],
        ['w', 2, 0xc7],
        ['r', 2, 0xc1],
        ['w', 2, 0xc6],
        ['r', 2, 1],
      ],
    ],
    [
      'enabling THRE interrupts, reading IIR clears it',
      [
        ['w', 1, 2],
        ['r', 2, 2],
        ['r', 2, 1],
        ['w', 1, 0],
        ['w', 1, 2],
        ['r', 2, 2],
      ],
    ],
    [
      'a byte sent interrupts again',
      [
        ['w', 1, 2],
        ['r', 2, 2],
        ['w', 0, 0x41],
        ['r', 2, 2],
        ['r', 2, 1],
      ],
    ],
    [
      'loopback: data',
      [
        ['w', 4, 0x10],
        ['w', 0, 0x5a],
        ['r', 5, 0x61],
        ['r', 0, 0x5a],
        ['r', 5, 0x60],
      ],
    ],
    [
      'loopback: modem lines',
      [
        ['w', 4, 0x1a],
        ['r', 6, 0x92],
        ['r', 6, 0x90],
        ['w', 4, 0x15],
        ['r', 6, 0x6b],
        ['w', 4, 0],
        ['r', 6, 0xbd],
      ],
    ],
    [
      'modem interrupt',
      [
        ['w', 1, 8],
        ['w', 4, 0x10],
        ['r', 2, 0],
        ['r', 6, 0x0b],
        ['r', 2, 1],
      ],
    ],
    [
      'scratch of an unknown offset',
      [
        ['r', 8, 0xff],
        ['w', 8, 1],
      ],
    ],
  ];
  for (const [name, steps] of tables) {
    it(name, () => {
      using made = machine();
      play(made.port, steps);
    });
  }

  for (const [what, size] of [
    ['2', 2],
    ['4', 4],
  ] as const) {
    it(`ignores accesses of ${what} bytes`, () => {
      using made = machine();
      made.port.write(0, size, 0x4142);
      expect([made.port.read(5, size), outputOf(made.port)]).to.deep.equal([size === 2 ? 0xffff : 0xffff_ffff, '']);
    });
  }

  it('sends bytes in order and tells the main thread once', () => {
    using made = machine();
    for (const byte of Buffer.from('hello\n')) made.port.write(0, 1, byte);
    expect([made.effects.take(0), made.effects.take(0)]).to.deep.equal([SERIAL_EFFECT.output, 0]);
    expect([outputOf(made.port), outputOf(made.port)]).to.deep.equal(['hello\n', '']);
  });

  it('shows a full output ring as a busy transmitter and interrupts when there is room again', () => {
    using made = machine();
    play(made.port, [
      ['w', 1, 2],
      ['r', 2, 2],
    ]);
    for (let sent = 0; sent < SERIAL_OUTPUT_CAPACITY; sent++) made.port.write(0, 1, sent);
    play(made.port, [
      ['r', 5, 0],
      ['r', 2, 1],
      ['w', 0, 1],
      ['r', 5, 0],
    ]);
    const edges = made.edges.count;
    expect(made.port.takeOutput(new Uint8Array(10))).to.equal(10);
    expect(made.edges.count).to.equal(edges + 1);
    play(made.port, [
      ['r', 5, 0x60],
      ['r', 2, 2],
    ]);
  });

  it('never fills and wakes nobody where output is discarded', () => {
    using made = machine({ discardOutput: true });
    for (let sent = 0; sent <= SERIAL_OUTPUT_CAPACITY; sent++) made.port.write(0, 1, 0x2e);
    play(made.port, [['r', 5, 0x60]]);
    expect([made.effects.take(0), outputOf(made.port)]).to.deep.equal([0, '']);
  });

  it('receives: data ready, trigger level, time-out, and one edge for the lot', () => {
    using made = machine();
    play(made.port, [
      ['w', 2, 0x81],
      ['w', 1, 1],
      ['r', 2, 0xc1],
    ]);
    made.port.pushInput(Buffer.from('123456789'));
    play(made.port, [
      ['r', 5, 0x61],
      ['r', 2, 0xc4],
      ['r', 0, 0x31],
      ['r', 2, 0xc4],
      ['r', 0, 0x32],
      ['r', 2, 0xcc],
    ]);
    expect(made.edges.count).to.equal(1);
    play(
      made.port,
      [0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39].map((byte) => ['r', 0, byte] as const),
    );
    play(made.port, [
      ['r', 5, 0x60],
      ['r', 2, 0xc1],
    ]);
    made.port.pushInput(Buffer.from('x'));
    expect(made.edges.count).to.equal(2);
  });

  it('turns a line feed by itself into a carriage return', () => {
    using made = machine();
    made.port.pushInput(Buffer.from('\n'));
    made.port.pushInput(Buffer.from('a\n'));
    play(made.port, [
      ['r', 0, 0x0d],
      ['r', 0, 0x61],
      ['r', 0, 0x0a],
    ]);
  });

  it('refuses input beyond its ring and says when there is room', () => {
    using made = machine();
    expect(made.port.inputRoom()).to.equal(SERIAL_INPUT_CAPACITY);
    made.port.pushInput(new Uint8Array(SERIAL_INPUT_CAPACITY));
    expect(made.port.inputRoom()).to.equal(0);
    for (let taken = 0; taken < SERIAL_INPUT_CAPACITY / 2 - 1; taken++) made.port.read(0, 1);
    expect(made.effects.take(0)).to.equal(0);
    made.port.read(0, 1);
    expect(made.effects.take(0)).to.equal(SERIAL_EFFECT.inputRoom);
  });

  it('reset with its input ring full has room again, and says so', () => {
    using made = machine();
    made.port.pushInput(new Uint8Array(SERIAL_INPUT_CAPACITY));
    expect(made.port.inputRoom()).to.equal(0);
    made.port.reset();
    expect([made.effects.take(0), made.port.inputRoom()]).to.deep.equal([SERIAL_EFFECT.inputRoom, SERIAL_INPUT_CAPACITY]);
  });

  it('goes on in a new arena with the same registers, output and input', () => {
    using before = machine();
    play(before.port, [
      ['w', 1, 3],
      ['w', 2, 0xc1],
      ['w', 3, 0x83],
      ['w', 0, 1],
      ['w', 3, 3],
      ['w', 4, 8],
      ['w', 7, 9],
      ['w', 0, 0x21],
    ]);
    before.port.pushInput(Buffer.from('in'));
    const saved = before.arena.save();
    using after = machine();
    expect(after.arena.restore(saved).ok).to.equal(true);
    after.port.restored();
    for (const made of [before, after]) {
      play(made.port, [
        ['r', 1, 3],
        ['r', 2, 0xcc],
        ['r', 3, 3],
        ['r', 4, 8],
        ['r', 5, 0x61],
        ['r', 7, 9],
        ['r', 0, 0x69],
        ['r', 0, 0x6e],
      ]);
      expect(outputOf(made.port)).to.equal('!');
    }
  });

  it('loses no byte between two threads that write and one that reads', async () => {
    using made = machine();
    const each = 30_000;
    const url = new URL('./serial-writer.fixture.ts', import.meta.url);
    const workers = [0x61, 0x62].map((byte) => new Worker(url, { workerData: { buffer: made.buffer, wakeFd: made.wake.fd, byte, each } }));
    const ended = Promise.all(workers.map((worker) => once(worker, 'exit'))).then(() => true);
    const counts = [0, 0];
    const target = new Uint8Array(1000);
    const drain = (): number => {
      const length = made.port.takeOutput(target);
      for (const byte of target.subarray(0, length)) counts[byte - 0x61] = (counts[byte - 0x61] ?? 0) + 1;
      return length;
    };
    const pause = (): Promise<false> => new Promise((resolve) => setImmediate(() => resolve(false)));
    while (!(await Promise.race([ended, pause()]))) drain();
    while (drain() > 0);
    expect(counts).to.deep.equal([each, each]);
  });

  it('survives 50,000 random accesses', () => {
    using made = machine();
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let access = 0; access < 50_000; access++) {
      const size = [1, 1, 1, 2, 4][random(5)] ?? 1;
      if (random(2) === 0) made.port.write(random(9), size, random(256));
      else expect(made.port.read(random(9), size)).to.be.within(0, 0xffff_ffff);
      if (random(50) === 0) made.port.pushInput(new Uint8Array(random(3000)));
      if (random(5000) === 0) outputOf(made.port);
    }
  });
});
