import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { resourceOf, resourcesOf, settingsFile, templatesOf } from './app.ts';

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

/** The metrics that an alarm's expression adds up. */
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
  ])('%s rings where %s %s is above', (name, namespace, metric, statistic, threshold, periods, within) => {
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

  test('error-rate rings above 1 % of the executions that ended, but not for one failure among a few', () => {
    expect(alarm('error-rate')).toMatchObject({ Threshold: 1, ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 1, TreatMissingData: 'notBreaching' });
    const expressions = (alarm('error-rate').Metrics ?? []).flatMap(({ Id, Expression }) => (Expression === undefined ? [] : [`${Id}: ${Expression}`]));
    expect(expressions).toEqual([
      'expr_1: IF(failures >= 2 OR (failures == 1 AND ended == 1), 100 * failures / ended, 0)',
      'failures: SUM([failed, timedOut])',
      'ended: SUM([failed, timedOut, succeeded])',
    ]);
    expect(summed('error-rate')).toEqual(['AWS/States ExecutionsFailed', 'AWS/States ExecutionsTimedOut', 'AWS/States ExecutionsSucceeded']);
  });

  test('reconcile-stopped rings where reconcile is not called any more for 15 minutes, and not before its first call', () => {
    expect(alarm('reconcile-stopped')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Invocations',
      Period: 300,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      EvaluationPeriods: 3,
      // A metric that never had a value and one that has none any more are told apart by the state alone: an alarm begins as
      // INSUFFICIENT_DATA, and reports a change to it, which comes from OK only.
      TreatMissingData: 'missing',
      InsufficientDataActions: [{ Ref: expect.stringMatching(/^TopicsOperations/) as unknown }],
    });
  });

  test('treat what was never measured as good, all but reconcile-stopped', () => {
    const others = alarms().filter(({ AlarmName }) => AlarmName !== 'sightline-reconcile-stopped');
    expect([...new Set(others.map(({ TreatMissingData }) => TreatMissingData))]).toEqual(['notBreaching']);
  });

  test('failed-functions rings where functions fail more often than their next call mends', () => {
    expect(summed('failed-functions')).toEqual(Array(4).fill('AWS/Lambda Errors'));
    const periods = (alarm('failed-functions').Metrics ?? []).flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Period] : []));
    expect([alarm('failed-functions').Threshold, ...periods]).toEqual([2, 900, 900, 900, 900]);
  });

  test('throttled-functions watches every function: none has a concurrency of its own, which its metric would not speak of', () => {
    expect(alarm('throttled-functions').Dimensions ?? []).toEqual([]);
    const functions = resourcesOf(template, 'AWS::Lambda::Function');
    expect(functions.filter(([, { Properties }]) => 'ReservedConcurrentExecutions' in Properties)).toEqual([]);
  });

  test('are told of when they begin and when they are over, under a name that begins with the deployment', () => {
    const operations = { Ref: expect.stringMatching(/^TopicsOperations/) as unknown };
    for (const [, { Properties }] of resourcesOf(template, 'AWS::CloudWatch::Alarm')) {
      expect(Properties).toMatchObject({ AlarmActions: [operations], OKActions: [operations], AlarmName: expect.stringMatching(/^sightline-[a-z-]+$/) as unknown });
      const { AlarmName, AlarmDescription } = Properties as unknown as AlarmProperties;
      expect(AlarmDescription).toMatch(new RegExp(`\\. What to do: docs/operations\\.md, Alarms, ${AlarmName.replace('sightline-', '')}\\.$`));
    }
    expect(alarms()).toHaveLength(11);
  });

  test('are about this deployment', () => {
    const dimensions = JSON.stringify(alarms().filter(({ Namespace }) => Namespace === 'sightline'));
    expect(dimensions.match(/"Dimensions":\[\{"Name":"Deployment","Value":"sightline"\}\]/g)).toHaveLength(4);
  });
});

describe('the dashboard', () => {
  test('shows what comes through, what waits, what is lost, and what it costs', () => {
    const { Properties } = resourceOf(template, 'AWS::CloudWatch::Dashboard', 'Dashboard');
    expect(Properties.DashboardName).toBe('sightline');
    const body = JSON.stringify(Properties.DashboardBody).replaceAll('\\', '');
    const titles = [...body.matchAll(/"title":"([^"]+)"/g)].map(([, title]) => title);
    expect(titles).toEqual([
      'Throughput: images in 5 minutes',
      'Latency: seconds from the upload to the record',
      'Error rate of executions, %',
      'Reviews: oldest, in seconds',
      'Dead letters',
      'Put right by reconcile',
      'Outcomes',
      'Cost of 1,000 images, USD',
      'Top labels',
      'Calls of AWS: answered by throttling',
    ]);
    for (const statistic of ['p50', 'p95', 'p99']) expect(body).toContain(`"stat":"${statistic}"`);
    expect(body).toContain('filter message = "label counted"n| stats count(*) as images by labeln| sort images descn| limit 10');
  });
});

describe('the budget', () => {
  const budgets = (context: object, settings: object): object[] =>
    resourcesOf(templatesOf({ ...context, settings: settingsFile(settings) }).stateless, 'AWS::Budgets::Budget').map(([, { Properties }]) => Properties);

  test('tells of 80 % expected and of 100 % spent', () => {
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

  test('is there only where one is set, and where there is a bill', () => {
    expect(budgets({}, {})).toEqual([]);
    expect(budgets({ environment: 'local' }, { monthlyBudgetUsd: 25 })).toEqual([]);
  });
});
