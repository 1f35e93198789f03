/**
 * A guest that sends back what it hears, a byte at a time, on its serial port and on its virtio console alike. At its start it says
 * `S` and `C` there. Two bytes are commands: `o` powers off, and `f` floods the line where it was heard: pieces of `FLOOD.piece`
 * bytes, each a letter, from A on, and full stops; then it says `$` on both.
 */
import { writeFileSync } from 'node:fs';
import { pvhElf } from '../../vmm-core/boot/testing/kernel-images.ts';
import { GuestCode, dword } from './guest-code.ts';

/** In all more than a serial port and a pty take together: a guest whose bytes went no further would wait. */
export const FLOOD = { piece: 4096, letters: 20 } as const;

const ENTRY = 0x10_0000;
const STACK = 0x9_0000;
/** The console's slot where there is no disk, and where this guest puts its registers: in reach of 32-bit code. */
const CONFIG = 0xe800_8000;
const BAR = 0xd000_0000;
const NOTIFY = BAR + 0x6000;
const RING_SIZE = 8;
/** Every chain is descriptor 0: all entries of the available rings stay 0. */
const QUEUES = [
  { descriptors: 0x30_0000, available: 0x30_1000, used: 0x30_2000, data: 0x30_3000, notify: NOTIFY },
  { descriptors: 0x31_0000, available: 0x31_1000, used: 0x31_2000, data: 0x31_3000, notify: NOTIFY + 4 },
] as const;
const [RECEIVE, TRANSMIT] = QUEUES;
const DEVICE_WRITES = 2;
/** How many bytes were received. */
const SEEN = 0x32_0000;

export function writeEchoGuest(path: string, lines: { readonly serial: boolean; readonly console: boolean }): void {
  const code = new GuestCode(ENTRY);
  code.raw(0xbc, ...dword(STACK)); // mov esp, STACK
  if (lines.serial) code.say('S');
  if (lines.console) startConsole(code);
  if (lines.console) sendByte(code, 'C', 'the greeting');
  code.label('next');
  const both = lines.serial && lines.console;
  if (lines.serial) echoSerial(code, both);
  if (lines.console) echoConsole(code, both);
  code.jump('next').label('off').out8(0x600, 0x34).raw(0xf4);
  const full = new Uint8Array(FLOOD.piece).fill('.'.charCodeAt(0));
  const segments = [
    { address: ENTRY, bytes: code.assemble() },
    { address: TRANSMIT.data, bytes: full },
  ];
  writeFileSync(path, pvhElf({ segments, entry: ENTRY }));
}

function echoSerial(code: GuestCode, both: boolean): void {
  code.testHeard().jumpIfZero('serial is silent').hear();
  onCommand(code, 'o', 'off');
  onCommand(code, 'f', 'flood serial');
  code.raw(0x88, 0xc3).sayBl().jump('serial is silent'); // mov bl, al
  code.label('flood serial').raw(0xb1, 0x41); // mov cl, 'A'
  code.label('serial letter').raw(0x88, 0xcb).sayBl(); // mov bl, cl
  code.raw(0xb3, 0x2e, 0xbe, ...dword(FLOOD.piece - 1)); // mov bl, '.'; mov esi, FLOOD.piece - 1
  code.label('serial stop').sayBl().raw(0x4e).jumpUnlessZero('serial stop'); // dec esi
  code.raw(0xfe, 0xc1, 0x80, 0xf9, 0x41 + FLOOD.letters).jumpUnlessZero('serial letter'); // inc cl; cmp cl, after the last
  code.say('$');
  if (both) sendByte(code, '$', 'the end of serial');
  code.label('serial is silent');
}

function echoConsole(code: GuestCode, both: boolean): void {
  code.raw(0x66, 0xa1, ...dword(RECEIVE.used + 2)); // mov ax, [used.idx]
  code.raw(0x66, 0x3b, 0x05, ...dword(SEEN)).jumpIfZero('next'); // cmp ax, [SEEN]
  code.raw(0x66, 0xa3, ...dword(SEEN)).read8(RECEIVE.data); // mov [SEEN], ax
  offer(code, RECEIVE);
  onCommand(code, 'o', 'off');
  onCommand(code, 'f', 'flood console');
  code.raw(0xa2, ...dword(TRANSMIT.data)); // mov [data], al
  send(code, 'echo', 1);
  code.jump('next');
  code.label('flood console').raw(0xb1, 0x41); // mov cl, 'A'
  code.label('console letter').raw(0x88, 0x0d, ...dword(TRANSMIT.data)); // mov [data], cl
  send(code, 'piece', FLOOD.piece);
  code.raw(0xfe, 0xc1, 0x80, 0xf9, 0x41 + FLOOD.letters).jumpUnlessZero('console letter');
  sendByte(code, '$', 'the end of console');
  if (both) code.say('$');
}

function onCommand(code: GuestCode, letter: string, label: string): void {
  code.raw(0x3c, letter.charCodeAt(0)).jumpIfZero(label); // cmp al, letter
}

function sendByte(code: GuestCode, letter: string, what: string): void {
  code.write8(TRANSMIT.data, letter.charCodeAt(0));
  send(code, what, 1);
}

/** Waits until the device has taken it. `what` names the place in the code. Uses ax. */
function send(code: GuestCode, what: string, length: number): void {
  const again = `${what} is sent`;
  code.write32(TRANSMIT.descriptors + 8, length);
  offer(code, TRANSMIT);
  code.label(again).raw(0x66, 0xa1, ...dword(TRANSMIT.used + 2)); // mov ax, [used.idx]
  code.raw(0x66, 0x3b, 0x05, ...dword(TRANSMIT.available + 2)).jumpUnlessZero(again); // cmp ax, [available.idx]
}

/** Gives the device descriptor 0 once more. */
function offer(code: GuestCode, queue: (typeof QUEUES)[number]): void {
  code.raw(0x66, 0xff, 0x05, ...dword(queue.available + 2)); // inc word [available.idx]
  code.write16(queue.notify, queue === RECEIVE ? 0 : 1);
}

function startConsole(code: GuestCode): void {
  code.write16(CONFIG + 4, 0);
  code
    .write32(CONFIG + 0x10, BAR)
    .write32(CONFIG + 0x14, 0)
    .write16(CONFIG + 4, 6); // memory and bus master
  code.write8(BAR + 0x14, 0).wait8(BAR + 0x14, 0);
  for (const status of [1, 3]) code.write8(BAR + 0x14, status);
  code
    .write32(BAR + 0x08, 1)
    .write32(BAR + 0x0c, 1)
    .write8(BAR + 0x14, 0xb);
  for (const [index, { descriptors, available, used, data }] of QUEUES.entries()) {
    code.write16(BAR + 0x16, index).write16(BAR + 0x18, RING_SIZE);
    for (const [register, address] of [
      [0x20, descriptors],
      [0x28, available],
      [0x30, used],
    ] as const) {
      code.write32(BAR + register, address).write32(BAR + register + 4, 0);
    }
    code
      .write32(descriptors, data)
      .write32(descriptors + 4, 0)
      .write32(descriptors + 8, 1);
    code.write32(descriptors + 12, index === 0 ? DEVICE_WRITES : 0);
    code.write16(BAR + 0x1c, 1);
  }
  code.write8(BAR + 0x14, 0xf);
  offer(code, RECEIVE);
}
