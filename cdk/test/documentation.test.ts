import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { FUNCTION_NAMES } from '../lib/function-names.ts';
import { OUTCOMES } from '../lib/metrics.ts';
import { CDK_FOLDER, resourceOf, resourcesOf, settingsFile, templatesOf, type Templates } from './app.ts';

/** A file of the repository. */
const read = (path: string): string => readFileSync(join(CDK_FOLDER, '..', path), 'utf8');

const WORDS = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'.split(' ');

const inFolder = (folder: string): string[] => readdirSync(join(CDK_FOLDER, '..', folder)).filter((file) => file.endsWith('.md')).map((file) => `${folder}/${file}`);

const PAGES = [
  ...['README.md', 'cdk/README.md', 'cli/README.md', 'events/README.md', 'statemachine/README.md', 'tests/README.md'],
  ...inFolder('docs'),
  ...inFolder('docs/decisions'),
];

/** All matching lines of the pages, each with its page. */
function lines(pattern: RegExp): [string, string][] {
  return PAGES.flatMap((page) => read(page).split('\n').filter((line) => pattern.test(line)).map((line): [string, string] => [page, line]));
}

describe('the pages', () => {
  test('state the same number of functions', () => {
    const number = new RegExp(`\\b(${WORDS.join('|')}|\\d+)((?: small)?(?: Rust)? Lambdas|(?: small)? Rust functions)\\b`, 'gi');
    const counts = lines(number).flatMap(([page, line]) => [...line.matchAll(number)].map(([, count]) => [page, count?.toLowerCase()]));
    expect(counts.map(([page]) => page)).toEqual(['README.md', 'docs/architecture.md']);
    for (const count of counts) expect(count[1]).toBe(WORDS[FUNCTION_NAMES.length - 1]);
    // No page counts a part of the functions, so that there is only one number to maintain.
    expect(lines(new RegExp(`\\b(${WORDS.slice(1).join('|')}) functions\\b`, 'i'))).toEqual([]);
  });

  test('say that a redrive runs the functions of its execution, because the definition names versions', () => {
    const versions = resourcesOf(templatesOf().stateless, 'AWS::StepFunctions::StateMachine').flatMap(([, { Properties }]) =>
      Object.values(Properties.DefinitionSubstitutions as Record<string, { Ref: string }>).map(({ Ref }) => Ref),
    );
    for (const version of versions) expect(version).toMatch(/CurrentVersion/);
    expect(lines(/redrive\b[^.|]*\bruns? (the )?(new|present|latest)\b/i)).toEqual([]);
    const told = lines(/a redrive runs the old functions|A redrive uses the input, the definition and the functions of the execution's own start|a redrive stay on the release of their start/);
    expect(told.map(([page]) => page)).toEqual(['statemachine/README.md', 'docs/operations.md', 'docs/decisions/0014-an-execution-stays-on-its-release.md']);
  });

  test('link to the decision on calls that can be paid twice wherever they say that nothing is paid twice', () => {
    const generated = 'docs/reliability.md';
    const claims = lines(/\b(no|nothing|never|not)\b.*\b(paid|pays?)\b.*\b(twice|again)\b|\b(paid|pays?)\b.*\b(nothing|no)\b.*\b(twice|again)\b|pays? twice/i).filter(([page]) => page !== generated);
    const decision = 'docs/decisions/0002-look-for-a-stored-answer.md';
    const bare = claims.filter(([page, line]) => page !== decision && !/0002-look-for-a-stored-answer|stored answer|`results\/`/.test(line));
    expect(bare).toEqual([]);
    expect(lines(/^\*\*What can be paid twice\.\*\*/).map(([page]) => page)).toEqual([decision]);
    for (const page of ['README.md', 'docs/architecture.md', 'docs/operations.md']) {
      expect(claims.filter(([where, line]) => where === page && line.includes('0002-look-for-a-stored-answer'))).not.toEqual([]);
    }
  });
});

const SECTION = /\n## Alarms\n(.*?)\n## /s.exec(read('docs/operations.md'))?.[1] ?? '';

/** The chapters of the runbook, by alarm. */
const RUNBOOK = new Map(
  SECTION.split('\n### ')
    .slice(1)
    .map((chapter): [string, string] => [chapter.split('\n', 1)[0] ?? '', chapter]),
);

describe('the runbook', () => {
  test('has one chapter for each alarm, and no others', () => {
    const { stateless, web } = templatesOf({ settings: settingsFile({ monthlyBudgetUsd: 1 }) });
    const alarms = [stateless, web].flatMap((template) => resourcesOf(template, 'AWS::CloudWatch::Alarm')).map(([, { Properties }]) => String(Properties.AlarmName).replace(/^sightline-/, ''));
    const budgets = resourcesOf(stateless, 'AWS::Budgets::Budget').map(() => 'spend');
    expect([...RUNBOOK.keys()].sort()).toEqual([...alarms, ...budgets].sort());
  });

  test.each([...RUNBOOK])('says what %s means, where to look and what to do', (_, chapter) => {
    for (const part of ['Means', 'Look', 'Do']) expect(chapter).toMatch(new RegExp(`\n- \\*\\*${part}:\\*\\* \\S`));
  });
});

const COST = read('docs/cost.md');

/** List prices of us-east-1 in dollars a month, without free tiers. */
const PRICE = { key: 1, secret: 0.4, alarmMetric: 0.1, ownMetric: 0.3 };

/** Cost in dollars of one run of reconcile while nobody uploads: the calls of crates/domain/src/flows/reconcile, by crates/aws. */
const RECONCILE_RUN: Readonly<Record<string, number>> = {
  'Lambda, requests and about 0.5 s × 0.25 GB': 0.2e-6 + 0.5 * 0.25 * 0.0000133,
  'S3, list of the uploads': 0.005 / 1000,
  'S3, write of the bookmark': 0.005 / 1000,
  'S3, read of the bookmark': 0.0004 / 1000,
  // Queries for PENDING, REVIEW and ERASED, and for the length of the review queue; each is eventually consistent and costs half a unit.
  'DynamoDB, queries of the open work': 4 * 0.5 * 0.125e-6,
  'KMS, by S3 and DynamoDB': (2 * 0.03) / 10_000,
  'X-Ray': 5e-6,
  Scheduler: 1e-6,
  logs: (2 / 1_000_000) * 0.5,
};

/** The rows of the table under a heading, cell by cell. */
function rowsUnder(heading: string): string[][] {
  const chapter = COST.split(`\n${heading}\n`)[1]?.split('\n#')[0] ?? '';
  const rows = chapter.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| item') && !line.startsWith('| call'));
  return rows.map((row) => row.split('|').slice(1, -1).map((cell) => cell.trim().replaceAll('*', '')));
}

/** The cells of the one row under a heading that begins with a text. */
function row(heading: string, start: string): string[] {
  const found = rowsUnder(heading).filter(([name]) => name?.startsWith(start));
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} rows begin with ${start}`);
  return found[0];
}

describe('the cost of an idle deployment', () => {
  let templates: Templates;
  beforeAll(() => {
    templates = templatesOf();
  });

  const keys = (): number => resourcesOf(templates.stateful, 'AWS::KMS::Key').length + resourcesOf(templates.stateless, 'AWS::KMS::Key').length;

  /** The number of metrics of each alarm. */
  const alarms = (): number[] =>
    [templates.stateless, templates.web].flatMap((template) => resourcesOf(template, 'AWS::CloudWatch::Alarm')).map(([, { Properties }]) => {
      const queries = (Properties.Metrics ?? []) as { MetricStat?: object }[];
      return Math.max(1, queries.filter(({ MetricStat }) => MetricStat).length);
    });

  const alarmMetrics = (): number => alarms().reduce((sum, metrics) => sum + metrics, 0);

  /** The number of runs in a month of 30 days. */
  const runs = (): number => {
    const schedule = resourceOf(templates.stateless, 'AWS::Scheduler::Schedule', 'ReconcileClock').Properties.ScheduleExpression as string;
    return (30 * 24 * 60) / Number(/^rate\((\d+) minutes\)$/.exec(schedule)?.[1]);
  };

  const reconcile = (): number => runs() * Object.values(RECONCILE_RUN).reduce((sum, price) => sum + price, 0);

  const secrets = (): number => resourcesOf(templates.stateful, 'AWS::SecretsManager::Secret').length;

  const total = (): string => (Math.round((keys() * PRICE.key + secrets() * PRICE.secret + alarmMetrics() * PRICE.alarmMetric + reconcile()) * 10) / 10).toFixed(2);

  test('follows from the templates, item by item', () => {
    expect(row('## At rest', 'the KMS key')[2]).toBe((keys() * PRICE.key).toFixed(2));
    expect(row('## At rest', 'the secret')[2]).toBe((secrets() * PRICE.secret).toFixed(2));
    expect(row('## At rest', 'alarms').slice(1)).toEqual([`${alarms().length} alarms over ${alarmMetrics()} metrics`, (alarmMetrics() * PRICE.alarmMetric).toFixed(2)]);
    expect(row('## At rest', 'reconcile').slice(1)).toEqual([`${runs().toLocaleString('en-US')} runs ([below](#a-run-of-reconcile))`, reconcile().toFixed(2)]);
    expect(rowsUnder('### A run of reconcile').map(([name, , , month]) => [name, month])).toEqual(
      Object.entries(RECONCILE_RUN).map(([name, price]) => [name, (runs() * price).toFixed(3)]),
    );
  });

  test('is the same figure on every page', () => {
    expect(row('## At rest', 'sum')[2]).toBe(`about ${total()}`);
    expect(read('README.md')).toContain(`about ${total()} dollars a month while nobody uploads`);
    for (const page of ['README.md', 'cdk/README.md', 'docs/architecture.md', 'docs/operations.md', 'docs/observability.md', 'docs/cost.md']) {
      const figures = [...read(page).matchAll(/\b(?:about )?(\w[\w.]*) dollars? a month while nobody/g)].map(([, figure]) => figure);
      for (const figure of figures) expect([page, figure]).toEqual([page, total()]);
    }
  });

  test('contains nothing that is paid by the hour: no server, no reserved capacity, one dashboard', () => {
    const types = [...new Set([templates.stateful, templates.stateless, templates.web].flatMap((template) => Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map(({ Type }) => Type)))];
    expect(types.filter((type) => /EC2|ECS|RDS|ElastiCache|OpenSearch|VPC|NAT|LoadBalanc/.test(type))).toEqual([]);
    expect(resourcesOf(templates.stateless, 'AWS::CloudWatch::Dashboard')).toHaveLength(1);
    for (const [, { Properties }] of resourcesOf(templates.stateful, 'AWS::DynamoDB::Table')) expect(Properties.BillingMode).toBe('PAY_PER_REQUEST');
    expect(JSON.stringify(templates.stateless.toJSON())).not.toContain('ProvisionedConcurrency');
  });

  test('includes no metrics of our own, whose largest cost the page states', () => {
    const table = [...read('crates/kit/src/metrics.rs').matchAll(/= "\w+", \w+, by (\w+);/g)].map(([, by]) => by);
    const most = table.filter((by) => by === 'Deployment').length + OUTCOMES.length * table.filter((by) => by === 'Outcome').length;
    expect(COST).toContain(`Our own metrics cost at most ${(most * PRICE.ownMetric).toFixed(2)} (${most} metrics of 0.30)`);
  });
});
