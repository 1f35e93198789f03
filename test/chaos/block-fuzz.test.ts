/**
 * A seeded fuzzer of a whole block process: descriptor chains, ring fields, config accesses and vhost-user messages, right and wrong
 * and in any order, against the program as users start it. What is held to: it lives, it answers, a well-behaved front end is served
 * after each iteration, no byte changes that nobody named, each head comes back once, nothing leaks.
 *
 * The first seed is printed. CH_FUZZ_SEED=N begins there, CH_FUZZ_SECONDS=N sets for how long (60 by default), and a failure leaves a
 * file in .cache/failures that CH_FUZZ_REPRO=FILE plays again, several times: much of it is a race.
 */
import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { FAILURES } from '../harness/checkout.ts';
import { Fuzzer, type Outcome, VARIANTS, addCounts, noCounts } from './fuzz/fuzzer.ts';
import { generate } from './fuzz/generate.ts';
import { shorten } from './fuzz/shorten.ts';
import type { Repro, Variant } from './fuzz/steps.ts';

const seconds = Number(process.env['CH_FUZZ_SECONDS'] ?? 60);
const firstSeed = Number(process.env['CH_FUZZ_SEED'] ?? randomInt(2 ** 31));
const reproFile = process.env['CH_FUZZ_REPRO'];
/** Iterations that one process lives through. */
const LIFETIME = 60;
/** The same, where it is the image that is to be another one. */
const DAMAGED_LIFETIME = 4;
const REPLAYS = 20;
const SHORTEN_MS = 120_000;

/** Where and how it can be seen again, for the one who reads the failure. */
async function keep(found: Repro): Promise<string> {
  const path = join(FAILURES, `block-fuzz-${found.seed}.json`);
  mkdirSync(FAILURES, { recursive: true });
  writeFileSync(path, JSON.stringify(found));
  const steps = await shorten(found, performance.now() + SHORTEN_MS);
  if (steps === undefined) return `${found.failure}\nnot seen again by its steps alone; all of them: CH_FUZZ_REPRO=${path}`;
  writeFileSync(path, JSON.stringify({ ...found, steps }));
  return `${found.failure}\n${steps.length} of ${found.steps.length} steps suffice: CH_FUZZ_REPRO=${path}`;
}

/** A process that neither serves nor says why not is a finding too. */
async function start(variant: Variant): Promise<Fuzzer | undefined> {
  try {
    return await Fuzzer.start(variant);
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    throw new Error(await keep({ seed: variant.damage ?? 0, variant, failure, before: [], steps: [] }), { cause: error });
  }
}

describe('a block process: fuzz', function () {
  this.timeout(seconds * 1000 + 600_000);

  if (reproFile !== undefined) {
    it(`plays ${reproFile}`, async () => {
      const repro = JSON.parse(readFileSync(reproFile, 'utf8')) as Repro;
      for (let count = 0; count < REPLAYS; count++) {
        await using fuzzer = await Fuzzer.start(repro.variant);
        const failure = fuzzer?.run(repro.steps).failure;
        expect(failure, `play ${count}`).to.equal(undefined);
      }
    });
    return;
  }

  it(`survives ${seconds} s of it from seed ${firstSeed} on`, async () => {
    process.stdout.write(`      CH_FUZZ_SEED=${firstSeed} CH_FUZZ_SECONDS=${seconds}\n`);
    const end = performance.now() + seconds * 1000;
    const counts = noCounts();
    let seed = firstSeed;
    for (let lifetime = 0; performance.now() < end; lifetime++) {
      const kind = VARIANTS[(lifetime + firstSeed) % VARIANTS.length] ?? VARIANTS[0];
      const variant = kind.damage === undefined ? kind : { ...kind, damage: seed };
      await using fuzzer = await start(variant);
      if (fuzzer === undefined) seed++;
      const before: number[] = [];
      for (
        let count = 0;
        fuzzer !== undefined && count < (variant.damage === undefined ? LIFETIME : DAMAGED_LIFETIME) && performance.now() < end;
        count++, seed++
      ) {
        const steps = generate(seed, variant);
        const outcome: Outcome = fuzzer.run(steps);
        addCounts(counts, outcome.counts);
        if (outcome.failure !== undefined) throw new Error(await keep({ seed, variant, failure: outcome.failure, before, steps }));
        before.push(seed);
      }
    }
    process.stdout.write(`      ${seed - firstSeed} iterations: ${JSON.stringify(counts)}\n`);
    // A fuzzer whose connections end at their first messages would find nothing.
    expect(counts.returned, 'chains returned').to.be.greaterThan(seed - firstSeed);
    expect(counts.settled, 'rings that returned all').to.be.greaterThan((seed - firstSeed) / 10);
    expect(counts.faults, 'rings broken').to.be.greaterThan(0);
  });
});
