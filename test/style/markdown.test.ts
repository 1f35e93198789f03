import { expect } from 'chai';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { files, root, text } from './tree.ts';

const documents = files.filter((path) => path.endsWith('.md'));

/** The anchors that GitHub makes of a document's headings. */
function anchors(path: string): readonly string[] {
  const headings = [...text(path).matchAll(/^#+ (.*)$/gm)].map((match) => match[1] ?? '');
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Why a link of a document leads nowhere; undefined where it leads somewhere, or out of the project. */
function linkFault(document: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : normalize(join(dirname(document), path));
  if (!existsSync(join(root, target))) return `${document}: ${link} does not exist`;
  if (anchor === undefined || statSync(join(root, target)).isDirectory()) return undefined;
  return anchors(target).includes(anchor) ? undefined : `${document}: ${target} has no heading for #${anchor}`;
}

describe('markdown', () => {
  it('there are the documents that a newcomer looks for', () => {
    expect(documents).to.include.members(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md']);
  });

  it('every link resolves', () => {
    const faults = documents.flatMap((document) => {
      const prose = text(document).replaceAll(/^```[\s\S]*?^```/gm, '');
      return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => linkFault(document, match[1] ?? ''));
    });
    expect(faults.filter((fault) => fault !== undefined)).to.deep.equal([]);
  });

  it('every file that a document names in backticks by its path exists', () => {
    const faults = documents.flatMap((document) =>
      [...text(document).matchAll(/`((?:shared|vmm-core|devices|services|test|tools|bin|proto)\/[\w./-]+\.(?:ts|sh|md|proto|json))`/g)]
        .map((match) => match[1] ?? '')
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => `${document}: ${path}`),
    );
    expect(faults).to.deep.equal([]);
  });

  it('a link to nowhere is found', () => {
    expect(linkFault('README.md', 'no-such-file.md')).to.include('does not exist');
    expect(linkFault('README.md', '#no-such-heading')).to.include('no heading');
    expect(linkFault('README.md', 'https://example.org')).to.equal(undefined);
  });
});
