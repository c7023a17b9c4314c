import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FUNCTION_NAMES } from '../lib/function-names.ts';
import { CDK_FOLDER, resourcesOf, templatesOf } from './app.ts';

const ROOT = join(CDK_FOLDER, '..');
const WORDS = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'.split(' ');

const inFolder = (folder: string): string[] => readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.md')).map((file) => `${folder}/${file}`);

const PAGES = [
  ...['README.md', 'cdk/README.md', 'cli/README.md', 'events/README.md', 'statemachine/README.md', 'tests/README.md'],
  ...inFolder('docs'),
  ...inFolder('docs/decisions'),
];

/** All lines of the pages that match, each with its page. */
function lines(pattern: RegExp): [string, string][] {
  return PAGES.flatMap((page) => readFileSync(join(ROOT, page), 'utf8').split('\n').filter((line) => pattern.test(line)).map((line): [string, string] => [page, line]));
}

describe('the pages', () => {
  test('count the functions alike', () => {
    const number = new RegExp(`\\b(${WORDS.join('|')}|\\d+)((?: small)?(?: Rust)? Lambdas|(?: small)? Rust functions)\\b`, 'gi');
    const counts = lines(number).flatMap(([page, line]) => [...line.matchAll(number)].map(([, count]) => [page, count?.toLowerCase()]));
    expect(counts.map(([page]) => page)).toEqual(['README.md', 'docs/architecture.md']);
    for (const count of counts) expect(count[1]).toBe(WORDS[FUNCTION_NAMES.length - 1]);
    // Of a part of them, no number: it would be one more to keep.
    expect(lines(new RegExp(`\\b(${WORDS.slice(1).join('|')}) functions\\b`, 'i'))).toEqual([]);
  });

  test('say that a redrive runs the functions of its execution, which the definition names by their versions', () => {
    const versions = resourcesOf(templatesOf().stateless, 'AWS::StepFunctions::StateMachine').flatMap(([, { Properties }]) =>
      Object.values(Properties.DefinitionSubstitutions as Record<string, { Ref: string }>).map(({ Ref }) => Ref),
    );
    for (const version of versions) expect(version).toMatch(/CurrentVersion/);
    expect(lines(/redrive\b[^.|]*\bruns? (the )?(new|present|latest)\b/i)).toEqual([]);
    const told = lines(/a redrive runs the old functions|A redrive uses the input, the definition and the functions of the execution's own start|a redrive stay on the release of their start/);
    expect(told.map(([page]) => page)).toEqual(['statemachine/README.md', 'docs/operations.md', 'docs/decisions/0014-an-execution-stays-on-its-release.md']);
  });

  test('claim of no call that it is never paid for twice without the decision that names those that can be', () => {
    const generated = 'docs/reliability.md';
    const claims = lines(/\b(no|nothing|never|not)\b.*\b(paid|pays?)\b.*\b(twice|again)\b|\b(paid|pays?)\b.*\b(nothing|no)\b.*\b(twice|again)\b|pays? twice/i).filter(([page]) => page !== generated);
    const decision = 'docs/decisions/0002-always-read-results-first.md';
    const bare = claims.filter(([page, line]) => page !== decision && !/0002-always-read-results-first|stored answer|`results\/`/.test(line));
    expect(bare).toEqual([]);
    expect(lines(/^\*\*What can be paid twice\.\*\*/).map(([page]) => page)).toEqual([decision]);
    for (const page of ['README.md', 'docs/architecture.md', 'docs/operations.md']) {
      expect(claims.filter(([where, line]) => where === page && line.includes('0002-always-read-results-first'))).not.toEqual([]);
    }
  });
});
