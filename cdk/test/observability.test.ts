import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { CDK_FOLDER, resourceOf, resourcesOf, settingsFile, templatesOf } from './app.ts';

interface Query {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: { readonly Metric: { readonly Namespace: string; readonly MetricName: string }; readonly Period: number; readonly Stat: string };
}

interface AlarmProperties {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly ComparisonOperator: string;
  readonly EvaluationPeriods: number;
  readonly Threshold: number;
  readonly TreatMissingData: string;
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Statistic?: string;
  readonly Dimensions?: object[];
  readonly Period?: number;
  readonly Metrics?: Query[];
}

let template: Template;
beforeAll(() => {
  template = templatesOf().stateless;
});

function alarms(): AlarmProperties[] {
  return resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties as unknown as AlarmProperties);
}

function alarm(name: string): AlarmProperties {
  const found = alarms().find(({ AlarmName }) => AlarmName === `sightline-${name}`);
  if (!found) throw new Error(`no alarm ${name}`);
  return found;
}

/** The metrics in an alarm's expression. */
function summed(name: string): string[] {
  return (alarm(name).Metrics ?? []).flatMap(({ MetricStat }) => (MetricStat ? [`${MetricStat.Metric.Namespace} ${MetricStat.Metric.MetricName}`] : []));
}

describe('alarms', () => {
  test.each([
    ['dead-letters', 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum', 0, 1, 1],
    ['orphans', 'sightline', 'Orphans', 'Sum', 0, 3, 72],
    ['not-reconciled', 'sightline', 'NotReconciled', 'Sum', 0, 1, 1],
    ['review-overdue', 'sightline', 'ReviewQueueAge', 'Maximum', 86_400, 1, 1],
    ['throttled-calls', 'sightline', 'Throttles', 'Sum', 0, 3, 3],
    ['throttled-functions', 'AWS/Lambda', 'Throttles', 'Sum', 0, 1, 1],
    ['trends-behind', 'AWS/Lambda', 'IteratorAge', 'Maximum', 3_600_000, 3, 3],
    ['trends-uncounted', 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum', 0, 1, 1],
  ])('%s is raised if %s %s is above its threshold', (name, namespace, metric, statistic, threshold, periods, within) => {
    expect(alarm(name)).toMatchObject({
      Namespace: namespace,
      MetricName: metric,
      Statistic: statistic,
      Period: 300,
      Threshold: threshold,
      ComparisonOperator: 'GreaterThanThreshold',
      DatapointsToAlarm: periods,
      EvaluationPeriods: within,
      TreatMissingData: 'notBreaching',
    });
  });

  test('error-rate is raised above 1 % of the ended executions, but not for one failure among a few', () => {
    expect(alarm('error-rate')).toMatchObject({ Threshold: 1, ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 1, TreatMissingData: 'notBreaching' });
    const expressions = (alarm('error-rate').Metrics ?? []).flatMap(({ Id, Expression }) => (Expression === undefined ? [] : [`${Id}: ${Expression}`]));
    expect(expressions).toEqual([
      'expr_1: IF(failures >= 2 OR (failures == 1 AND ended == 1), 100 * failures / ended, 0)',
      'failures: SUM([failed, timedOut])',
      'ended: SUM([failed, timedOut, succeeded])',
    ]);
    expect(summed('error-rate')).toEqual(['AWS/States ExecutionsFailed', 'AWS/States ExecutionsTimedOut', 'AWS/States ExecutionsSucceeded']);
  });

  test('reconcile-stopped is raised if reconcile was not invoked for 15 minutes, but not before its first invocation', () => {
    expect(alarm('reconcile-stopped')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Invocations',
      Period: 300,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      EvaluationPeriods: 3,
      // A new alarm starts as INSUFFICIENT_DATA. It notifies only about a change to that state, which can only come from OK.
      TreatMissingData: 'missing',
      InsufficientDataActions: [{ Ref: expect.stringMatching(/^TopicsOperations/) as unknown }],
    });
  });

  test('treat missing data as not breaching, except reconcile-stopped', () => {
    const others = alarms().filter(({ AlarmName }) => AlarmName !== 'sightline-reconcile-stopped');
    expect([...new Set(others.map(({ TreatMissingData }) => TreatMissingData))]).toEqual(['notBreaching']);
  });

  test('failed-functions is raised if functions outside of executions fail more than twice in 15 minutes', () => {
    expect(summed('failed-functions')).toEqual(Array(4).fill('AWS/Lambda Errors'));
    const periods = (alarm('failed-functions').Metrics ?? []).flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Period] : []));
    expect([alarm('failed-functions').Threshold, ...periods]).toEqual([2, 900, 900, 900, 900]);
  });

  test('throttled-functions covers every function, because none has reserved concurrency', () => {
    expect(alarm('throttled-functions').Dimensions ?? []).toEqual([]);
    const functions = resourcesOf(template, 'AWS::Lambda::Function');
    expect(functions.filter(([, { Properties }]) => 'ReservedConcurrentExecutions' in Properties)).toEqual([]);
  });

  test('notify when they are raised and when they are over, and their names begin with the deployment', () => {
    const operations = { Ref: expect.stringMatching(/^TopicsOperations/) as unknown };
    for (const [, { Properties }] of resourcesOf(template, 'AWS::CloudWatch::Alarm')) {
      expect(Properties).toMatchObject({ AlarmActions: [operations], OKActions: [operations], AlarmName: expect.stringMatching(/^sightline-[a-z-]+$/) as unknown });
      const { AlarmName, AlarmDescription } = Properties as unknown as AlarmProperties;
      expect(AlarmDescription).toMatch(new RegExp(`\\. What to do: docs/operations\\.md, Alarms, ${AlarmName.replace('sightline-', '')}\\.$`));
    }
    expect(alarms()).toHaveLength(11);
  });

  test('have the dimension of this deployment', () => {
    const dimensions = JSON.stringify(alarms().filter(({ Namespace }) => Namespace === 'sightline'));
    expect(dimensions.match(/"Dimensions":\[\{"Name":"Deployment","Value":"sightline"\}\]/g)).toHaveLength(4);
  });
});

describe('the dashboard', () => {
  test('shows throughput, latency, errors, open work, outcomes and cost', () => {
    const { Properties } = resourceOf(template, 'AWS::CloudWatch::Dashboard', 'Dashboard');
    expect(Properties.DashboardName).toEqual({ 'Fn::Join': ['', ['sightline-', { Ref: 'AWS::Region' }]] });
    const body = JSON.stringify(Properties.DashboardBody).replaceAll('\\', '');
    const titles = [...body.matchAll(/"title":"([^"]+)"/g)].map(([, title]) => title);
    expect(titles).toEqual([
      'Throughput: images per 5 minutes',
      'Latency: seconds from upload to record',
      'Failed executions, %',
      'Open reviews: age of the oldest in seconds, and count',
      'Messages in the dead-letter queue',
      'Repaired by reconcile',
      'Outcomes',
      'Cost of 1,000 images, USD',
      'Top labels',
      'Throttled calls to AWS',
    ]);
    for (const statistic of ['p50', 'p95', 'p99']) expect(body).toContain(`"stat":"${statistic}"`);
    expect(body).toContain('filter message = "label counted"n| stats count(*) as images by labeln| sort images descn| limit 10');
  });
});

describe('the budget', () => {
  const budgets = (context: object, settings: object): object[] =>
    resourcesOf(templatesOf({ ...context, settings: settingsFile(settings) }).stateless, 'AWS::Budgets::Budget').map(([, { Properties }]) => Properties);

  test('notifies at 80 % forecast and 100 % spent', () => {
    const subscribers = [{ SubscriptionType: 'SNS', Address: { Ref: expect.stringMatching(/^TopicsOperations/) as unknown } }];
    const notification = { ComparisonOperator: 'GREATER_THAN', ThresholdType: 'PERCENTAGE' };
    expect(budgets({}, { monthlyBudgetUsd: 25 })).toEqual([
      {
        Budget: { BudgetType: 'COST', TimeUnit: 'MONTHLY', BudgetLimit: { Amount: 25, Unit: 'USD' } },
        NotificationsWithSubscribers: [
          { Notification: { ...notification, NotificationType: 'FORECASTED', Threshold: 80 }, Subscribers: subscribers },
          { Notification: { ...notification, NotificationType: 'ACTUAL', Threshold: 100 }, Subscribers: subscribers },
        ],
      },
    ]);
  });

  test('exists only if the setting is not 0 and usage is billed', () => {
    expect(budgets({}, {})).toEqual([]);
    expect(budgets({ environment: 'local' }, { monthlyBudgetUsd: 25 })).toEqual([]);
  });
});

const TABLE = readFileSync(join(CDK_FOLDER, '../crates/kit/src/metrics.rs'), 'utf8');

/** The dimensions of each metric that the functions send, if it has one set of dimensions. */
const SENT = new Map(
  [...TABLE.matchAll(/= "(\w+)", \w+, by (Deployment|Outcome);/g)].map(([, name, by]): [string, string] => [name ?? '', by === 'Outcome' ? 'Deployment,Outcome' : 'Deployment']),
);

/** Our own metrics that alarms and the dashboard use: name and dimensions. */
function usedMetrics(): [string, string][] {
  const { stateless } = templatesOf();
  const alarms = resourcesOf(stateless, 'AWS::CloudWatch::Alarm')
    .map(([, { Properties }]) => Properties as { Namespace?: string; MetricName?: string; Dimensions?: { Name: string }[] })
    .filter(({ Namespace }) => Namespace === 'sightline')
    .map(({ MetricName, Dimensions }): [string, string] => [MetricName ?? '', (Dimensions ?? []).map(({ Name }) => Name).join()]);
  const body = JSON.stringify(resourceOf(stateless, 'AWS::CloudWatch::Dashboard', 'Dashboard').Properties).replaceAll('\\', '');
  const shown = [...body.matchAll(/\["sightline","(\w+)","(\w+)","sightline"(?:,"(\w+)","\w+")?/g)].map(([, name, ...dimensions]): [string, string] => [
    name ?? '',
    // A group that did not match is undefined, although its type says otherwise.
    dimensions.filter(Boolean).join(),
  ]);
  return [...alarms, ...shown];
}

describe('the metrics of alarms and dashboard', () => {
  test('are sent by the functions with the same dimensions', () => {
    const metrics = usedMetrics();
    expect(metrics).toHaveLength(4 + 4 + 3 + 2 + 4 + 4 + 1 + 1);
    for (const [name, dimensions] of metrics) expect([name, dimensions]).toEqual([name, SENT.get(name)]);
  });
});
