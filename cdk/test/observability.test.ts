import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { resourceOf, resourcesOf, settingsFile, templatesOf } from './app.ts';

interface Query {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: { readonly Metric: { readonly Namespace: string; readonly MetricName: string }; readonly Stat: string };
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
    ['dead-letters', 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum', 0, 1],
    ['orphans', 'sightline', 'Orphans', 'Sum', 0, 1],
    ['not-reconciled', 'sightline', 'NotReconciled', 'Sum', 0, 1],
    ['review-overdue', 'sightline', 'ReviewQueueAge', 'Maximum', 86_400, 1],
    ['throttled-calls', 'sightline', 'Throttles', 'Sum', 0, 3],
    ['trends-behind', 'AWS/Lambda', 'IteratorAge', 'Maximum', 3_600_000, 1],
    ['trends-uncounted', 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum', 0, 1],
  ])('%s rings where %s %s is above', (name, namespace, metric, statistic, threshold, periods) => {
    expect(alarm(name)).toMatchObject({
      Namespace: namespace,
      MetricName: metric,
      Statistic: statistic,
      Period: 300,
      Threshold: threshold,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: periods,
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

  test('reconcile-stopped rings where nothing calls reconcile for 15 minutes', () => {
    expect(alarm('reconcile-stopped')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Invocations',
      Period: 300,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      EvaluationPeriods: 3,
      TreatMissingData: 'breaching',
    });
  });

  test('throttled-functions and failed-functions watch as many functions as an alarm can', () => {
    expect(summed('throttled-functions')).toEqual(Array(10).fill('AWS/Lambda Throttles'));
    expect(summed('failed-functions')).toEqual(Array(4).fill('AWS/Lambda Errors'));
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
      'Calls of AWS: answered by throttling, tried again',
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
