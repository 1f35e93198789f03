import { expect } from 'chai';
import { PROBE_BYTES, foreignFormatProblem, probe } from './probe.ts';

function head(at: number, text: string): Uint8Array {
  const bytes = Buffer.alloc(PROBE_BYTES);
  bytes.write(text, at, 'latin1');
  return bytes;
}

describe('probe', () => {
  const rows: readonly (readonly [string, Uint8Array, string | undefined])[] = [
    ['zeros', head(0, ''), undefined],
    ['nothing at all', new Uint8Array(0), undefined],
    ['a partition table', head(510, '\x55\xaa'), undefined],
    ['qcow2', head(0, 'QFI\xfb\0\0\0\x03'), 'qcow2'],
    ['the first 4 bytes alone', Buffer.from('QFI\xfb', 'latin1'), 'qcow2'],
    ['one byte less', Buffer.from('QFI', 'latin1'), undefined],
    ['qcow2 at a later place', head(1, 'QFI\xfb'), undefined],
    ['VHDX', head(0, 'vhdxfile'), 'VHDX'],
    ['the footer that begins a dynamic VHD', head(0, 'conectix'), 'dynamic VHD'],
    ['VMDK, sparse', head(0, 'KDMV'), 'VMDK'],
    ['VMDK, of ESX', head(0, 'COWD'), 'VMDK'],
    ['VMDK, descriptor', head(0, '# Disk DescriptorFile\nversion=1\n'), 'VMDK'],
    ['VDI', head(0x40, '\x7f\x10\xda\xbe'), 'VDI'],
    ['QED', head(0, 'QED\0'), 'QED'],
    ['LUKS', head(0, 'LUKS\xba\xbe\0\x02'), 'LUKS'],
    ['Parallels', head(0, 'WithoutFreeSpace'), 'Parallels'],
    ['Parallels, extended', head(0, 'WithouFreSpacExt'), 'Parallels'],
    ['Bochs', head(0, 'Bochs Virtual HD Image'), 'Bochs'],
    ['cloop', head(0, '#!/bin/sh\n#V2.0 Format\n'), 'cloop'],
    ['a shell script', head(0, '#!/bin/sh\necho'), undefined],
  ];
  for (const [name, bytes, format] of rows) it(`${name} -> ${format}`, () => expect(probe(bytes)?.name).to.equal(format));

  it('what we open -> both options are named', () => {
    expect(foreignFormatProblem({ name: 'qcow2', imageType: 'qcow2' }, ['raw', 'qcow2'])).to.equal(
      'begins as a qcow2 image does: add image_type=qcow2, or image_type=raw to serve its bytes as they are',
    );
  });

  it('what we do not serve -> how to convert it', () => {
    expect(foreignFormatProblem({ name: 'qcow2', imageType: 'qcow2' }, ['raw'])).to.match(/not supported yet: convert it/);
  });

  it('what we do not open -> how to convert it', () => {
    expect(foreignFormatProblem({ name: 'VDI', imageType: undefined }, ['raw'])).to.match(
      /not supported yet: convert it .* or add image_type=raw/,
    );
  });
});
