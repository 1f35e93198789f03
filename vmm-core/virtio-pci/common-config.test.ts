/** BAR 0's registers and the rules of setting a device up, by tables of accesses. */
import { expect } from 'chai';
import { InterruptTarget } from '../bus/testing/interrupt-target.ts';
import { statusAfter } from './device-status.ts';
import { make } from './testing/made-machine.ts';
import type { VirtioMachine } from './testing/virtio-machine.ts';

describe('virtio-pci registers', function () {
  before(function () {
    if (!InterruptTarget.available) this.skip();
  });

  describe('common configuration', () => {
    for (const [name, offset, size, value] of [
      ['device_feature_select', 0x00, 4, 0],
      ['device_feature', 0x04, 4, 0x8000_0200],
      ['driver_feature', 0x0c, 4, 0],
      ['config_msix_vector', 0x10, 2, 0xffff],
      ['num_queues', 0x12, 2, 2],
      ['device_status', 0x14, 1, 0],
      ['config_generation', 0x15, 1, 0],
      ['queue_select', 0x16, 2, 0],
      ['queue_size', 0x18, 2, 128],
      ['queue_msix_vector', 0x1a, 2, 0xffff],
      ['queue_enable', 0x1c, 2, 0],
      ['queue_notify_off', 0x1e, 2, 0],
      ['queue_desc', 0x20, 4, 0],
      ['wrong size of device_feature', 0x04, 2, 0xffff],
      ['wrong size of device_status', 0x14, 4, 0xffff_ffff],
      ['two registers at once', 0x10, 4, 0xffff_ffff],
      ['a straddle', 0x13, 2, 0xffff],
      ['the middle of queue_desc', 0x22, 4, 0xffff_ffff],
      ['the end of the structure', 0x36, 4, 0xffff_ffff],
      ['past the structure', 0x38, 4, 0xffff_ffff],
      ['the gap before the ISR', 0x1ffc, 4, 0xffff_ffff],
      ['the ISR', 0x2000, 1, 0],
      ['the ISR as a word', 0x2000, 4, 0xffff_ffff],
      ['the notify region', 0x6000, 4, 0xffff_ffff],
      ['a masked MSI-X entry', 0x800c, 4, 1],
      ['an MSI-X entry by bytes', 0x800c, 1, 0xff],
      ['an MSI-X entry, not aligned', 0x800a, 4, 0xffff_ffff],
      ['past the last MSI-X entry', 0x8030, 4, 0xffff_ffff],
      ['pending bits', 0x4_8000, 4, 0],
      ['pending bits of nobody', 0x4_87fc, 4, 0],
      ['past the pending bits', 0x4_8800, 4, 0xffff_ffff],
      ['the last word of the BAR', 0x7_fffc, 4, 0xffff_ffff],
      ['device configuration', 0x4000, 4, 0x4433_2211],
      ['device configuration, not aligned', 0x4003, 2, 0x5544],
      ['the end of device configuration', 0x4004, 4, 0x6655],
      ['past device configuration', 0x4ffe, 2, 0],
      ['out of the configuration region', 0x4ffe, 4, 0xffff_ffff],
    ] as const) {
      it(`read of ${size} at 0x${offset.toString(16)}: ${name} -> 0x${value.toString(16)}`, () => {
        using made = make();
        expect(made.machine.read(offset, size)).to.equal(value);
      });
    }

    it('reads 64 bits in one access of 8 as two halves', () => {
      using made = make();
      made.machine.write(0x20, 8, 0x12_3456_7000);
      expect([made.machine.read(0x20, 8), made.machine.read(0x24, 4)]).to.deep.equal([0x12_3456_7000, 0x12]);
    });

    it('shows 64 feature bits and no more, and takes as many', () => {
      using made = make();
      const { machine } = made;
      for (const [select, feature] of [
        [1, 1],
        [2, 0],
        [0xffff_ffff, 0],
        [0, 0x8000_0200],
      ] as const) {
        machine.write(0x00, 4, select);
        expect(machine.read(0x04, 4)).to.equal(feature);
        machine.write(0x08, 4, select);
        machine.write(0x0c, 4, 0xf0);
      }
      expect([machine.read(0x0c, 4), made.machine.device.ackedFeatures]).to.deep.equal([0xf0, 0xf0_0000_00f0n]);
    });

    for (const [what, low, high, status] of [
      ['all that is offered', 0x8000_0200, 1, 0xb],
      ['VERSION_1 alone', 0, 1, 0xb],
      ['a bit that is not offered', 0x0000_0400, 1, 3],
      ['a high bit that is not offered', 0x0000_0200, 3, 3],
      ['no VERSION_1', 0x8000_0200, 0, 3],
    ] as const) {
      it(`FEATURES_OK after accepting ${what}: status ${status}`, () => {
        using made = make();
        const { machine } = made;
        for (const value of [1, 3]) machine.write(0x14, 1, value);
        for (const [select, bits] of [
          [0, low],
          [1, high],
        ] as const) {
          machine.write(0x08, 4, select);
          machine.write(0x0c, 4, bits);
        }
        machine.write(0x14, 1, 0xb);
        expect(machine.read(0x14, 1)).to.equal(status);
      });
    }

    it('keeps the accepted features after FEATURES_OK', () => {
      using made = make();
      made.machine.negotiate();
      made.machine.write(0x0c, 4, 0);
      expect(made.machine.device.ackedFeatures).to.equal(0x1_8000_0200n);
    });

    it('moves the status along the one path, whatever is written', () => {
      const allowed = new Map([
        [0, [1, 3]],
        [1, [3]],
        [3, [0xb]],
        [0xb, [0xf]],
      ]);
      for (let from = 0; from < 256; from++) {
        for (let to = 1; to < 256; to++) {
          const isStep = allowed.get(from & ~0x40)?.includes(to & ~0x40) === true;
          const isFailure = (to & ~0x40) === ((from & ~0x40) | 0x80);
          expect(statusAfter(from, to), `${from} -> ${to}`).to.equal(isStep || isFailure ? (to & ~0x40) | (from & 0x40) : from);
        }
      }
    });
  });

  describe('queue set-up', () => {
    it('keeps what the driver sets and gives it to the main thread', () => {
      using made = make();
      const { machine } = made;
      machine.negotiate();
      machine.write(0x16, 2, 1);
      machine.write(0x18, 2, 32);
      machine.enableQueue(1, 2);
      expect([0x18, 0x1a, 0x1c, 0x1e].map((register) => machine.read(register, 2))).to.deep.equal([32, 2, 1, 1]);
      expect(machine.device.queue(1)).to.deep.equal({
        index: 1,
        size: 32,
        enabled: true,
        descriptorAddress: 0x20_0000,
        driverAddress: 0x20_1000,
        deviceAddress: 0x20_2000,
      });
      expect([machine.device.queue(0).enabled, machine.device.callFdOf(1), machine.device.callFdOf(0)]).to.deep.equal([
        false,
        made.plan.vectorFds[2],
        undefined,
      ]);
    });

    for (const [written, read] of [
      [0, 128],
      [1, 1],
      [3, 128],
      [64, 64],
      [256, 128],
      [0x8000, 128],
      [0xffff, 128],
    ] as const) {
      it(`queue_size ${written} -> ${read}`, () => {
        using made = make();
        made.machine.negotiate();
        made.machine.write(0x18, 2, written);
        expect(made.machine.read(0x18, 2)).to.equal(read);
      });
    }

    for (const [what, register, value] of [
      ['a descriptor table not aligned to 16', 0x20, 0x10_0008],
      ['a driver area not aligned to 2', 0x28, 0x10_1001],
      ['a device area not aligned to 4', 0x30, 0x10_2002],
      ['an address past 2^52', 0x24, 0x10_0000],
      ['an address with the top bit', 0x34, 0x8000_0000],
    ] as const) {
      it(`is not enabled: ${what}`, () => {
        using made = make();
        const { machine } = made;
        machine.negotiate();
        machine.write(register, 4, value);
        machine.write(0x1c, 2, 1);
        expect(machine.read(0x1c, 2)).to.equal(0);
      });
    }

    it('is not enabled before FEATURES_OK, by a value but 1, nor disabled', () => {
      using made = make();
      const { machine } = made;
      machine.write(0x1c, 2, 1);
      expect(machine.read(0x1c, 2)).to.equal(0);
      machine.negotiate();
      machine.write(0x1c, 2, 2);
      expect(machine.read(0x1c, 2)).to.equal(0);
      machine.write(0x1c, 2, 1);
      machine.write(0x1c, 2, 0);
      expect(machine.read(0x1c, 2)).to.equal(1);
    });

    it('of a queue that is not there reads as nothing and takes nothing', () => {
      using made = make();
      const { machine } = made;
      machine.negotiate();
      for (const select of [2, 0x400, 0xffff]) {
        machine.write(0x16, 2, select);
        for (const [register, size, value] of [
          [0x18, 2, 64],
          [0x1a, 2, 1],
          [0x20, 4, 0x1000],
          [0x1c, 2, 1],
        ] as const)
          machine.write(register, size, value);
        expect([0x18, 0x1a, 0x1c, 0x1e].map((register) => machine.read(register, 2))).to.deep.equal([0, 0xffff, 0, 0]);
        expect(machine.read(0x20, 4)).to.equal(0);
      }
    });

    for (const [register, written, read] of [
      [0x10, 2, 2],
      [0x10, 3, 0xffff],
      [0x10, 0xffff, 0xffff],
      [0x1a, 0, 0],
      [0x1a, 0x7ff, 0xffff],
    ] as const) {
      it(`vector register ${register.toString(16)}: ${written} -> ${read}`, () => {
        using made = make();
        made.machine.write(register, 2, written);
        expect(made.machine.read(register, 2)).to.equal(read);
      });
    }

    for (const [when, prepare] of [
      [
        'after queue_enable',
        (machine: VirtioMachine): void => {
          machine.negotiate();
          machine.enableQueue(0, 1);
        },
      ],
      [
        'after DRIVER_OK',
        (machine: VirtioMachine): void => {
          machine.activate();
          machine.write(0x16, 2, 0);
        },
      ],
      [
        'after DRIVER_OK, on a queue never enabled',
        (machine: VirtioMachine): void => {
          machine.negotiate();
          machine.write(0x14, 1, 0xf);
        },
      ],
    ] as const) {
      it(`late configuration changes nothing: ${when}`, () => {
        using made = make();
        const { machine } = made;
        prepare(machine);
        const before = machine.device.queue(0);
        for (const size of [0, 1, 64, 3, 0xffff]) machine.write(0x18, 2, size);
        for (let register = 0x20; register < 0x38; register += 4) machine.write(register, 4, 0xdead_bee0);
        machine.write(0x1c, 2, before.enabled ? 0 : 1);
        expect(machine.device.queue(0).size).to.equal(before.size);
        expect(machine.device.queue(0)).to.deep.equal(before);
      });
    }
  });
});
