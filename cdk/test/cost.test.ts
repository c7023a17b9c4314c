import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { OUTCOMES } from '../lib/metrics.ts';
import { CDK_FOLDER, resourceOf, resourcesOf, templatesOf, type Templates } from './app.ts';

const read = (path: string): string => readFileSync(join(CDK_FOLDER, '..', path), 'utf8');
const PAGE = read('docs/cost.md');

/** List prices of us-east-1, in dollars a month or for each unit, without free tiers. */
const PRICE = { key: 1, alarmMetric: 0.1, ownMetric: 0.3 };

/** What one run of reconcile takes while nobody uploads: the calls of crates/domain/src/flows/reconcile over crates/aws, in dollars. */
const RUN: Readonly<Record<string, number>> = {
  'Lambda, requests and about 0.5 s × 0.25 GB': 0.2e-6 + 0.5 * 0.25 * 0.0000133,
  'S3, list of the uploads': 0.005 / 1000,
  'S3, write of the bookmark': 0.005 / 1000,
  'S3, read of the bookmark': 0.0004 / 1000,
  // PENDING, REVIEW and ERASED, and the length of the review queue; half a unit for each that is not consistent.
  'DynamoDB, queries of the open work': 4 * 0.5 * 0.125e-6,
  'KMS, by S3 and DynamoDB': (2 * 0.03) / 10_000,
  'X-Ray': 5e-6,
  Scheduler: 1e-6,
  logs: (2 / 1_000_000) * 0.5,
};

/** The rows of the table under a heading, cell by cell. */
function rowsUnder(heading: string): string[][] {
  const chapter = PAGE.split(`\n${heading}\n`)[1]?.split('\n#')[0] ?? '';
  const rows = chapter.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| item') && !line.startsWith('| call'));
  return rows.map((row) => row.split('|').slice(1, -1).map((cell) => cell.trim().replaceAll('*', '')));
}

/** The cells of the one row that begins so. */
function row(heading: string, start: string): string[] {
  const found = rowsUnder(heading).filter(([name]) => name?.startsWith(start));
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} rows begin with ${start}`);
  return found[0];
}

describe('what idling costs', () => {
  let templates: Templates;
  beforeAll(() => {
    templates = templatesOf();
  });

  const keys = (): number => resourcesOf(templates.stateful, 'AWS::KMS::Key').length + resourcesOf(templates.stateless, 'AWS::KMS::Key').length;

  /** How many metrics each alarm reads. */
  const alarms = (): number[] =>
    resourcesOf(templates.stateless, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => {
      const queries = (Properties.Metrics ?? []) as { MetricStat?: object }[];
      return Math.max(1, queries.filter(({ MetricStat }) => MetricStat).length);
    });

  const alarmMetrics = (): number => alarms().reduce((sum, metrics) => sum + metrics, 0);

  /** Runs in a month of 30 days. */
  const runs = (): number => {
    const schedule = resourceOf(templates.stateless, 'AWS::Scheduler::Schedule', 'ReconcileClock').Properties.ScheduleExpression as string;
    return (30 * 24 * 60) / Number(/^rate\((\d+) minutes\)$/.exec(schedule)?.[1]);
  };

  const reconcile = (): number => runs() * Object.values(RUN).reduce((sum, price) => sum + price, 0);

  const total = (): string => (Math.round((keys() * PRICE.key + alarmMetrics() * PRICE.alarmMetric + reconcile()) * 10) / 10).toFixed(2);

  test('is what the templates come to, item by item', () => {
    expect(row('## At rest', 'the KMS key')[2]).toBe((keys() * PRICE.key).toFixed(2));
    expect(row('## At rest', 'alarms').slice(1)).toEqual([`${alarms().length} alarms over ${alarmMetrics()} metrics`, (alarmMetrics() * PRICE.alarmMetric).toFixed(2)]);
    expect(row('## At rest', 'reconcile').slice(1)).toEqual([`${runs().toLocaleString('en-US')} runs ([below](#a-run-of-reconcile))`, reconcile().toFixed(2)]);
    expect(rowsUnder('### A run of reconcile').map(([name, , , month]) => [name, month])).toEqual(
      Object.entries(RUN).map(([name, price]) => [name, (runs() * price).toFixed(3)]),
    );
  });

  test('is one figure on every page', () => {
    expect(row('## At rest', 'sum')[2]).toBe(`about ${total()}`);
    expect(read('README.md')).toContain(`about ${total()} dollars a month while nobody uploads`);
    for (const page of ['README.md', 'cdk/README.md', 'docs/architecture.md', 'docs/operations.md', 'docs/observability.md', 'docs/cost.md']) {
      const figures = [...read(page).matchAll(/\b(?:about )?(\w[\w.]*) dollars? a month while nobody/g)].map(([, figure]) => figure);
      for (const figure of figures) expect([page, figure]).toEqual([page, total()]);
    }
  });

  test('has nothing in it that is paid by the hour: no server, no reserved capacity, one dashboard', () => {
    const types = [...new Set([templates.stateful, templates.stateless].flatMap((template) => Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map(({ Type }) => Type)))];
    expect(types.filter((type) => /EC2|ECS|RDS|ElastiCache|OpenSearch|VPC|NAT|LoadBalanc/.test(type))).toEqual([]);
    expect(resourcesOf(templates.stateless, 'AWS::CloudWatch::Dashboard')).toHaveLength(1);
    for (const [, { Properties }] of resourcesOf(templates.stateful, 'AWS::DynamoDB::Table')) expect(Properties.BillingMode).toBe('PAY_PER_REQUEST');
    expect(JSON.stringify(templates.stateless.toJSON())).not.toContain('ProvisionedConcurrency');
  });

  test('of our own metrics is nothing, and at most so much where images come around the clock', () => {
    const table = [...read('crates/kit/src/metrics.rs').matchAll(/= "\w+", \w+, by (\w+);/g)].map(([, by]) => by);
    const most = table.filter((by) => by === 'Deployment').length + OUTCOMES.length * table.filter((by) => by === 'Outcome').length;
    expect(PAGE).toContain(`Our own metrics cost at most ${(most * PRICE.ownMetric).toFixed(2)} (${most} metrics of 0.30)`);
  });
});
