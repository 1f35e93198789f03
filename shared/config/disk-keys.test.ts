import { expect } from 'chai';
import { type Result, expect as value } from '../lang/result.ts';
import type { ConfigError } from './config-error.ts';
import { type ImageConfig, imageKeys } from './disk-keys.ts';
import { OptionKeys } from './option-keys.ts';
import { renderConfigError } from './render-error.ts';
import { integer } from './value-types.ts';

function parse(text: string): Result<ImageConfig, ConfigError> {
  const keys = new OptionKeys('--disk', text);
  return keys.finish(imageKeys(keys, { queues: integer(1, 4), defaultQueueSize: 128 }));
}

describe('the keys of an image', () => {
  it('have their defaults', () => {
    expect(value(parse('path=a'), 'parse')).to.deep.equal({
      path: 'a',
      readOnly: false,
      imageType: undefined,
      direct: false,
      backingFiles: false,
      sparse: true,
      numQueues: 1,
      queueSize: 128,
      queueAffinity: [],
      lockGranularity: 'byte-range',
      serial: undefined,
      limits: {},
    });
  });

  const good: readonly (readonly [string, Partial<ImageConfig>])[] = [
    ['image_type=raw', { imageType: 'raw' }],
    ['image_type=qcow2,backing_files=on', { imageType: 'qcow2', backingFiles: true }],
    ['image_type=vhdx', { imageType: 'vhdx' }],
    ['direct=on', { direct: true }],
    ['backing_files=off,sparse=off', { backingFiles: false, sparse: false }],
    ['num_queues=4,queue_size=1024', { numQueues: 4, queueSize: 1024 }],
    ['queue_size=4', { queueSize: 4 }],
    ['lock_granularity=full', { lockGranularity: 'full' }],
    ['lock_granularity=byte-range', { lockGranularity: 'byte-range' }],
    ['readonly=on,serial=12345678901234567890', { readOnly: true, serial: '12345678901234567890' }],
  ];
  for (const [text, expected] of good) {
    it(`${text} is read`, () => {
      expect(value(parse(`path=a,${text}`), 'parse')).to.deep.include(expected);
    });
  }

  const bad: readonly (readonly [string, string])[] = [
    ['image_type=iso', '--disk image_type=iso: expected raw, qcow2, vhd or vhdx'],
    ['image_type=vmdk', '--disk image_type=vmdk is not supported yet; convert the image with `qemu-img convert -O raw`'],
    ['queue_size=2', '--disk queue_size=2: expected a power of two from 4 to 1024'],
    ['queue_size=2048', '--disk queue_size=2048: expected a power of two from 4 to 1024'],
    ['num_queues=0', '--disk num_queues=0: expected a whole number from 1 to 4'],
    ['num_queues=5', '--disk num_queues=5: expected a whole number from 1 to 4'],
    ['direct=maybe', '--disk direct=maybe: expected on or off'],
    ['lock_granularity=some', '--disk lock_granularity=some: expected byte-range or full'],
    [
      'queue_affinity=0@1',
      '--disk queue_affinity=0@1: expected a list such as [a@b] where a is a whole number from 0 to 65535 and b is a list of whole numbers',
    ],
    ['queue_affinity=[0@[1-]]', '--disk queue_affinity=[0@[1-]]: expected a list such as [a@b]'],
    ['queue_affinity=[1@[0]]', '--disk queue_affinity=[1@[0]]: expected a queue below the 1 of num_queues'],
    ['num_queues=2,queue_affinity=[0@[1],0@[2]]', '--disk queue_affinity=[0@[2]]: expected each queue once'],
    ['queue_affinity=[0@[]]', '--disk queue_affinity=[0@[]]: expected at least one CPU for each queue, each from 0 to 8191'],
    ['queue_affinity=[0@[8192]]', '--disk queue_affinity=[0@[8192]]: expected at least one CPU for each queue, each from 0 to 8191'],
  ];
  for (const [text, line] of bad) {
    it(`${text} -> one line`, () => {
      const parsed = parse(`path=a,${text}`);
      expect(parsed.ok ? '' : renderConfigError(parsed.error)).to.satisfy((said: string) => said.startsWith(line), `not "${line}"`);
    });
  }
});
