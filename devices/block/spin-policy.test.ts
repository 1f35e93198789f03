import { expect } from 'chai';
import { SpinPolicy } from './spin-policy.ts';

/** A loop on a machine whose clock the test moves: a request comes so long after the last was done. */
class Machine {
  now = 0;
  polled = 0;
  slept = 0;
  readonly #policy = new SpinPolicy(() => this.now);
  readonly #wakeUpMs: number;

  constructor(wakeUpUs: number) {
    this.#wakeUpMs = wakeUpUs / 1000;
  }

  /** One request, which comes in `us`. */
  request(us: number): void {
    const comesAt = this.now + us / 1000;
    let asleep = false;
    while (this.now < comesAt) {
      if (this.#policy.goesOn()) {
        this.now += 1e-4;
        continue;
      }
      asleep = true;
      this.#policy.sleeps();
      this.now = comesAt + this.#wakeUpMs;
      this.#policy.wakes();
    }
    if (asleep) this.slept++;
    else this.polled++;
    this.now += 2e-3;
    this.#policy.did(1);
  }

  run(count: number, us: number): this {
    this.polled = 0;
    this.slept = 0;
    for (let index = 0; index < count; index++) this.request(us);
    return this;
  }
}

describe('polling', () => {
  it('where wake-ups are dear -> polls for a driver that is quick', () => {
    const machine = new Machine(50).run(4000, 8);
    expect(machine.polled).to.be.above(2500);
    // What loses is tried ever more rarely.
    expect(machine.run(40_000, 8).slept).to.be.below(4000);
  });

  it('where wake-ups are cheap -> sleeps', () => {
    const machine = new Machine(0.3).run(4000, 8);
    expect(machine.slept).to.be.above(2500);
    expect(machine.run(40_000, 8).polled).to.be.below(4000);
  });

  it('for a driver that is slower than the longest poll -> sleeps', () => {
    expect(new Machine(50).run(4000, 8).run(4000, 200).polled).to.equal(0);
  });

  it('an idle disk -> never polls', () => {
    expect(new Machine(50).run(4000, 8).run(1, 5000).slept).to.equal(1);
    const machine = new Machine(50);
    machine.run(4000, 8).run(1, 5000);
    expect(machine.run(1000, 2000).polled).to.equal(0);
  });

  it('a load that comes again -> is measured anew', () => {
    const machine = new Machine(50).run(4000, 8).run(10, 5000);
    expect(machine.run(4000, 8).polled).to.be.above(2500);
  });
});
