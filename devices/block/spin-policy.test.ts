import { expect } from 'chai';
import { SpinPolicy } from './spin-policy.ts';

interface Costs {
  /** A wake-up, in microseconds: until the thread runs, and what that takes of a processor. */
  readonly wakeUpUs: number;
  readonly wakeUpProcessorUs?: number;
  readonly processors?: number;
}

/** A loop on a machine whose clocks the test moves: a request comes, or a file is read, so long after the last was done. */
class Machine {
  now = 0;
  polled = 0;
  slept = 0;
  polledFiles = 0;
  #processorUs = 0;
  readonly #policy: SpinPolicy;
  readonly #costs: Costs;

  constructor(costs: Costs) {
    this.#costs = costs;
    this.#policy = new SpinPolicy({ now: () => this.now, processorUs: () => this.#processorUs, processors: costs.processors ?? 2 });
  }

  /** Until something comes in `us`. */
  #wait(us: number, forFile: boolean): void {
    const comesAt = this.now + us / 1000;
    let asleep = false;
    while (this.now < comesAt) {
      if (this.#policy.looksOn(forFile)) {
        this.#run(0.1);
        continue;
      }
      this.#policy.sleeps();
      this.now = comesAt + this.#costs.wakeUpUs / 1000;
      this.#processorUs += this.#costs.wakeUpProcessorUs ?? 0;
      this.#policy.wakes();
      asleep = true;
    }
    if (forFile && !asleep) this.polledFiles++;
    if (asleep) this.slept++;
    else this.polled++;
    this.#run(2);
    this.#policy.did(1);
  }

  run(count: number, us: number, fileUs = 0): this {
    this.polled = 0;
    this.slept = 0;
    this.polledFiles = 0;
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

  it('where wake-ups are dear -> polls for a file that is quick, too', () => {
    expect(new Machine({ wakeUpUs: 50, wakeUpProcessorUs: 25 }).run(8000, 8, 30).run(20_000, 8, 30).polledFiles).to.be.above(18_000);
  });

  it('for a file that is slow -> sleeps, and polls for the driver', () => {
    const machine = new Machine({ wakeUpUs: 15, wakeUpProcessorUs: 15 }).run(8000, 8, 90).run(20_000, 8, 90);
    expect(machine.polledFiles).to.be.below(1000);
    expect(machine.polled).to.be.above(18_000);
  });

  it('for a file that takes longer than the longest poll -> sleeps', () => {
    expect(new Machine(dear).run(8000, 8, 200).run(20_000, 8, 200).polledFiles).to.equal(0);
  });

  it('on the only processor -> never polls', () => {
    expect(new Machine({ ...dear, processors: 1 }).run(8000, 8, 30).polled).to.equal(0);
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
