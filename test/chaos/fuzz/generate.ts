/**
 * From a seed to steps: lives of a front end, mostly well-behaved, each brought up as a good one would be, with messages in any
 * order, rings at work, and something broken now and then. `tidy` lives break nothing that would keep the driver from counting.
 */
import { Random } from '#shared/testing/random.ts';
import { QUEUES } from './layout.ts';
import { type Life, hex, junk } from './life.ts';
import { bringUp, messageOf, protocolOf, restart } from './messages.ts';
import { busyRing, raceRing, randomRing } from './rings.ts';
import type { Step, Variant } from './steps.ts';

const MOST_DEEDS = 60;

export function generate(seed: number, variant: Variant): Step[] {
  const random = new Random(seed);
  const steps: Step[] = [];
  for (let lives = 1 + random.below(3); lives > 0; lives--) steps.push(...life(random, variant));
  return steps;
}

function life(random: Random, variant: Variant): Step[] {
  const queueCount = Math.min(QUEUES, variant.queueCount);
  const sizes = Array.from({ length: QUEUES }, () => Math.min(variant.queueSize, 2 << random.below(8)));
  const self: Life = {
    random,
    variant,
    tidy: !random.oneIn(3),
    queueCount,
    eventIdx: random.oneIn(2),
    sizes,
    nextHead: [0, 0, 0],
    inUse: [0, 0, 0],
  };
  const steps: Step[] = [{ do: 'connect' }, ...protocolOf(self)];
  const rings = Array.from({ length: queueCount }, (_, index) => index).filter(() => !random.oneIn(4));
  for (const index of rings) steps.push(...bringUp(self, index));
  for (let deeds = random.below(MOST_DEEDS); deeds > 0; deeds--) steps.push(...something(self));
  if (!random.oneIn(4)) steps.push({ do: 'settle' });
  if (random.oneIn(6)) steps.push(lastWords(random));
  return steps;
}

function something(life: Life): Step[] {
  const { random } = life;
  const index = random.below(life.queueCount);
  switch (random.below(16)) {
    case 0:
    case 1:
      return [messageOf(life)];
    case 2:
      return random.oneIn(3) ? restart(life, index) : [{ do: 'pause' }];
    case 3:
      return random.oneIn(2) ? bringUp(life, index) : [{ do: 'kick', ring: index }];
    case 4:
      return life.tidy && random.oneIn(4) ? raceRing(life, index) : [{ do: 'pause' }];
    case 5:
      return random.oneIn(4) ? [{ do: 'settle' }] : [{ do: 'kick', ring: index }];
    case 6:
      return random.oneIn(10) ? [{ do: 'second' }] : randomRing(life, index);
    case 7:
      return life.tidy ? busyRing(life, index) : [{ do: 'scribble', at: random.below(0x800), bytes: junk(random, 1 + random.below(24)) }];
    case 8:
      return life.tidy ? busyRing(life, index) : randomRing(life, index);
    default:
      return busyRing(life, index);
  }
}

/** A connection's end in the middle of something. */
function lastWords(random: Random): Step {
  const header = new DataView(new ArrayBuffer(12));
  header.setUint32(0, random.below(48), true);
  header.setUint32(4, random.pick([1, 1, 1, 9, 5, 0, 3, 0x11, 0xffff_ffff]), true);
  header.setUint32(8, random.pick([0, 8, 16, 4096, 4097, 0x7fff_ffff, 0xffff_ffff]), true);
  const bytes = hex(header) + junk(random, random.below(40));
  return {
    do: 'raw',
    bytes: bytes.slice(0, 2 * (1 + random.below(bytes.length / 2))),
    ...(random.oneIn(3) ? { fds: ['event', 'guest'] } : {}),
  };
}
