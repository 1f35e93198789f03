import { expect } from 'chai';
import { SpinPolicy } from './spin-policy.ts';

interface Costs {
  /** A wake-up, in microseconds: until the thread runs, and what that takes of a processor. */
  readonly wakeUpUs: number;
  readonly wakeUpProcessorUs?: number;
}

/** A loop on a machine whose clocks the test moves: a request comes, or a file is read, so long after the last was done. */
class Machine {
  now = 0;
  polled = 0;
  slept = 0;
  /** Of the waits that polled, in microseconds: what they looked, and what they were late. */
  looked = 0;
  late = 0;
  #processorUs = 0;
  readonly #policy = new SpinPolicy({ now: () => this.now, processorUs: () => this.#processorUs });
  readonly #costs: Costs;

  constructor(costs: Costs) {
    this.#costs = costs;
  }

  /** Until something comes in `us`. */
  #wait(us: number, forFile: boolean): void {
    const comesAt = this.now + us / 1000;
    let asleep = false;
    while (this.now < comesAt) {
      const longest = this.#policy.wait(forFile);
      if (longest === 0) {
        this.#run(0.1);
        this.looked += 0.1;
        continue;
      }
      const isNap = longest !== Infinity;
      if (!isNap) this.#policy.sleeps();
      this.now = Math.min(this.now + longest / 1000, comesAt) + this.#costs.wakeUpUs / 1000;
      this.#processorUs += this.#costs.wakeUpProcessorUs ?? 0;
      if (isNap) this.#policy.napped();
      else this.#policy.wakes();
      asleep ||= !isNap;
    }
    this.late += (this.now - comesAt) * 1000;
    if (asleep) this.slept++;
    else this.polled++;
    this.#run(2);
    this.#policy.did(1);
  }

  run(count: number, us: number, fileUs = 0): this {
    this.polled = 0;
    this.slept = 0;
    this.looked = 0;
    this.late = 0;
    for (let index = 0; index < count; index++) {
      this.#wait(us, false);
      if (fileUs > 0) this.#wait(fileUs, true);
    }
    return this;
  }

  #run(us: number): void {
    this.now += us / 1000;
    this.#processorUs += us;
  }
}

describe('polling', () => {
  const dear: Costs = { wakeUpUs: 50, wakeUpProcessorUs: 5 };

  it('where wake-ups are dear -> polls for a driver that is quick', () => {
    const machine = new Machine(dear).run(4000, 8);
    expect(machine.polled).to.be.above(2500);
    // What loses is tried ever more rarely.
    expect(machine.run(40_000, 8).slept).to.be.below(4000);
  });

  it('where wake-ups are cheap -> sleeps', () => {
    const machine = new Machine({ wakeUpUs: 0.3, wakeUpProcessorUs: 1 }).run(4000, 8);
    expect(machine.slept).to.be.above(2500);
    expect(machine.run(40_000, 8).polled).to.be.below(4000);
  });

  it('what saves a little time -> polls only where it takes no more of the processor', () => {
    expect(new Machine({ wakeUpUs: 1.5, wakeUpProcessorUs: 9 }).run(8000, 8).run(40_000, 8).slept).to.be.below(4000);
    expect(new Machine({ wakeUpUs: 1.5, wakeUpProcessorUs: 4 }).run(8000, 8).run(40_000, 8).polled).to.be.below(4000);
  });

  it('for a driver that is slower than the longest poll -> sleeps', () => {
    expect(new Machine(dear).run(4000, 8).run(4000, 200).polled).to.equal(0);
  });

  it('for a file that takes its time -> sleeps through the most of that, and is awake when it ends', () => {
    const machine = new Machine({ wakeUpUs: 40, wakeUpProcessorUs: 20 }).run(8000, 8, 80).run(20_000, 8, 80);
    expect(machine.slept).to.be.below(4000);
    // Of each pair: 8 us for the driver, and 10 for the file.
    expect(machine.looked / 20_000).to.be.within(12, 20);
    expect(machine.late / 20_000).to.be.below(3);
  });

  it('for a file that is quicker from now on -> sleeps for less', () => {
    const machine = new Machine({ wakeUpUs: 40, wakeUpProcessorUs: 20 }).run(8000, 8, 80).run(1000, 8, 60).run(8000, 8, 60);
    expect(machine.late / 8000).to.be.below(3);
  });

  it('an idle disk -> never polls', () => {
    expect(new Machine(dear).run(4000, 8).run(1, 5000).slept).to.equal(1);
    const machine = new Machine(dear);
    machine.run(4000, 8).run(1, 5000);
    expect(machine.run(1000, 2000).polled).to.equal(0);
  });

  it('a load that comes again -> polls at once', () => {
    const machine = new Machine(dear).run(4000, 8).run(10, 5000);
    expect(machine.run(200, 8).slept).to.be.below(16);
  });

  it('one for which polling is no good any more -> sleeps', () => {
    const machine = new Machine(dear).run(4000, 8).run(10, 5000).run(4000, 100);
    expect(machine.run(4000, 100).polled).to.be.below(400);
  });
});
