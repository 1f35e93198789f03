import { once } from 'node:events';
import { Duplex, duplexPair } from 'node:stream';
import { expect } from 'chai';
import { Port } from './port.ts';

const ID = '00112233445566778899aabbccddeeff';

interface Attended {
  readonly agent: Duplex;
  readonly output: string[];
  readonly status: Promise<number>;
}

function attend(): Attended {
  const [ours, agent] = duplexPair();
  const output: string[] = [];
  const status = new Port(ours).attend(ID, true, (chunk) => output.push(chunk.toString()));
  return { agent, output, status };
}

describe('Port', () => {
  it('announces the command to the agent', async () => {
    const { agent } = attend();
    const [said] = await once(agent, 'data');
    expect(String(said)).to.equal(`${ID}\n`);
  });

  it('output and mark in one chunk -> output without the mark, status', async () => {
    const { agent, output, status } = attend();
    agent.write(`hello\n${ID} 3\n`);
    expect(await status).to.equal(3);
    expect(output.join('')).to.equal('hello\n');
  });

  it('the mark byte by byte, after a false beginning of it -> nothing lost, nothing added', async () => {
    const { agent, output, status } = attend();
    for (const byte of `prompt 0011${ID} 137\n`) agent.write(byte);
    expect(await status).to.equal(137);
    expect(output.join('')).to.equal('prompt 0011');
  });

  it('a prompt without an end of line comes at once', async () => {
    const { agent, output } = attend();
    agent.write('login: ');
    await once(agent, 'data');
    expect(output.join('')).to.equal('login: ');
  });
});
